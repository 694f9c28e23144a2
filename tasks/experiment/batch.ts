/**
 * What a `lab run` of several experiments set out to do, written down before the first of them: `--resume` then tells those that it finished
 * from those that it never began. As with a journal, what is done is not kept here; the results say it.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { userError } from '../engine/error.ts'
import { thisProcess } from '../engine/process.ts'
import { attemptsOf, journalsDir, journalsIn } from './journal.ts'
import type { RunOutcome } from './one-run.ts'
import { listRuns, type FoundRun } from './result.ts'
import { keepTouching, Owner, readNotes, writeNote } from './unfinished.ts'

const Note = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  started: z.string(),
  owner: Owner,
  experiments: z.array(z.string()),
})
type Note = z.infer<typeof Note>

/** Where one lab keeps what its commands are at, and what came out. */
export interface BatchPlaces {
  /** `.lab` of the lab. */
  readonly state: string
  readonly results: string
}

/** What is left of an experiment: what was begun, everything, or nothing; of the latter with its runs that count. */
export type Due =
  { readonly what: 'resume' | 'begin' } | { readonly what: 'nothing'; readonly outcomes: readonly RunOutcome[] }

/** No experiment is called so. */
const batchesDir = (state: string): string => join(state, 'runs', '.batches')
const fileOf = (state: string, { id }: Note): string => join(batchesDir(state), `${id}.json`)

/** The batches whose process is gone and that have one of these experiments, the newest first. */
async function interruptedBatches(state: string, experiments: readonly string[]): Promise<Note[]> {
  const found = await readNotes(batchesDir(state), Note)
  return found.flatMap(({ note, fate }) =>
    fate === 'gone' && note.experiments.some((one) => experiments.includes(one)) ? [note] : [],
  )
}

/** The runs that count of the newest plan among these. */
function outcomesOf(runs: readonly FoundRun[]): RunOutcome[] {
  const plan = runs.at(-1)?.manifest.plan
  const last = [...attemptsOf(plan?.id ?? '', runs).values()].flatMap((attempts) => attempts.at(-1) ?? [])
  return last
    .filter(({ manifest }) => !manifest.plan.warmup)
    .toSorted((a, b) => a.manifest.plan.index - b.manifest.plan.index)
    .map(({ dir, manifest }) => ({ dir, manifest, own: undefined }))
}

/** One `lab run` of several experiments. */
export class Batch {
  readonly #places: BatchPlaces
  readonly #note: Note
  readonly #touching: Disposable

  private constructor(places: BatchPlaces, note: Note) {
    this.#places = places
    this.#note = note
    this.#touching = keepTouching(fileOf(places.state, note))
  }

  /** Begins anew: a batch of these experiments that was interrupted is forgotten. */
  static async begin(places: BatchPlaces, experiments: readonly string[]): Promise<Batch> {
    for (const note of await interruptedBatches(places.state, experiments))
      await rm(fileOf(places.state, note), { force: true })
    return await Batch.#at(places, new Date().toISOString(), experiments)
  }

  /**
   * Goes on with the newest interrupted batch that has one of these experiments; without one, with what was interrupted of them singly.
   * @throws a user's Failure where nothing of them was interrupted
   */
  static async resume(places: BatchPlaces, experiments: readonly string[]): Promise<Batch> {
    const [before, ...older] = await interruptedBatches(places.state, experiments)
    if (before === undefined && !(await anyJournal(places, experiments)))
      throw userError({
        place: '--resume',
        fact: `there is nothing to resume: no interrupted run of ${experiments.join(', ')}`,
        wayOut: 'leave --resume away',
      })
    const { started = new Date().toISOString(), experiments: begun = [] } = before ?? {}
    const batch = await Batch.#at(places, started, [...new Set([...begun, ...experiments])])
    for (const note of [...(before ? [before] : []), ...older]) await rm(fileOf(places.state, note), { force: true })
    return batch
  }

  static async #at(places: BatchPlaces, started: string, experiments: readonly string[]): Promise<Batch> {
    const id = randomBytes(6).toString('hex')
    const note: Note = { format: 1, id, started, owner: thisProcess(), experiments: [...experiments] }
    await writeNote(fileOf(places.state, note), note)
    return new Batch(places, note)
  }

  /** What is left of an experiment: an unfinished plan has a journal, and one that was finished since this batch began has results. */
  async due(experiment: string): Promise<Due> {
    const { state, results } = this.#places
    if ((await journalsIn(journalsDir(state, experiment))).length > 0) return { what: 'resume' }
    const runs = await listRuns(results, experiment)
    const since = runs.filter(({ manifest }) => manifest.plan !== undefined && manifest.started >= this.#note.started)
    return since.length === 0 ? { what: 'begin' } : { what: 'nothing', outcomes: outcomesOf(since) }
  }

  /** The command has ended: where something is left of an experiment, `--resume` can go on with it. */
  async end(): Promise<void> {
    this.#touching[Symbol.dispose]()
    for (const one of this.#note.experiments) if ((await this.due(one)).what !== 'nothing') return
    await rm(fileOf(this.#places.state, this.#note), { force: true })
  }
}

async function anyJournal({ state }: BatchPlaces, experiments: readonly string[]): Promise<boolean> {
  for (const one of experiments) if ((await journalsIn(journalsDir(state, one))).length > 0) return true
  return false
}
