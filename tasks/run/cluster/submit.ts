/** A plan is made here and carried out by an array of jobs. */
import { randomBytes } from 'node:crypto'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { named } from '../../config/open.ts'
import type { Context } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { Failure, userError } from '../../engine/error.ts'
import { lock } from '../../engine/lock.ts'
import { plural } from '../../engine/text.ts'
import { maxArraySize, rangesOf, submit } from '../../host/slurm.ts'
import { partitions } from '../../host/slurm-partitions.ts'
import { prepared as prepare, seedOf, type Prepared } from '../experiment.ts'
import type { ExperimentRequest } from '../request.ts'
import type { Places } from '../../vm/vm.ts'
import { blockedSchedule, blockSize } from './blocks.ts'
import { arrayOptions, commonOptions, memoryOf, needsOf, scriptText, type JobRequest, type Program } from './script.ts'
import { changed } from '../plan/journal.ts'
import { needMemory, needPartition, needTime, profileOptions, type Profile } from './profile.ts'
import { madeOf, noteJobs, openBlocks } from './progress.ts'
import { listPlans, putFile, readPlan, storePlan, type PlanHeader } from './stored-plan.ts'

export interface Submitted {
  readonly plan: PlanHeader
  readonly dir: string
  /** Numbers of jobs, in the order in which they were submitted. */
  readonly jobs: readonly string[]
  /** Blocks that they do. */
  readonly tasks: number
  /** Runs that had a result before. */
  readonly made: number
  /** Blocks that jobs of before wait for or are at. */
  readonly queued: number
}

/** What is asked of a cluster. */
export interface ClusterRequest {
  readonly request: ExperimentRequest
  readonly program: Program
  readonly profile: Profile
  /** Tasks at a time, instead of what the profile says. */
  readonly atATime?: number | undefined
  /** The command that submits what is missing. */
  readonly again: string
}

const scriptOf = (dir: string) => join(dir, 'task.sh')

/** One attempt, its retries, and one more with a larger buffer. */
const mostAttempts = ({ experiment }: Pick<ExperimentRequest, 'experiment'>): number => experiment.retries + 2

/** Writes a new plan down. */
async function newPlan(
  { request, again }: ClusterRequest,
  made: Prepared,
  places: Places,
  { cache }: Context,
): Promise<{ dir: string; plan: PlanHeader }> {
  const { experiment } = request
  const { shape } = made
  const seed = seedOf(experiment)
  const arms = made.arms.length
  const runs = blockedSchedule({ arms, repeats: shape.repeats, warmup: shape.warmup, order: shape.order, seed })
  const { prepare: _, open: _vm, follow: _follow, watch: _watch, treeOf: _tree, ...stored } = request
  const dir = await storePlan(
    stateOf(request),
    {
      id: randomBytes(6).toString('hex'),
      experiment: experiment.name,
      started: new Date().toISOString(),
      ...shape,
      seed,
      blocks: shape.repeats,
      size: blockSize({ arms, warmup: shape.warmup }),
      attempts: mostAttempts(request),
      results: places.results,
      cache,
      resume: again,
      memory: memoryOf(named(request.lab.vms, 'vm', experiment.vm)),
    },
    { wanted: stored, prepared: made, runs },
  )
  makeDirectory(join(dir, 'logs'), 0o700)
  return { dir, plan: await readPlan(dir) }
}

const stateOf = ({ lab }: Pick<ExperimentRequest, 'lab'>): string => join(lab.directory, '.lab')

/**
 * The newest plan of an experiment that lacks results, or, where all are whole, the newest.
 * @throws a user's Failure if there is none, or what is asked for is something else by now
 */
async function planToResume({ request }: ClusterRequest, { shape }: Prepared) {
  const { experiment } = request
  const place = '--on slurm --resume'
  const all = await listPlans(stateOf(request), experiment.name)
  const made = await Promise.all(all.map(({ dir, plan }) => madeOf(dir, plan)))
  const found = all.find((_, at) => (made[at]?.missing.length ?? 0) > 0) ?? all[0]
  if (found === undefined)
    throw userError({
      place,
      fact: `there is nothing to resume: there is no plan of ${experiment.name}`,
      wayOut: 'leave --resume out to make one; `lab jobs` lists plans',
    })
  const { plan } = found
  const same = isDeepStrictEqual(
    [plan.arms, plan.repeats, plan.warmup, plan.order],
    [shape.arms, shape.repeats, shape.warmup, shape.order],
  )
  const differ = [...(same ? [] : ['arms, repeats or order']), ...changed(plan.inputs, shape.inputs)]
  if (differ.length === 0) return found
  throw userError({
    place,
    fact: `plan ${plan.id} of ${experiment.name} (${plan.started}) was another one: ${differ.join(', ')} changed since`,
    wayOut: 'go back to what it was, or leave out --resume and make a new plan; existing results stay',
  })
}

/**
 * Submits these blocks, in as many arrays as the cluster's limit asks for.
 * @param jobs numbers of the jobs that Slurm took, added as it takes them
 */
async function submitBlocks(
  job: JobRequest,
  options: readonly string[],
  blocks: readonly number[],
  jobs: string[],
  { signal }: Context,
): Promise<void> {
  const most = await maxArraySize(signal)
  const chunks = Map.groupBy(blocks, (block) => Math.floor(block / most))
  for (const [chunk, members] of chunks) {
    const from = chunk * most
    const numbers = rangesOf(members.map((block) => block - from))
    const argv = [...commonOptions(job), ...options, ...arrayOptions(job, numbers), scriptOf(job.dir)]
    const id = await submit([...argv, 'task', job.dir, `--from=${from}`], signal)
    jobs.push(id)
    await noteJobs(job.dir, [{ job: id, from, submitted: new Date().toISOString() }])
  }
}

/** A small job after all others, however they end: it writes what came out beside the plan. */
async function submitSummary(
  job: JobRequest,
  options: readonly string[],
  jobs: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const argv = [
    ...commonOptions(job),
    ...options,
    '--cpus-per-task=1',
    `--dependency=afterany:${jobs.join(':')}`,
    `--output=${join(job.dir, 'summary.txt')}`,
    scriptOf(job.dir),
    `--file=${job.labFile}`,
    'jobs',
    job.plan.id,
  ]
  const id = await submit(argv, signal)
  await noteJobs(job.dir, [{ job: id, from: null, submitted: new Date().toISOString() }])
  return id
}

/** Submits the blocks of a plan that neither have results nor are in the queue. */
async function submitOpen(
  { request, program, profile, atATime }: ClusterRequest,
  dir: string,
  plan: PlanHeader,
  isNew: boolean,
  context: Context,
): Promise<Submitted> {
  const { lab, experiment } = request
  // Two that resume at once would submit the same blocks twice.
  await using _lock = await lock(join(dir, 'submit'), context.signal, () =>
    context.emit({
      type: 'notice',
      level: 'info',
      place: `plan ${plan.id}`,
      text: 'another command is submitting its jobs; waiting for it to end',
    }),
  )
  const { runs, missing } = await madeOf(dir, plan)
  const open = isNew ? [] : await openBlocks(dir, plan, missing, context.signal)
  const busy = new Set(
    open.filter(({ state }) => state === 'waiting' || state === 'running').map((block) => block.block),
  )
  const blocks = missing.filter((block) => !busy.has(block))
  const about = { plan, dir, made: runs, queued: busy.size, tasks: blocks.length }
  if (blocks.length === 0) return { ...about, jobs: [] }
  putFile(scriptOf(dir), scriptText(program, context.cache, profile.scratch, profile.prologue ?? []))
  await chmod(scriptOf(dir), 0o700)
  const job: JobRequest = { plan, dir, directory: lab.directory, labFile: lab.file, atATime: atATime ?? profile.tasks }
  const vm = lab.vms[experiment.vm]
  const options = [...(vm ? needsOf(vm) : []), ...profileOptions(profile)]
  const jobs: string[] = []
  try {
    await submitBlocks(job, options, blocks, jobs, context)
    const summary = await submitSummary(job, profileOptions(profile), jobs, context.signal)
    return { ...about, jobs: [...jobs, summary] }
  } catch (error) {
    // Nobody will carry out a plan of which Slurm took nothing.
    if (isNew && jobs.length === 0) await rm(dir, { recursive: true, force: true })
    throw withTaken(error, jobs, plan)
  }
}

/** A failure after Slurm took some of the jobs names these: they run, whatever this command ends with. */
export function withTaken(error: unknown, jobs: readonly string[], { resume }: Pick<PlanHeader, 'resume'>): unknown {
  if (!(error instanceof Failure) || jobs.length === 0) return error
  const { parts, kind } = error
  const taken = `${plural(jobs.length, 'job')} of the plan had been submitted and will run: ${jobs.join(', ')}`
  const wayOut = `\`${resume}\` submits the rest${parts.wayOut === undefined ? '' : `; ${parts.wayOut}`}`
  return new Failure(kind, { ...parts, lines: [...(parts.lines ?? []), taken], wayOut }, { cause: error })
}

/**
 * Plans an experiment and submits it, or what its newest plan lacks. The terminal may be closed when this returns.
 * @param resume go on with the newest plan
 */
export async function submitExperiment(
  asked: ClusterRequest,
  resume: boolean,
  places: Places,
  context: Context,
): Promise<Submitted> {
  const { request, profile } = asked
  needMemory(profile, named(request.lab.vms, 'vm', request.experiment.vm))
  needTime(profile, request.experiment, needPartition(profile, await partitions(context.signal)))
  const made = await prepare(request, places, context)
  const { dir, plan } = resume ? await planToResume(asked, made) : await newPlan(asked, made, places, context)
  return await submitOpen(asked, dir, plan, !resume, context)
}
