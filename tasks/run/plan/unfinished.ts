/**
 * Notes of what a process is at, in files that outlive it. Whether the process still lives is seen by its number and
 * start time; where it runs on another host or in a container that shares the directory, by how long ago it touched its
 * note.
 */
import { readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { z } from 'zod'
import { makeDirectory } from '../../engine/directory.ts'
import { silence, SILENT } from '../../engine/heartbeat.ts'
import { isAlive, isElsewhere, ProcessId } from '../../engine/process.ts'
import { replaceFile } from '../../engine/replace-file.ts'
import { diskFailure } from '../../engine/disk.ts'
import { failedBy } from '../../engine/error.ts'
import { inCurrentFormat, type StoredFormat } from '../../engine/format.ts'

/** Who wrote a note. Notes of older versions do not name the boot: nobody who wrote one lives now. */
export const Owner = ProcessId.extend({ bootId: ProcessId.shape.bootId.default('') })

/**
 * `gone`: what the note is about was interrupted. `elsewhere`: a process that cannot be seen from here was at it in the
 * last minutes.
 */
export type Fate = 'alive' | 'elsewhere' | 'gone'

/** What became of the process that wrote a note. */
export async function fateOf(owner: ProcessId, file: string): Promise<Fate> {
  if (!isElsewhere(owner)) return isAlive(owner) ? 'alive' : 'gone'
  return ((await silence(file)) ?? SILENT) < SILENT ? 'elsewhere' : 'gone'
}

/** Puts a note in place whole. @throws a Failure for a disk without room */
export function writeNote(file: string, note: object): void {
  try {
    makeDirectory(dirname(file), 0o700)
    replaceFile(file, `${JSON.stringify(note, null, 1)}\n`)
  } catch (error) {
    throw diskFailure(error, `the note of what is begun (${file})`)
  }
}

export interface NoteWithFate<Note> {
  readonly note: Note
  readonly fate: Fate
}

/** What to do with a note of a later version of lab: a command that goes on with one (`--resume`) refuses it. */
export type IfNewer = 'skip' | 'refuse'

/** The notes of a directory, the newest first. @throws Failure (newer-format), where that is asked for */
export async function readNotes<Note extends { readonly owner: ProcessId; readonly started: string }>(
  dir: string,
  shape: z.ZodType<Note>,
  format: StoredFormat,
  ifNewer: IfNewer,
): Promise<NoteWithFate<Note>[]> {
  const found: NoteWithFate<Note>[] = []
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.endsWith('.json')) continue
    const file = join(dir, name)
    try {
      const note = shape.parse(inCurrentFormat(JSON.parse(await readFile(file, 'utf8')), format, file))
      found.push({ note, fate: await fateOf(note.owner, file) })
    } catch (error) {
      if (ifNewer === 'refuse' && failedBy(error, 'newer-format')) throw error
      // Somebody else's file, or one whose work ended just now.
    }
  }
  return found.toSorted((a, b) => (a.note.started < b.note.started ? 1 : -1))
}
