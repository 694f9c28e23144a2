/** Data disks: the declared files as an ext4 image in the store; each VM writes to an overlay of its own. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedDisk } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { ownCode } from '../build/own-code.ts'
import { dataImage } from '../host/mmdebstrap.ts'
import { run } from '../host/sh.ts'

/** Restores or makes the base image of a data disk; returns its path. */
export async function diskImage(disk: ResolvedDisk, context: Context): Promise<string> {
  const inputs = { lab: ownCode('disk', context.toolRoot), fs: disk.fs, size: disk.size, files: { ...disk.files } }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('disk', fingerprint)
  if (stored) return join(stored.dir, 'disk.img')
  const entry = await context.store.put('disk', fingerprint, inputs, async (dir) => {
    const files = join(dir, 'files')
    await mkdir(files)
    for (const [name, content] of Object.entries(disk.files)) {
      await mkdir(dirname(join(files, name)), { recursive: true })
      await writeFile(join(files, name), content)
    }
    await dataImage(files, disk.size, join(dir, 'disk.img'), `disk ${disk.name}`, context.signal)
    await rm(files, { recursive: true })
  })
  return join(entry.dir, 'disk.img')
}

/** An overlay with nothing in it names its base and is else the same bytes each time: it is made once for each base. */
const empty = new Map<string, Buffer>()

/** A throw-away qcow2 overlay over a base image that stays as it is. */
export async function overlay(
  base: { readonly file: string; readonly format: 'raw' | 'qcow2' },
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const key = `${base.format} ${base.file}`
  const known = empty.get(key)
  if (known) return await writeFile(file, known)
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', base.format, '-b', base.file, file], {
    signal,
    place: 'vm',
  })
  empty.set(key, await readFile(file))
}
