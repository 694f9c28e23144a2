/**
 * A file of the user's is written beside its place, in a directory of its own, and moved there when it is whole: another file system could not
 * rename it. Nobody else knows of that directory, so it is noted in the cache first; whatever kills us, `lab gc` finds it.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from './directory.ts'
import { isAlive, isElsewhere, ProcessId, thisProcess } from './process.ts'

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

/**
 * Lets `work` write in a directory beside `file`; it renames what it wrote itself, and the directory goes whatever happens.
 * @throws what `work` throws, and the system's error where there can be no such directory
 */
export async function beside<T>(cache: string, file: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = join(dirname(resolve(file)), `.lab-${process.pid}-${randomBytes(4).toString('hex')}`)
  const noted = await note(cache, dir)
  try {
    await mkdir(dir, { mode: 0o700 })
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
    await rm(noted, { force: true }).catch(() => undefined)
  }
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
