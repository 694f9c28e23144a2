/** Data disks: the declared files as an ext4 image in the store; each VM writes to an overlay of its own. */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { ResolvedDisk } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { messageOf, userError } from '../engine/error.ts'
import { fingerprintOf, hashFile, hashText } from '../engine/fingerprint.ts'
import { ownCode } from '../build/own-code.ts'
import { dataImage } from '../host/mmdebstrap.ts'
import { run } from '../host/sh.ts'
import { fillFile, hashOfFill } from './fill.ts'

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

const IMAGE = 'disk.img'
/** The sha256 of each file that the image holds, by its name. */
const HASHES = 'files.json'

/** Restores or makes the base image of a data disk; returns its path. */
export const diskImage = async (disk: ResolvedDisk, context: Context): Promise<string> =>
  join(await storedDisk(disk, context), IMAGE)

/** The sha256 of each file of a data disk, by its name on it: of the bytes that were written. */
export async function diskFiles(disk: ResolvedDisk, context: Context): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(await storedDisk(disk, context), HASHES), 'utf8')
  return z.record(z.string(), z.string()).parse(JSON.parse(text))
}

/** The sha256 that each file of a disk must have by its declaration. @throws an Error for a file that is not there */
export async function declaredHashes({ files }: ResolvedDisk): Promise<Readonly<Record<string, string>>> {
  const hashes = Object.entries(files).map(async ([name, file]): Promise<[string, string]> => {
    if (typeof file === 'string') return [name, hashText(file)]
    return [name, 'from' in file ? await hashFile(file.from) : hashOfFill(file)]
  })
  return Object.fromEntries(await Promise.all(hashes))
}

async function storedDisk(disk: ResolvedDisk, context: Context): Promise<string> {
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
  if (stored) return stored.dir
  const entry = await context.store.put('disk', fingerprint, inputs, async (dir) => {
    const files = join(dir, 'files')
    await mkdir(files)
    const hashes: Record<string, string> = {}
    for (const [name, content] of Object.entries(disk.files)) {
      await mkdir(dirname(join(files, name)), { recursive: true })
      const file = join(files, name)
      if (typeof content === 'string') await writeFile(file, content)
      else if ('from' in content) await copyFile(content.from, file)
      else await fillFile(file, content)
      hashes[name] = await hashFile(file)
    }
    await writeFile(join(dir, HASHES), JSON.stringify(hashes))
    const image = join(dir, IMAGE)
    await dataImage(
      { dir: files, image, sizeBytes: disk.size, name: disk.name, words: disk.mkfs ?? [] },
      place,
      context.signal,
    )
    await rm(files, { recursive: true })
  })
  return entry.dir
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
