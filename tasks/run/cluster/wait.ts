/** Waits for the jobs of a plan, and sums up what came of it as of a run on this machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { step, type Context } from '../../engine/context.ts'
import { Failure, interrupted, type FailureKind } from '../../engine/error.ts'
import { moment, secondsSince } from '../../engine/moment.ts'
import { printable } from '../../engine/printable.ts'
import type { ExperimentOutcome } from '../experiment.ts'
import type { RunOutcome } from '../outcome.ts'
import type { Problem } from '../plan/left.ts'
import { attemptsAt, runsOfBlock } from './done.ts'
import { madeOf, openBlocks, problemsOf, type Made, type OpenBlock } from './progress.ts'
import type { PlanHeader } from './stored-plan.ts'

/** Seconds between two looks at the results. */
const LOOK = 2
/** Seconds before Slurm is asked for the first time, and at most between two questions. */
const ASK = { first: 30, most: 300, factor: 1.5 }
/** Seconds for which results of tasks that have ended are looked for: file servers show files late. */
const LATE = 60

const pause = async (seconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(seconds * 1000, undefined, { signal })
  } catch {
    throw interrupted()
  }
}

/** Waits until every run has a result or nothing is in the queue any more. */
async function settled(
  dir: string,
  plan: PlanHeader,
  tell: (made: Made) => void,
  { signal }: Context,
): Promise<readonly OpenBlock[]> {
  const begun = moment()
  let [next, every] = [ASK.first, ASK.first]
  let quietSince: number | undefined
  for (;;) {
    const made = await madeOf(dir, plan)
    tell(made)
    if (made.missing.length === 0) return []
    const now = secondsSince(begun)
    if (now >= next) {
      const open = await openBlocks(dir, plan, made.missing, signal)
      const busy = open.some(({ state }) => state === 'waiting' || state === 'running')
      quietSince = busy ? undefined : (quietSince ?? now)
      const late = open.some(({ word }) => word === 'COMPLETED')
      if (quietSince !== undefined && (!late || now - quietSince >= LATE)) return open
      every = Math.min(every * ASK.factor, ASK.most)
      next = now + (quietSince === undefined ? every : LOOK)
    }
    await pause(LOOK, signal)
  }
}

/** What came of a plan so far, in its order. */
export async function outcomeOf(dir: string, plan: PlanHeader, open: readonly OpenBlock[]): Promise<ExperimentOutcome> {
  const indexes = Array.from({ length: plan.blocks }, (_, block) => runsOfBlock(plan, block)).flat()
  const attempts = await attemptsAt(plan, indexes)
  const outcomes = indexes.flatMap((index): RunOutcome[] => {
    const last = attempts.get(index)?.at(-1)
    return last && !last.manifest.plan.warmup ? [{ dir: last.dir, manifest: last.manifest, own: undefined }] : []
  })
  const problems: Problem[] = []
  for (const { block, state, why, word, wayOut, job, node } of open) {
    if (state === 'waiting' || state === 'running') continue
    const kept = await problemsOf(dir, block)
    for (const { arm, repeat, failure } of kept) {
      const { kind, ...parts } = failure
      problems.push({ arm, repeat, failure: new Failure(kind as FailureKind, parts) })
    }
    if (kept.length > 0) continue
    const fact = `it left no result${word === undefined ? '' : ` (${word})`}${why === undefined ? '' : `: ${why}`}`
    problems.push({
      arm: '',
      repeat: block + 1,
      failure: new Failure('lab', {
        place: `${job === undefined ? `block ${block}` : `job ${job}`}${node === undefined ? '' : ` on ${printable(node, 60)}`}`,
        fact,
        wayOut: `${wayOut === undefined ? '' : `${wayOut}: `}\`${plan.resume}\` submits it again`,
      }),
    })
  }
  return { outcomes, problems, left: [] }
}

/** Waits for a plan as a local run would take its time. Ctrl-C ends the waiting, not the jobs. */
export async function waitForPlan(dir: string, plan: PlanHeader, context: Context): Promise<ExperimentOutcome> {
  const name = `experiment ${plan.experiment}`
  return await step(context, name, `${name} on slurm`, async ({ progress }) => {
    const total = plan.blocks * plan.size
    const open = await settled(dir, plan, ({ runs }) => progress(`lab-${plan.id}`, runs, total, 'runs'), context)
    const value = await outcomeOf(dir, plan, open)
    const passed = value.outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return {
      outcome: passed === value.outcomes.length && value.problems.length === 0 ? 'done' : 'failed',
      detail: `${passed} of ${value.outcomes.length} runs passed`,
      value,
    }
  })
}
