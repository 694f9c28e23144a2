/** bpftool: C headers out of BPF objects. Debian keeps it in /usr/sbin, which is not on every user's PATH. */
import { existsSync } from 'node:fs'
import { run } from './sh.ts'

const PLACES = ['/usr/sbin/bpftool', '/usr/local/sbin/bpftool']

const program = (): string => PLACES.find((place) => existsSync(place)) ?? 'bpftool'

/** As it says itself, for inputs. */
export async function bpftoolVersion(signal: AbortSignal): Promise<string> {
  const { stdout } = await run([program(), 'version'], { signal, place: 'host' })
  return stdout.trim()
}

/** The skeleton of an object: what `#include "NAME.skel.h"` wants. */
export async function skeletonOf(object: string, name: string, place: string, signal: AbortSignal): Promise<string> {
  // Struct and functions have this name: a C identifier.
  const argv = [program(), 'gen', 'skeleton', object, 'name', name.replaceAll(/\W/g, '_')]
  const { stdout } = await run(argv, { signal, place })
  return stdout
}
