/** Data disks: the declared files as an ext4 image in the store; each VM writes to an overlay of its own. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ResolvedDisk } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { messageOf, userError } from '../engine/error.ts'
import { fingerprintOf, hashFile } from '../engine/fingerprint.ts'
import { ownCode } from '../build/own-code.ts'
import { dataImage } from '../host/mmdebstrap.ts'
import { run } from '../host/sh.ts'
import { fillFile } from './fill.ts'

/**
 * What is on it, for the fingerprint: files of the host by their hashes. @throws a user's Failure for one that cannot
 * be read
 */
async function contentsOf({ files }: ResolvedDisk, place: string): Promise<Record<string, FileInput>> {
  const contents: Record<string, FileInput> = {}
  for (const [name, file] of Object.entries(files)) {
    if (typeof file === 'string') contents[name] = file
    else if ('bytes' in file) contents[name] = { ...file }
    else
      contents[name] = {
        sha256: await hashFile(file.from).catch((error: unknown) => {
          throw userError(
            {
              place,
              fact: `${file.from} cannot be read: ${messageOf(error)}`,
              wayOut: `correct \`from:\` of its file ${name}`,
            },
            error,
          )
        }),
      }
  }
  return contents
}

type FileInput =
  string | { readonly bytes: number; readonly fill: string; readonly seed: number } | { readonly sha256: string }

/** Restores or makes the base image of a data disk; returns its path. */
export async function diskImage(disk: ResolvedDisk, context: Context): Promise<string> {
  const place = `disk ${disk.name}`
  const inputs = {
    lab: ownCode('disk', context.toolRoot),
    name: disk.name,
    fs: disk.fs,
    size: disk.size,
    files: await contentsOf(disk, place),
    ...(disk.mkfs && { mkfs: disk.mkfs }),
  }
  const fingerprint = fingerprintOf(inputs)
  const stored = await context.store.get('disk', fingerprint)
  if (stored) return join(stored.dir, 'disk.img')
  const entry = await context.store.put('disk', fingerprint, inputs, async (dir) => {
    const files = join(dir, 'files')
    await mkdir(files)
    for (const [name, content] of Object.entries(disk.files)) {
      await mkdir(dirname(join(files, name)), { recursive: true })
      const file = join(files, name)
      if (typeof content === 'string') await writeFile(file, content)
      else if ('from' in content) await copyFile(content.from, file)
      else await fillFile(file, content)
    }
    const image = join(dir, 'disk.img')
    await dataImage(
      { dir: files, image, sizeBytes: disk.size, name: disk.name, words: disk.mkfs ?? [] },
      place,
      context.signal,
    )
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
