/**
 * What a `lab run` set out to do, written down before its first run, so that `--resume` can finish it after any
 * interruption. Which runs are done is not kept here: results are put in place whole, so the results themselves say it,
 * and cannot disagree with a list.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ORDERS } from '../../config/schema/schema.ts'
import { userError, type Failure } from '../../engine/error.ts'
import { fingerprintOf } from '../../engine/fingerprint.ts'
import { keepBeating } from '../../engine/heartbeat.ts'
import { thisProcess, whereText } from '../../engine/process.ts'
import type { StoredRun } from '../../results/manifest.ts'
import { Owner, readNotes, writeNote, type NoteWithFate, type IfNewer } from './unfinished.ts'

const FORMAT = { name: 'the journal of a run', current: 1 } as const

/** What `--resume` compares: all of a plan but the seed, which it takes from the journal. */
const COMPARED = {
  arms: z.array(z.string()),
  repeats: z.int(),
  warmup: z.int(),
  order: z.enum(ORDERS),
  /** Of everything else that decides what a run is, by name. */
  inputs: z.record(z.string(), z.string()),
}

/** What a plan is, whoever carries it out: a change of any of these makes it another plan. */
export const PLAN_SHAPE = { ...COMPARED, seed: z.int() }

const Journal = z.object({
  format: z.literal(FORMAT.current),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  started: z.string(),
  /** The process that is at it. */
  owner: Owner,
  ...PLAN_SHAPE,
})
export type Journal = z.infer<typeof Journal>
/** The shape of a plan, before it has a seed. */
export type ComparedPlan = z.infer<z.ZodObject<typeof COMPARED>>
export type PlanShape = z.infer<z.ZodObject<typeof PLAN_SHAPE>>

/** Where the journals of an experiment are. */
export const journalsDir = (state: string, experiment: string): string => join(state, 'runs', experiment)

const fileOf = (dir: string, { id }: Pick<Journal, 'id'>): string => join(dir, `${id}.json`)

export const newJournal = (plan: PlanShape): Journal => ({
  format: FORMAT.current,
  id: randomBytes(6).toString('hex'),
  started: new Date().toISOString(),
  owner: thisProcess(),
  ...plan,
})

/** Writes a journal down; what is returned shows others that somebody is at it. */
export async function writeJournal(dir: string, journal: Journal): Promise<Disposable> {
  writeNote(fileOf(dir, journal), journal)
  return keepBeating(fileOf(dir, journal))
}

/** Nothing is left to resume. */
export const endJournal = (dir: string, journal: Pick<Journal, 'id'>): Promise<void> =>
  rm(fileOf(dir, journal), { force: true })

/** Every journal of an experiment, the newest first. */
export const journalsIn = (dir: string, ifNewer: IfNewer = 'skip'): Promise<NoteWithFate<Journal>[]> =>
  readNotes(dir, Journal, FORMAT, ifNewer)

/** Journals whose process is gone, the newest first. */
export const interruptedJournals = async (dir: string): Promise<Journal[]> =>
  (await journalsIn(dir)).flatMap(({ note, fate }) => (fate === 'gone' ? [note] : []))

/** @param all the experiment's journals: somebody may be at one of them */
function nothing(experiment: string, [newest]: readonly NoteWithFate<Journal>[]): Failure {
  const place = '--resume'
  if (newest === undefined)
    return userError({
      place,
      fact: `there is nothing to resume: no interrupted run of ${experiment}`,
      wayOut: 'leave --resume away',
    })
  const { started, owner } = newest.note
  return userError({
    place,
    fact: `there is nothing to resume: the run of ${experiment} that began at ${started} is still going, in process ${owner.pid}${whereText(owner)}`,
    wayOut:
      newest.fate === 'elsewhere'
        ? 'wait for its end, or end it there; if it ended without a word, --resume works 10 minutes after its last sign of life'
        : 'wait for its end, or end it first',
  })
}

/** The names of the inputs that are not what they were. */
export const changed = (before: Journal['inputs'], now: Journal['inputs']): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name])

/**
 * The journal of an interrupted run of the same plan.
 * @throws a user's Failure if there is none, where a later version of lab wrote one, or where the plan or an input
 * is another by now: half of each would be one result of two things
 */
export async function resumeJournal(dir: string, experiment: string, plan: ComparedPlan): Promise<Journal> {
  const all = await journalsIn(dir, 'refuse')
  const journal = all.find(({ fate }) => fate === 'gone')?.note
  if (journal === undefined) throw nothing(experiment, all)
  const { arms, repeats, warmup, order } = journal
  const same =
    fingerprintOf({ arms, repeats, warmup, order }) ===
    fingerprintOf({
      arms: plan.arms,
      repeats: plan.repeats,
      warmup: plan.warmup,
      order: plan.order,
    })
  const differ = [...(same ? [] : ['arms, repeats or order']), ...changed(journal.inputs, plan.inputs)]
  if (differ.length === 0) return { ...journal, owner: thisProcess() }
  throw userError({
    place: '--resume',
    fact: `the interrupted run of ${experiment} (${journal.started}) was another one: ${differ.join(', ')} changed since`,
    wayOut: 'go back to what it was, or leave out --resume and start over; existing results stay',
  })
}

/** A run of a plan. */
export type PlanRun = StoredRun & { readonly manifest: { readonly plan: NonNullable<StoredRun['manifest']['plan']> } }

/** The attempts at each position of a journal's plan, by position, in the order in which they were made. */
export function attemptsOf(id: string, runs: readonly StoredRun[]): Map<number, PlanRun[]> {
  const own = runs.filter((run): run is PlanRun => run.manifest.plan?.id === id)
  const sorted = own.toSorted((a, b) => a.manifest.plan.attempt - b.manifest.plan.attempt)
  return Map.groupBy(sorted, ({ manifest }) => manifest.plan.index)
}
