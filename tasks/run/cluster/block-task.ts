/**
 * One task of an array: what is due of a block, done on this node. What is done already, the results say, so that a task
 * that is queued again, submitted again or resumed is the same task.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { Failure, labError, type FailureParts } from '../../engine/error.ts'
import { makeDirectory } from '../../engine/directory.ts'
import type { Problem } from '../plan/left.ts'
import type { BlockTask } from './block-work.ts'
import { claimBlock } from './claim.ts'
import { allPassed, attemptsAt, noteFinished, runsOfBlock } from './done.ts'
import { putFile } from './stored-plan.ts'

/** How a task ended. */
export interface TaskOutcome {
  /** Runs of the block. */
  readonly runs: number
  /** Those that this task made. */
  readonly made: number
  /** Those that passed, whoever made them. */
  readonly passed: number
  /** Somebody else is at the block. */
  readonly by?: string
}

/** A run of a block that left no result, as it is kept for those who ask what became of the plan. */
export interface KeptProblem {
  readonly arm: string
  readonly repeat: number
  readonly failure: FailureParts & { readonly kind: string }
}

export const problemsDir = (plan: string): string => join(plan, 'problems')

async function keepProblems(dir: string, block: number, problems: readonly Problem[]): Promise<void> {
  const file = join(problemsDir(dir), `${block}.json`)
  if (problems.length === 0) return await rm(file, { force: true })
  makeDirectory(problemsDir(dir), 0o700)
  const kept: KeptProblem[] = problems.map(({ arm, repeat, failure }) => ({
    arm,
    repeat,
    failure: { kind: failure.kind, ...failure.parts },
  }))
  putFile(file, `${JSON.stringify(kept, null, 1)}\n`)
}

/** @throws the failure of the first run that left no result */
export async function blockTask(task: BlockTask, context: Context): Promise<TaskOutcome> {
  const { dir, plan, block } = task
  const indexes = runsOfBlock(plan, block)
  const before = await attemptsAt(plan, indexes)
  if (allPassed(indexes, before)) return { runs: indexes.length, made: 0, passed: indexes.length }
  const claim = await claimBlock(dir, block, context.signal)
  if ('by' in claim) return { runs: indexes.length, made: 0, passed: 0, by: claim.by }
  await using _taken = claim.taken
  // Most tasks of a plan that is resumed find their work done: they need not load what makes runs.
  const { workOff } = await import('./block-work.ts')
  const problems = await workOff(task, context).catch(async (error: unknown) => {
    // Before any run: without this nobody who looks at the plan would know why.
    if (error instanceof Failure && error.kind !== 'interrupted')
      await keepProblems(dir, block, [{ arm: '', repeat: block + 1, failure: error }])
    throw error
  })
  await keepProblems(dir, block, problems)
  if (problems.length === 0) noteFinished(dir, block)
  const after = await attemptsAt(plan, indexes)
  const [first] = problems
  if (first)
    throw labError({
      ...first.failure.parts,
      place: `block ${block} of plan ${plan.id}: ${first.failure.parts.place ?? `arm ${first.arm}`}`,
    })
  const results = (found: typeof after) => [...found.values()].flat().length
  return {
    runs: indexes.length,
    made: results(after) - results(before),
    passed: indexes.filter((index) => after.get(index)?.at(-1)?.manifest.verdict === 'passed').length,
  }
}
