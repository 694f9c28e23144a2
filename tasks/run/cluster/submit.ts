/** A plan is made here and carried out by an array of jobs. */
import { randomBytes } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { maxArraySize, rangesOf, submit } from '../../host/slurm.ts'
import { prepared as prepare, seedOf, type Prepared } from '../experiment.ts'
import type { ExperimentWanted } from '../request.ts'
import type { Places } from '../../vm/vm.ts'
import { blockedSchedule, blockSize } from './blocks.ts'
import { arrayOptions, commonOptions, needsOf, scriptText, type JobWanted, type Program } from './script.ts'
import { putFile, readPlan, storePlan, type PlanHeader } from './stored-plan.ts'

export interface Submitted {
  readonly plan: PlanHeader
  readonly dir: string
  /** Numbers of jobs, in the order in which they were submitted. */
  readonly jobs: readonly string[]
  readonly tasks: number
}

/** What is asked of a cluster. */
export interface ClusterWanted {
  readonly wanted: ExperimentWanted
  readonly program: Program
  readonly atATime?: number | undefined
}

const scriptOf = (dir: string) => join(dir, 'task.sh')

/** One attempt, its retries, and one more with a larger buffer. */
const mostAttempts = ({ experiment }: Pick<ExperimentWanted, 'experiment'>): number => experiment.retries + 2

/** Writes a new plan down. */
async function newPlan(
  { wanted, program }: ClusterWanted,
  made: Prepared,
  places: Places,
  { cache }: Context,
): Promise<{ dir: string; plan: PlanHeader }> {
  const { lab, experiment } = wanted
  const { shape } = made
  const seed = seedOf(experiment)
  const arms = made.arms.length
  const runs = blockedSchedule({ arms, repeats: shape.repeats, warmup: shape.warmup, order: shape.order, seed })
  const { prepare: _, open: _vm, follow: _follow, watch: _watch, treeOf: _tree, ...request } = wanted
  const dir = await storePlan(
    join(lab.directory, '.lab'),
    {
      id: randomBytes(6).toString('hex'),
      experiment: experiment.name,
      started: new Date().toISOString(),
      ...shape,
      seed,
      blocks: shape.repeats,
      size: blockSize({ arms, warmup: shape.warmup }),
      attempts: mostAttempts(wanted),
      results: places.results,
      cache,
    },
    { wanted: request, prepared: made, runs },
  )
  makeDirectory(join(dir, 'logs'), 0o700)
  await putFile(scriptOf(dir), scriptText(program, cache, undefined, []))
  await chmod(scriptOf(dir), 0o700)
  return { dir, plan: await readPlan(dir) }
}

/**
 * Submits these blocks, in as many arrays as the cluster's limit asks for.
 * @param jobs numbers of the jobs that Slurm took, added as it takes them
 */
async function submitBlocks(
  job: JobWanted,
  options: readonly string[],
  blocks: readonly number[],
  jobs: string[],
  { signal }: Context,
): Promise<void> {
  const most = await maxArraySize(signal)
  const chunks = Map.groupBy(blocks, (block) => Math.floor(block / most))
  for (const [chunk, members] of chunks) {
    const numbers = rangesOf(members.map((block) => block - chunk * most))
    const argv = [...commonOptions(job), ...options, ...arrayOptions(job, numbers), scriptOf(job.dir)]
    jobs.push(await submit([...argv, 'task', job.dir, `--from=${chunk * most}`], signal))
  }
}

/** Plans an experiment and submits it. The terminal may be closed when this returns. */
export async function submitExperiment(asked: ClusterWanted, places: Places, context: Context): Promise<Submitted> {
  const { wanted, atATime } = asked
  const { lab, experiment } = wanted
  const made = await prepare(wanted, places, context)
  const { dir, plan } = await newPlan(asked, made, places, context)
  const job: JobWanted = { plan, dir, directory: lab.directory, atATime }
  const vm = lab.vms[experiment.vm]
  const blocks = Array.from({ length: plan.blocks }, (_, block) => block)
  const jobs: string[] = []
  try {
    await submitBlocks(job, vm ? needsOf(vm) : [], blocks, jobs, context)
  } catch (error) {
    // Nobody will carry out a plan of which Slurm took nothing.
    if (jobs.length === 0) await rm(dir, { recursive: true, force: true })
    throw error
  }
  return { plan, dir, jobs, tasks: blocks.length }
}
