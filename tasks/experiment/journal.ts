/**
 * What a `lab run` set out to do, written down before its first run, so that `--resume` can finish it after any interruption. Which runs are
 * done is not kept here: results are put in place whole, so the results themselves say it, and cannot disagree with a list.
 */
import { randomBytes } from 'node:crypto'
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ORDERS } from '../config/schema.ts'
import { makeDirectory } from '../engine/directory.ts'
import { userError } from '../engine/error.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { startTimeOf } from '../engine/process.ts'
import type { FoundRun } from './result.ts'

const Journal = z.object({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{12}$/),
  started: z.string(),
  /** The process that is at it; with its start time, as a pid alone may name another one by now. */
  owner: z.object({ pid: z.int(), startTime: z.string() }),
  arms: z.array(z.string()),
  repeats: z.int(),
  warmup: z.int(),
  order: z.enum(ORDERS),
  seed: z.int(),
  /** Of everything else that decides what a run is, by name. */
  inputs: z.record(z.string(), z.string()),
})
export type Journal = z.infer<typeof Journal>

/** Where the journals of an experiment are. */
export const journalsDir = (state: string, experiment: string): string => join(state, 'runs', experiment)

const fileOf = (dir: string, { id }: Pick<Journal, 'id'>): string => join(dir, `${id}.json`)
const ours = () => ({ pid: process.pid, startTime: startTimeOf(process.pid) ?? '' })

export const newJournal = (plan: Omit<Journal, 'format' | 'id' | 'started' | 'owner'>): Journal => ({
  format: 1,
  id: randomBytes(6).toString('hex'),
  started: new Date().toISOString(),
  owner: ours(),
  ...plan,
})

export async function writeJournal(dir: string, journal: Journal): Promise<void> {
  makeDirectory(dir)
  const partial = `${fileOf(dir, journal)}.new`
  await writeFile(partial, `${JSON.stringify(journal, null, 1)}\n`)
  await rename(partial, fileOf(dir, journal))
}

/** Nothing is left to resume. */
export const endJournal = (dir: string, journal: Pick<Journal, 'id'>): Promise<void> =>
  rm(fileOf(dir, journal), { force: true })

/** Journals whose process is gone, the newest first. */
export async function interruptedJournals(dir: string): Promise<Journal[]> {
  const found: Journal[] = []
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.endsWith('.json')) continue
    try {
      const journal = Journal.parse(JSON.parse(await readFile(join(dir, name), 'utf8')))
      if (startTimeOf(journal.owner.pid) !== journal.owner.startTime) found.push(journal)
    } catch {
      // Somebody else's file, or one that was ended just now.
    }
  }
  return found.toSorted((a, b) => (a.started < b.started ? 1 : -1))
}

const nothing = (experiment: string) =>
  userError({
    place: '--resume',
    fact: `there is nothing to resume: no interrupted run of ${experiment}`,
    wayOut: 'leave --resume away',
  })

/** The names of the inputs that are not what they were. */
const changed = (before: Journal['inputs'], now: Journal['inputs']): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => before[name] !== now[name])

/**
 * The journal of an interrupted run of the same plan.
 * @throws a user's Failure where there is none, or where the plan or an input is another by now: half of each would be one result of two things
 */
export async function resumeJournal(
  dir: string,
  experiment: string,
  plan: Omit<Journal, 'format' | 'id' | 'started' | 'seed' | 'owner'>,
): Promise<Journal> {
  const [journal] = await interruptedJournals(dir)
  if (journal === undefined) throw nothing(experiment)
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
  if (differ.length === 0) return { ...journal, owner: ours() }
  throw userError({
    place: '--resume',
    fact: `the interrupted run of ${experiment} (${journal.started}) was another one: ${differ.join(', ')} changed since`,
    wayOut: 'go back to what it was, or leave --resume away and begin anew; the results that are there stay',
  })
}

/** The last attempt at each position of a journal's plan, by position. */
export function attemptsOf(journal: Pick<Journal, 'id'>, runs: readonly FoundRun[]): Map<number, FoundRun> {
  const last = new Map<number, FoundRun>()
  for (const one of runs) {
    const { plan } = one.manifest
    if (plan?.id !== journal.id) continue
    const before = last.get(plan.index)?.manifest.plan
    if (before === undefined || before.attempt < plan.attempt) last.set(plan.index, one)
  }
  return last
}
