/**
 * What a `lab run` of several experiments set out to do, written down before the first of them: `--resume` then tells
 * those that it finished from those that it never began. As with a journal, what is done is not kept here; the results
 * say it.
 */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { userError } from '../../engine/error.ts'
import { keepBeating } from '../../engine/heartbeat.ts'
import { thisProcess } from '../../engine/process.ts'
import { attemptsOf, journalsDir, journalsIn } from './journal.ts'
import type { RunOutcome } from '../outcome.ts'
import { listRuns } from '../../results/result.ts'
import type { StoredRun } from '../../results/manifest.ts'
import { Owner, readNotes, writeNote, type IfNewer } from './unfinished.ts'

const Part = z.object({
  /** A digest of what was asked for. */
  asked: z.string(),
  /** Results from then on are the batch's. */
  results: z.string(),
  /** And so are journals; '' for any, since the experiment was interrupted before there was a batch. */
  journals: z.string(),
})
type Part = z.infer<typeof Part>

/** A batch of format 1, which the first days of 0.1.0 wrote, cannot be resumed. */
const FORMAT = { name: 'the journal of a batch', current: 2 } as const

const Note = z.object({
  format: z.literal(FORMAT.current),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  started: z.string(),
  owner: Owner,
  /** By the names of experiments. */
  parts: z.record(z.string(), Part),
})
type Note = z.infer<typeof Note>

/** Experiments, and a digest of what is asked of each. */
export type RequestDigests = ReadonlyMap<string, string>

/** Where one lab keeps what its commands are at, and what came out. */
export interface BatchPlaces {
  /** `.lab` of the lab. */
  readonly state: string
  readonly results: string
}

/** What is left of an experiment: what was begun, everything, or nothing; of the latter with its runs that count. */
export type Due =
  | { readonly what: 'resume' }
  /** `again`: it was finished as something else. */
  | { readonly what: 'begin'; readonly again?: true }
  | { readonly what: 'nothing'; readonly outcomes: readonly RunOutcome[] }

/** No experiment is called so. */
const batchesDir = (state: string): string => join(state, 'runs', '.batches')
const fileOf = (state: string, { id }: Note): string => join(batchesDir(state), `${id}.json`)

/** The batches whose process is gone and that have one of these experiments, the newest first. */
async function interruptedBatches(state: string, asked: RequestDigests, ifNewer: IfNewer): Promise<Note[]> {
  const found = await readNotes(batchesDir(state), Note, FORMAT, ifNewer)
  return found.flatMap(({ note, fate }) =>
    fate === 'gone' && Object.keys(note.parts).some((name) => asked.has(name)) ? [note] : [],
  )
}

/** The runs that count of the newest plan among these. */
function outcomesOf(runs: readonly StoredRun[]): RunOutcome[] {
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
  /** Experiments that were finished as something else. */
  readonly #again = new Set<string>()

  private constructor(places: BatchPlaces, note: Note) {
    this.#places = places
    this.#note = note
    this.#touching = keepBeating(fileOf(places.state, note))
  }

  /** Starts over: a batch of these experiments that was interrupted is forgotten. */
  static async begin(places: BatchPlaces, asked: RequestDigests): Promise<Batch> {
    for (const note of await interruptedBatches(places.state, asked, 'skip'))
      await rm(fileOf(places.state, note), { force: true })
    const now = new Date().toISOString()
    return await Batch.#at(places, now, (_, digest) => ({ asked: digest, results: now, journals: now }), asked)
  }

  /**
   * Goes on with the newest interrupted batch that has one of these experiments; without one, with what was interrupted
   * of them singly.
   * @throws a user's Failure where nothing of them was interrupted
   */
  static async resume(places: BatchPlaces, asked: RequestDigests): Promise<Batch> {
    const [before, ...older] = await interruptedBatches(places.state, asked, 'refuse')
    if (before === undefined && !(await anyJournal(places, asked)))
      throw userError({
        place: '--resume',
        fact: `there is nothing to resume: no interrupted run of ${[...asked.keys()].join(', ')}`,
        wayOut: 'leave --resume away',
      })
    const now = new Date().toISOString()
    const part = (name: string, digest: string): Part => {
      const { results = now, journals = '', asked: then } = before?.parts[name] ?? {}
      return { asked: digest, results: then === digest ? results : now, journals }
    }
    const all = new Map([
      ...Object.entries(before?.parts ?? {}).map(([name, part]) => [name, part.asked] as const),
      ...asked,
    ])
    const batch = await Batch.#at(places, before?.started ?? now, part, all)
    for (const [name, digest] of asked) {
      const then = before?.parts[name]
      if (then && then.asked !== digest && (await batch.#since(name, then.results)).length > 0) batch.#again.add(name)
    }
    for (const note of [...(before ? [before] : []), ...older]) await rm(fileOf(places.state, note), { force: true })
    return batch
  }

  static async #at(
    places: BatchPlaces,
    started: string,
    part: (name: string, digest: string) => Part,
    asked: RequestDigests,
  ): Promise<Batch> {
    const id = randomBytes(6).toString('hex')
    const parts = Object.fromEntries([...asked].map(([name, digest]) => [name, part(name, digest)]))
    const note: Note = { format: FORMAT.current, id, started, owner: thisProcess(), parts }
    writeNote(fileOf(places.state, note), note)
    return new Batch(places, note)
  }

  async #since(experiment: string, time: string): Promise<StoredRun[]> {
    const runs = await listRuns(this.#places.results, experiment)
    return runs.filter(({ manifest }) => manifest.plan !== undefined && manifest.started >= time)
  }

  /**
   * What is left of an experiment: an unfinished plan has a journal, and one that was finished since this batch began
   * has results.
   */
  async due(experiment: string): Promise<Due> {
    const part = this.#note.parts[experiment]
    if (part === undefined) return { what: 'begin' }
    const journals = await journalsIn(journalsDir(this.#places.state, experiment))
    if (journals.some(({ note }) => note.started >= part.journals)) return { what: 'resume' }
    const since = await this.#since(experiment, part.results)
    if (since.length > 0) return { what: 'nothing', outcomes: outcomesOf(since) }
    return { what: 'begin', ...(this.#again.has(experiment) && { again: true as const }) }
  }

  /** The command has ended: where something is left of an experiment, `--resume` can go on with it. */
  async end(): Promise<void> {
    this.#touching[Symbol.dispose]()
    for (const name of Object.keys(this.#note.parts)) if ((await this.due(name)).what !== 'nothing') return
    await rm(fileOf(this.#places.state, this.#note), { force: true })
  }
}

async function anyJournal({ state }: BatchPlaces, asked: RequestDigests): Promise<boolean> {
  for (const name of asked.keys()) if ((await journalsIn(journalsDir(state, name))).length > 0) return true
  return false
}
