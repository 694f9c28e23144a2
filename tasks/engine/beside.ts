/**
 * A file of the user's is written beside its place, in a directory of its own, and moved there when it is whole:
 * another file system could not rename it. What is not a regular file is written to instead. Nobody else knows of that
 * directory, so it is noted in the cache first; whatever kills us, `lab gc` finds it.
 */
import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from './directory.ts'
import { codeOf, userError } from './error.ts'
import { removeAtForcedEnd } from './interruption.ts'
import { printable } from './printable.ts'
import { isAlive, isElsewhere, ProcessId, thisProcess } from './process.ts'
import { fullScratch, withScratch } from './scratch.ts'
import { diskFailure, diskFull, noteDisk, saysDiskFull } from './disk.ts'
import { pour, targetOf } from './target.ts'

const NOTES = 'beside'
const Note = z.object({ owner: ProcessId, path: z.string() })
/** What a note may name: it is removed with everything in it. */
const OURS = /^\.lab-\d+-[0-9a-f]{8}$/

/** Best effort: a cache that cannot be written is no reason to write no file elsewhere. */
async function note(cache: string, path: string): Promise<string> {
  const file = join(cache, NOTES, `${basename(path).slice(1)}.json`)
  try {
    makeDirectory(dirname(file))
    await writeFile(file, `${JSON.stringify({ owner: thisProcess(), path })}\n`)
  } catch {
    // Then it is found by nobody, as long as nothing kills us.
  }
  return file
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'what should be a directory is a file',
  EEXIST: 'what should be a directory is a file',
  EISDIR: 'it is a directory',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'nothing can be written there',
  EBUSY: 'something is mounted there, so it cannot be replaced',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENXIO: 'it is a device or socket that nothing serves',
  ENODEV: 'it is a device that nothing serves',
  ENOTEMPTY: 'it is a directory',
  ECONNREFUSED: 'no program listens on this socket',
  EPROTOTYPE: 'this socket takes no stream of bytes',
  EINVAL: 'it cannot be written to',
  EIO: 'it cannot be written to',
}

/** The failure of a place that the user chose and that takes no file; of a full disk; or the error as it is. */
export function cannotWrite(error: unknown, place: string): unknown {
  const reason = REASONS[codeOf(error) ?? '']
  if (reason === undefined) return diskFailure(error, place, place)
  return userError({ place: printable(place, 300), fact: reason, wayOut: 'name another place' }, error)
}

/** One step with the place itself, as opposed to what `work` does. */
const at = async <T>(file: string, step: Promise<T>): Promise<T> =>
  await step.catch((error: unknown) => {
    throw cannotWrite(error, file)
  })

/**
 * Lets `work` fill a directory of its own on the file system that `file` is on; it is gone afterwards.
 * @throws Failure (user) where no file can be, (lab) for a full disk; what `work` throws besides
 */
export async function besideIn<T>(cache: string, file: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(dirname(resolve(file)), `.lab-${process.pid}-${randomBytes(4).toString('hex')}`)
  noteDisk('output', dirname(dir))
  const noted = await note(cache, dir)
  const removed = [removeAtForcedEnd(noted), removeAtForcedEnd(dir)]
  let made = false
  try {
    await at(file, mkdir(dir, { mode: 0o700 }))
    made = true
    return await work(dir)
  } catch (error) {
    throw diskFailure(error, file, dir)
  } finally {
    // Where a file is in the place of its directory, to look for it would be one more error.
    if (made) await rm(dir, { recursive: true, force: true })
    await rm(noted, { force: true }).catch(() => undefined)
    for (const undo of removed) undo()
  }
}

/** Replaces the file that `target` stands for; what had a mode keeps it. */
async function replace(
  cache: string,
  path: string,
  mode: number | undefined,
  work: (partial: string) => Promise<void>,
) {
  await besideIn(cache, path, async (dir) => {
    const partial = join(dir, 'file')
    await work(partial)
    if (mode !== undefined && (await lstat(partial)).isFile()) await chmod(partial, mode)
    await at(path, rename(partial, path))
  })
}

/**
 * Lets `work` write `partial`, and whatever else it needs into the directory of that, and puts it where `file` leads:
 * it replaces a regular file, and is written to a device, a pipe, a socket or a descriptor (engine/target). Whole or
 * not at all, as far as the place allows.
 * @throws as `besideIn`; Failure (interrupted) while a pipe has no reader
 */
export async function beside<T>(
  cache: string,
  file: string,
  work: (partial: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const target = await at(file, targetOf(file))
  let value: { readonly of: T } | undefined
  const fill = async (partial: string) => {
    value = { of: await work(partial) }
  }
  if (target.kind === 'file') await replace(cache, target.path, target.mode, fill)
  else
    await withScratch('output', async (dir) => {
      const partial = join(dir, 'file')
      await fill(partial).catch((error: unknown) => {
        throw fullScratch(error)
      })
      if (!(await lstat(partial)).isFile())
        throw userError({
          place: printable(file, 300),
          fact: 'a directory cannot be written there',
          wayOut: 'name another place',
        })
      await pour(partial, target, signal).catch((error: unknown) => {
        if (saysDiskFull(error)) throw diskFull(printable(file, 300), [], { wayOut: 'name a place that has room' })
        throw cannotWrite(error, file)
      })
    })
  if (value === undefined) throw new Error('nothing was written')
  return value.of
}

export interface LeftBeside {
  readonly dir: string
  readonly note: string
}

/** Directories whose process is gone, and notes of them. */
export async function leftBeside(cache: string): Promise<LeftBeside[]> {
  const found: LeftBeside[] = []
  for (const name of await readdir(join(cache, NOTES)).catch(() => [])) {
    const file = join(cache, NOTES, name)
    try {
      const { owner, path } = Note.parse(JSON.parse(await readFile(file, 'utf8')))
      if (!isAlive(owner) && !isElsewhere(owner) && OURS.test(basename(path))) found.push({ dir: path, note: file })
    } catch {
      // Half written by one that was killed before it made a directory, or somebody else's.
    }
  }
  return found
}

/** Removes what is left of one, and its note last. */
export async function removeBeside({ dir, note: noted }: LeftBeside): Promise<void> {
  await rm(dir, { recursive: true, force: true })
  await rm(noted, { force: true })
}
