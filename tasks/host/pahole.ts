/** pahole (package dwarves): BTF out of DWARF. */
import { rm } from 'node:fs/promises'
import { toolVersion } from './tool-version.ts'
import { labError } from '../engine/error.ts'
import { run } from './sh.ts'

/** Detached BTF came with 1.22; "v1.24" -> 124. */
const LEAST = 122

/**
 * pahole's own word for its version. @throws a lab failure when it is missing or cannot write BTF to a file of its own
 */
export async function paholeVersion(cache: string, signal: AbortSignal): Promise<string> {
  const said = await toolVersion('pahole', cache, signal)
  const [, major = 0, minor = 0] = /v?(\d+)\.(\d+)/.exec(said) ?? []
  if (Number(major) * 100 + Number(minor) >= LEAST) return said
  throw labError({
    place: 'host',
    fact: `pahole ${said} cannot write BTF to a file of its own`,
    wayOut: 'install dwarves 1.22 or newer (Debian 12, Ubuntu 22.04 with updates)',
  })
}

/** Writes the BTF of an object with DWARF (vmlinux, or any other) to a file. */
export async function encodeBtf(object: string, btf: string, place: string, signal: AbortSignal): Promise<void> {
  // It adds to a file that is there.
  await rm(btf, { force: true })
  await run(['pahole', `--btf_encode_detached=${btf}`, object], { signal, place })
}
