/**
 * How far a plan is: what has results, and what Slurm says of the rest. Results win: a task that ended badly after its
 * last result was in place has done its work.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { codeOf, Failure, labError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { accounted, phaseOf, queued, type JobState } from '../../host/slurm.ts'
import { runName } from './blocks.ts'
import { problemsDir, type KeptProblem } from './block-task.ts'
import { allPassed, attemptsAt, finishedBlocks, runsOfBlock } from './done.ts'
import { endOfLog, memoryLimitIn, outOfMemory, stopIn } from './end-of-job.ts'
import { jobName } from './script.ts'
import { putFile, type PlanHeader } from './stored-plan.ts'

/** What was submitted, in order. */
const SubmittedJobs = z.array(
  z.object({
    job: z.string(),
    /** The block that task 0 of the array does; null for the job that sums up. */
    from: z.int().nullable(),
    submitted: z.string(),
  }),
)
export type SubmittedJobs = z.infer<typeof SubmittedJobs>

const jobsFile = (dir: string) => join(dir, 'jobs.json')

/** The jobs of a plan, in the order in which they were submitted. @throws a lab's Failure for a list that is damaged */
export async function submittedJobs(dir: string): Promise<SubmittedJobs> {
  const file = jobsFile(dir)
  try {
    return SubmittedJobs.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw labError(
      {
        place: printable(file, 300),
        fact: 'the list of jobs that were submitted is damaged',
        wayOut: `wait until \`squeue --name lab-${basename(dir)}\` lists none, remove the file, and resume`,
      },
      error,
    )
  }
}

/** Adds jobs to what was submitted of a plan. */
export async function noteJobs(dir: string, jobs: SubmittedJobs): Promise<void> {
  putFile(jobsFile(dir), `${JSON.stringify([...(await submittedJobs(dir)), ...jobs], null, 1)}\n`)
}

/** How many runs have a result, and blocks that somebody still has to work on. */
export interface Made {
  readonly runs: number
  /** Blocks that lack results, or whose task ended between two attempts at a run. */
  readonly missing: readonly number[]
}

/**
 * One look at the directory of results, however many runs there are. Manifests are read only of blocks that have all
 * results and that no task has finished with: one that was killed after a run had failed may have left attempts over.
 */
export async function madeOf(dir: string, plan: PlanHeader): Promise<Made> {
  const finished = await finishedBlocks(dir)
  const names = new Set(await readdir(join(plan.results, plan.experiment)).catch(() => []))
  const attempts = Array.from({ length: plan.attempts }, (_, at) => at + 1)
  const missing: number[] = []
  let runs = 0
  for (let block = 0; block < plan.blocks; block++) {
    const indexes = runsOfBlock(plan, block)
    const made = indexes.filter((index) => attempts.some((attempt) => names.has(runName(plan, index, attempt))))
    runs += made.length
    const isDone =
      made.length === plan.size && (finished.has(block) || allPassed(indexes, await attemptsAt(plan, indexes)))
    if (!isDone) missing.push(block)
  }
  return { runs, missing }
}

/** What became of a block that lacks results. */
export interface OpenBlock {
  readonly block: number
  readonly state: 'waiting' | 'running' | 'ended' | 'unknown'
  /** Slurm's word for it. */
  readonly word?: string
  readonly node?: string
  /** Why it waits, or why it left no result. */
  readonly why?: string
  readonly wayOut?: string
  /** In Slurm: `17_3`. */
  readonly job?: string
}

/** What is known of a block that left no result. */
type Why = Pick<OpenBlock, 'why' | 'wayOut'>

/** What a task that ended without results met. */
const ENDINGS: Readonly<Record<string, Why>> = {
  TIMEOUT: {
    why: 'its time was over',
    wayOut: 'give the profile a longer `time:`, or the experiment fewer arms, and resume',
  },
  NODE_FAIL: { why: 'its node failed' },
  CANCELLED: { why: 'it was cancelled' },
  PREEMPTED: { why: 'a job of higher priority took its place' },
  DEADLINE: { why: 'its deadline was over' },
  BOOT_FAIL: { why: 'its node did not boot' },
}

/** What a block that left no result met, by the word of Slurm for it. */
async function endingOf(dir: string, plan: PlanHeader, block: number, job: JobState): Promise<Why> {
  const { state, task, job: id, memory } = job
  if (state !== 'OUT_OF_MEMORY' && ENDINGS[state] !== undefined) return ENDINGS[state]
  const limit = memoryLimitIn(await endOfLog(dir, id, task))
  if (limit !== undefined || state === 'OUT_OF_MEMORY')
    return outOfMemory({ ...(memory !== undefined && { memory }), ...limit }, plan.memory)
  return await problemOf(dir, block)
}

async function problemOf(dir: string, block: number): Promise<Why> {
  const [first] = await problemsOf(dir, block)
  if (first === undefined) return {}
  const { fact, wayOut } = first.failure
  return { why: fact, ...(wayOut !== undefined && { wayOut }) }
}

/** The runs of a block that left no result when it was last tried. */
export async function problemsOf(dir: string, block: number): Promise<readonly KeptProblem[]> {
  try {
    return JSON.parse(await readFile(join(problemsDir(dir), `${block}.json`), 'utf8')) as KeptProblem[]
  } catch {
    return []
  }
}

/** What is known of each block, by the newest job that has it. */
function byBlock(jobs: SubmittedJobs, states: readonly JobState[]): Map<number, JobState> {
  const order = new Map(jobs.map(({ job, from }, at) => [job, { at, from }]))
  const found = new Map<number, JobState>()
  const sorted = states
    .flatMap((state) => {
      const known = order.get(state.job)
      return known?.from !== undefined && known.from !== null && state.task !== undefined
        ? [{ at: known.at, block: known.from + state.task, state }]
        : []
    })
    .toSorted((a, b) => a.at - b.at)
  for (const { block, state } of sorted) found.set(block, state)
  return found
}

/** What Slurm says of blocks that lack results. */
export async function openBlocks(
  dir: string,
  plan: PlanHeader,
  missing: readonly number[],
  signal: AbortSignal,
): Promise<OpenBlock[]> {
  if (missing.length === 0) return []
  const jobs = await submittedJobs(dir)
  const name = jobName(plan)
  const now = await queued(name, signal)
  const known = byBlock(jobs, now)
  if (missing.every((block) => known.has(block)))
    return await Promise.all(missing.map((block) => openBlock(dir, plan, block, known.get(block))))
  const { states, silent } = await ended(name, plan, signal)
  const all = byBlock(jobs, [...states, ...now])
  return await Promise.all(missing.map((block) => openBlock(dir, plan, block, all.get(block), silent)))
}

/** What ended a while ago is in the accounts only; where they do not answer, the queue says who is still at work. */
async function ended(
  name: string,
  { started }: PlanHeader,
  signal: AbortSignal,
): Promise<{ readonly states: readonly JobState[]; readonly silent?: string }> {
  const day = 24 * 60 * 60 * 1000
  const since = new Date(Date.parse(started) - day).toISOString().slice(0, 10)
  try {
    return { states: (await accounted(name, since, signal)) ?? [] }
  } catch (error) {
    if (signal.aborted || !(error instanceof Failure)) throw error
    return { states: [], silent: error.parts.fact }
  }
}

/** Slurm's reason, and of a job that was queued again what had stopped it. */
async function whyWaiting(dir: string, { job, task, reason }: JobState): Promise<Why> {
  if (reason !== 'BeginTime') return reason === undefined ? {} : { why: reason }
  const stopped = stopIn(await endOfLog(dir, job, task))
  const again = stopped === undefined ? 'queued again' : `stopped by ${stopped} and queued again`
  return { why: `${again}: Slurm begins no such job at once (${reason})` }
}

/** @param silent why nobody knows what became of a job that is not in the queue any more */
async function openBlock(
  dir: string,
  plan: PlanHeader,
  block: number,
  job: JobState | undefined,
  silent?: string,
): Promise<OpenBlock> {
  if (job === undefined) {
    return { block, state: 'unknown', ...(silent !== undefined && { why: silent }), ...(await problemOf(dir, block)) }
  }
  const { state: word, node } = job
  const rest = { block, word, job: `${job.job}_${job.task ?? 0}`, ...(node !== undefined && { node }) }
  const phase = phaseOf(word)
  if (phase === 'waiting') return { ...rest, state: 'waiting', ...(await whyWaiting(dir, job)) }
  if (phase === 'running') return { ...rest, state: 'running' }
  return { ...rest, state: 'ended', ...(await endingOf(dir, plan, block, job)) }
}
