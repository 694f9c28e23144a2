/**
 * One task of an array: what is due of a block, done on this node. What is done already, the results say, so that a
 * task that is queued again, submitted again or resumed is the same task.
 */
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { step, type Context } from '../../engine/context.ts'
import { Failure, labError, type FailureParts } from '../../engine/error.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { printable } from '../../engine/printable.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { carryOut, triesIn, type Prepared } from '../experiment.ts'
import { earlierRuns } from '../plan/earlier.ts'
import type { Problem } from '../plan/left.ts'
import { needOneAccelerator } from './accelerator.ts'
import { runName } from './blocks.ts'
import { onNodeDisk } from './capsule.ts'
import { claimBlock } from './claim.ts'
import { allPassed, attemptsAt, noteFinished, runsOfBlock } from './done.ts'
import { placesOfTask, putFile, readBody, type PlanHeader } from './stored-plan.ts'

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

const QEMU = 'qemu-system-x86_64'

/**
 * The tools of a run made here: compilers of the host that built everything, QEMU of this node. Another QEMU than where
 * the plan was made is a warning, and the manifest of each run says which one it was.
 */
async function toolsHere(planned: Prepared['tools'], { cache, signal, emit }: Context): Promise<Prepared['tools']> {
  const here = await toolVersion(QEMU, cache, signal)
  const there = planned[QEMU]
  if (there !== undefined && there !== here)
    emit({
      type: 'notice',
      level: 'warning',
      place: `node ${hostname()}`,
      text: `this node has another QEMU than the host of the plan: ${printable(here, 100)} here, ${printable(there, 100)} there; the manifests say which run had which`,
    })
  return { ...planned, [QEMU]: here }
}

/** A block of a plan, and where to work. */
export interface BlockTask {
  /** Of the plan. */
  readonly dir: string
  readonly plan: PlanHeader
  readonly block: number
  /**
   * A directory on the node's own disk, for copies of what the runs are made of; undefined: the cache's files are used.
   */
  readonly scratch?: string | undefined
}

/** Carries out what is due of a block. */
async function workOff(
  { dir, plan, block, scratch: nodeDisk }: BlockTask,
  context: Context,
): Promise<readonly Problem[]> {
  const { wanted, prepared, runs: all } = await readBody(dir, plan)
  const indexes = runsOfBlock(plan, block)
  const made = earlierRuns(await attemptsAt(plan, indexes), triesIn(wanted.experiment, prepared, all))
  const due = indexes.flatMap((index) => (made.done.has(index) ? [] : (all[index] ?? [])))
  if (due.length === 0) return []
  await needOneAccelerator(dir, prepared, due, context)
  const scratch = await makeScratch('task')
  try {
    const { arms, early, kept, disks } = prepared
    const ready = nodeDisk === undefined ? prepared.ready : await onNodeDisk(prepared.ready, nodeDisk, context)
    const tools = await toolsHere(prepared.tools, context)
    const named = { made: plan.started, of: (index: number, attempt: number) => runName(plan, index, attempt) }
    const name = `experiment ${plan.experiment}`
    const planned = due.length
    return await step(context, name, `${name}, block ${block + 1} of ${plan.blocks}`, async (handle) => {
      const { leftovers, results } = await carryOut(
        { ...wanted, prepare: () => Promise.reject(new Error('a task builds nothing')) },
        { arms, ready, early, kept, disks, tools, journal: plan, named, ...made, runs: due, count: 1 },
        placesOfTask(scratch, plan),
        context,
        handle,
      )
      const { problems } = leftovers
      const detail = `${results.size} of ${planned} runs have a result`
      return { outcome: problems.length === 0 ? 'done' : 'failed', detail, value: problems }
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
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
