/**
 * What one `lab run` was asked for, written down before its first run: `lab run --resume` alone goes on with it. What
 * is left to do is not kept here; journals and results say it.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { keepBeating } from '../../engine/heartbeat.ts'
import { thisProcess } from '../../engine/process.ts'
import { Owner, readNotes, writeNote } from './unfinished.ts'

const FORMAT = { name: 'the note of a command', current: 1 } as const

const Note = z.object({
  format: z.literal(FORMAT.current),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  started: z.string(),
  owner: Owner,
  /** Experiments that were named; none with `--all`. */
  names: z.array(z.string()),
  /** Experiments that were meant. */
  experiments: z.array(z.string()),
  /** The options by name; the command knows their shapes. */
  options: z.record(z.string(), z.unknown()),
})
export type CommandNote = z.infer<typeof Note>
export type CommandRequest = Pick<CommandNote, 'names' | 'experiments' | 'options'>

/** No experiment is called so. */
const notesDir = (state: string): string => join(state, 'runs', '.commands')
const fileOf = (state: string, { id }: Pick<CommandNote, 'id'>): string => join(notesDir(state), `${id}.json`)

/** Interrupted or unfinished commands, the newest first. @throws a Failure for one of a later version of lab */
export async function interruptedCommands(state: string): Promise<CommandNote[]> {
  const notes = await readNotes(notesDir(state), Note, FORMAT, 'refuse')
  return notes.flatMap(({ note, fate }) => (fate === 'gone' ? [note] : []))
}

/**
 * Forgets interrupted commands that meant nothing but these experiments: another one begins them, or goes on with them.
 */
async function forget(state: string, experiments: readonly string[]): Promise<void> {
  const notes = await readNotes(notesDir(state), Note, FORMAT, 'skip')
  for (const { note, fate } of notes)
    if (fate === 'gone' && note.experiments.every((name) => experiments.includes(name)))
      await rm(fileOf(state, note), { force: true })
}

/** A command that is under way. */
export interface CommandUnderWay extends Disposable {
  /** Nothing of it is left to do. */
  readonly end: () => Promise<void>
}

/**
 * Writes down what a command is asked for, in place of what an interrupted one was asked of the same experiments.
 * @param state `.lab` of the lab
 * @throws a Failure for a disk without room
 */
export async function noteCommand(state: string, asked: CommandRequest): Promise<CommandUnderWay> {
  await forget(state, asked.experiments)
  const now = new Date().toISOString()
  const { names, experiments, options } = asked
  const id = randomBytes(6).toString('hex')
  const note: CommandNote = {
    format: FORMAT.current,
    id,
    started: now,
    owner: thisProcess(),
    names,
    experiments,
    options,
  }
  const file = fileOf(state, note)
  writeNote(file, note)
  const beating = keepBeating(file)
  return {
    end: () => rm(file, { force: true }),
    [Symbol.dispose]: () => beating[Symbol.dispose](),
  }
}
