/**
 * libbpf's headers for BPF programs (bpf_helpers.h and its like), of the host's libbpf-dev, in a directory of their
 * own: with the whole of /usr/include among a probe's include directories, a header that the kernel lacks would be
 * taken from the host in silence.
 */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { labError } from '../../engine/error.ts'
import { fingerprintOf, hashFile, type Inputs } from '../../engine/fingerprint.ts'

const INSTALLED = '/usr/include/bpf'

/**
 * The hash of each header by its name: an input of everything that is compiled with them. @throws a lab failure without
 * libbpf 1.0 or newer
 */
export async function libbpfHashes(): Promise<Record<string, string>> {
  if (!existsSync(join(INSTALLED, 'libbpf_version.h')))
    throw labError({
      place: 'host',
      fact: 'libbpf 1.0 or newer is not installed',
      wayOut: 'install libbpf-dev; `lab doctor --fix` does it',
    })
  const names = (await readdir(INSTALLED)).filter((name) => name.endsWith('.h')).toSorted()
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await hashFile(join(INSTALLED, name))] as const)),
  )
}

/** The header behind `linux/errno.h`, for probes that have the types of a kernel but no headers. */
export const errnoHeader = ({ toolRoot }: Pick<Context, 'toolRoot'>): string => join(toolRoot, 'bpf/libbpf/errno.h')

/**
 * An include directory that has `bpf/` and `linux/errno.h`. It is searched last, so that a kernel's own errno.h comes
 * first.
 */
export async function libbpfInclude(context: Context): Promise<string> {
  const errno = errnoHeader(context)
  const inputs: Inputs = { format: 2, headers: await libbpfHashes(), errno: await hashFile(errno) }
  const fingerprint = fingerprintOf(inputs)
  const stored =
    (await context.store.get('libbpf', fingerprint)) ??
    (await context.store.put('libbpf', fingerprint, inputs, async (to) => {
      await mkdir(join(to, 'bpf'))
      await mkdir(join(to, 'linux'))
      await copyFile(errno, join(to, 'linux/errno.h'))
      for (const name of Object.keys(inputs['headers'] as Record<string, string>))
        await copyFile(join(INSTALLED, name), join(to, 'bpf', name))
    }))
  return stored.dir
}
