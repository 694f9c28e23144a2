/** What `lab run --resume` goes on with, and the line to type for it. */
import { dirname, join } from 'node:path'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import { findLab } from '../../config/find.ts'
import { userError } from '../../engine/error.ts'
import { interruptedJournals, journalsDir } from '../../run/plan/journal.ts'
import {
  interruptedCommands,
  noteCommand,
  type CommandNote,
  type CommandUnderWay,
} from '../../run/plan/command-note.ts'
import { commandLine, optionWords } from './command-line.ts'
import { given } from './exclusive.ts'
import { BESIDE_RESUME, KeptOptions, OPTIONS, type Options } from './run-options.ts'
import type { App, Session } from './app.ts'

/** Where a lab keeps what its commands are at. */
export const stateOf = ({ directory }: Pick<ResolvedLab, 'directory'>): string => join(directory, '.lab')

/** What a `lab run` is to do. */
export interface ResumedRequest {
  readonly names: readonly string[]
  readonly options: Options
  /** Something of it may be done already. */
  readonly resume: boolean
}

/** A `lab run` as somebody would type it. */
export const lineOf = (names: readonly string[], options: object): string =>
  commandLine(['run', ...names, ...optionWords(OPTIONS, { ...options })])

const NOTHING = userError({
  place: '--resume',
  fact: 'there is nothing to resume: no `lab run` of this lab was interrupted',
  wayOut: '`lab run EXPERIMENT` begins one; `lab ps` shows what is still going',
})

function keptOptions({ options, experiments }: CommandNote): KeptOptions {
  const kept = KeptOptions.safeParse(options)
  if (kept.success) return kept.data
  throw userError({
    place: '--resume',
    fact: 'the note of what was asked for is damaged',
    wayOut: `\`lab run ${experiments.join(' ')} --resume\` with the options of then does what is left`,
  })
}

/** Options that say what the runs are. */
const namesOfRuns = (options: Options): (keyof Options)[] => {
  const beside: ReadonlySet<string> = new Set(['resume', ...BESIDE_RESUME])
  return (Object.keys(options) as (keyof Options)[]).filter((name) => !beside.has(name))
}

/** Whether runs of these experiments were begun: an interruption may have come before the first of them. */
async function isBegun(state: string, experiments: readonly string[]): Promise<boolean> {
  for (const name of experiments) if ((await interruptedJournals(journalsDir(state, name))).length > 0) return true
  return false
}

/** Several experiments have a note of their own of what was begun. */
const canResume = async (state: string, { experiments }: CommandNote, whole: boolean): Promise<boolean> =>
  !whole || experiments.length > 1 || (await isBegun(state, experiments))

/**
 * What is to be done: where `--resume` is given without saying what, that is what an interrupted command was asked for.
 * @throws a user's Failure where nothing was interrupted
 */
export async function resumed(session: Session, names: readonly string[], options: Options): Promise<ResumedRequest> {
  const resume = options.resume === true
  if (!resume || given(options, namesOfRuns(options)).length > 0) return { names, options, resume }
  const state = join(dirname(findLab(process.cwd(), session.options.file)), '.lab')
  const notes = await interruptedCommands(state)
  const note = notes.find(({ experiments }) => names.every((name) => experiments.includes(name)))
  if (note === undefined && names.length === 0) throw NOTHING
  if (note === undefined) return { names, options, resume }
  const kept = keptOptions(note)
  const whole = names.length === 0
  const asked = whole ? kept : { ...kept, all: false }
  const meant = whole ? note.names : names
  session.context.emit({
    type: 'notice',
    level: 'info',
    place: '--resume',
    text: `goes on with \`${lineOf(meant, asked)}\`, which was interrupted (begun ${note.started})`,
  })
  return { names: meant, options: { ...asked, ...options }, resume: await canResume(state, note, whole) }
}

/** The note of a `lab run` that is under way. */
export interface RunNote extends CommandUnderWay {
  /** What to type to go on with it. */
  readonly line: string
  /** It failed before anything was begun that could be resumed. */
  readonly endIfNothing: () => Promise<void>
}

/** Writes down what is asked for. */
export async function noteOf(
  { lab }: Pick<App, 'lab'>,
  names: readonly string[],
  experiments: readonly ResolvedExperiment[],
  options: Options,
): Promise<RunNote> {
  const { resume: _resume, dryRun: _dryRun, junit: _junit, ...kept } = options
  const state = stateOf(lab)
  const meant = experiments.map(({ name }) => name)
  const note = await noteCommand(state, { names: [...names], experiments: meant, options: kept })
  return {
    line: lineOf(names, { ...kept, resume: true }),
    end: note.end,
    endIfNothing: async () => ((await isBegun(state, meant)) ? undefined : await note.end()),
    [Symbol.dispose]: () => note[Symbol.dispose](),
  }
}
