/**
 * Step: experiment. Every arm and repeat in its planned order, on as many VMs as are asked for; one result directory
 * per run.
 */
import { join } from 'node:path'
import { arms, onlyArms, type Arm } from '../config/arms.ts'
import { labFor } from '../config/derived.ts'
import type { ResolvedExperiment } from '../config/resolved.ts'
import type { Failed } from '../trace/expect/expect-failure.ts'
import { prepareParquet } from '../trace/events/events-parquet.ts'
import { step, type Context, type StepHandle } from '../engine/context.ts'
import { hashText } from '../engine/fingerprint.ts'
import { keepInputs } from '../results/kept-inputs.ts'
import type { KeptInputs } from '../results/manifest.ts'
import {
  attemptsOf,
  endJournal,
  interruptedJournals,
  journalsDir,
  newJournal,
  resumeJournal,
  writeJournal,
  type ComparedPlan,
  type Journal,
} from './plan/journal.ts'
import { toolsUsed } from '../host/tools-used.ts'
import { Attempts } from './plan/attempts.ts'
import { failedBefore } from './guest/without-guest.ts'
import { earlierRuns } from './plan/earlier.ts'
import type { RunOutcome } from './outcome.ts'
import type { LeftRuns, Problem } from './plan/left.ts'
import { preflight } from './judge/preflight.ts'
import { PlanExecutor, type RunPlan, type RunsToMake } from './plan/executor.ts'
import { deployables } from './guest/record.ts'
import { listRuns } from '../results/result.ts'
import { schedule, type PlannedRun } from './plan/schedule.ts'
import { describeObjects } from './guest/slots.ts'
import { affordable, budget, workers } from './plan/workers.ts'
import type { RunArtefacts } from '../build/artefacts.ts'
import { diskFiles } from '../vm/disks.ts'
import type { Places } from '../vm/vm.ts'
import type { ExperimentRequest, PlanState } from './request.ts'

export interface ExperimentOutcome {
  /** The last attempt at each run that counts, in the order of the plan. */
  readonly outcomes: readonly RunOutcome[]
  readonly problems: readonly Problem[]
  /** Runs that were planned and not made. */
  readonly left: readonly LeftRuns[]
}

/** Draws from the machine's own randomness: what is recorded makes it repeatable. */
const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1

/** What is built for each kernel of the arms; the key of arms that name none is undefined. */
async function prepareAll(
  request: ExperimentRequest,
  list: readonly Arm[],
): Promise<Map<string | undefined, RunArtefacts>> {
  const ready = new Map<string | undefined, RunArtefacts>()
  for (const kernel of new Set(list.map((arm) => arm.kernel))) {
    const probes = list.filter((arm) => arm.kernel === kernel).map((arm) => arm.probes ?? request.experiment.probes)
    ready.set(kernel, await request.prepare(kernel, [...new Set(probes.flat())]))
  }
  return ready
}

/** Declared failures that come before a VM boots, by arm; others (a wrong map slot) are reported here. */
async function earlyFailures(
  request: ExperimentRequest,
  list: readonly Arm[],
  ready: ReadonlyMap<string | undefined, RunArtefacts>,
): Promise<Map<Arm, readonly Failed[]>> {
  const early = new Map<Arm, readonly Failed[]>()
  for (const [kernel, artefacts] of ready) {
    const described = await describeObjects(artefacts.objects)
    for (const arm of list)
      if (arm.kernel === kernel) early.set(arm, failedBefore(request.experiment, artefacts, arm, described))
  }
  return early
}

/** Refuses arms whose programs their kernel will not take; those of which an experiment declares it go on. */
async function refuseHooks(
  { lab, experiment, treeOf }: ExperimentRequest,
  list: readonly Arm[],
  ready: ReadonlyMap<string | undefined, RunArtefacts>,
  context: Context,
): Promise<void> {
  const own = labFor(lab, experiment)
  for (const [kernel, artefacts] of ready)
    for (const arm of list)
      if (arm.kernel === kernel)
        await preflight(own, experiment, artefacts, arm, treeOf?.(artefacts.vm.kernel.name), context)
}

/** Everything that makes two runs of one plan the same thing, by name. */
function inputsOf(
  { lab, experiment, start }: ExperimentRequest,
  ready: ReadonlyMap<string | undefined, RunArtefacts>,
): Journal['inputs'] {
  // What others published decides nothing about a run.
  const inputs: Record<string, string> = { experiment: hashText(JSON.stringify({ ...experiment, published: [] })) }
  inputs['the way to start'] = start ?? experiment.start
  inputs[`vm ${experiment.vm}`] = hashText(JSON.stringify(lab.vms[experiment.vm] ?? null))
  for (const artefacts of ready.values()) {
    const { vm } = artefacts
    if (vm.accel !== undefined) inputs['--accel'] = vm.accel
    inputs[`kernel ${vm.kernel.name}`] = vm.kernel.fingerprint
    inputs[`image ${vm.image.name}`] = vm.image.fingerprint
    for (const deployable of deployables(artefacts))
      inputs[`${deployable.name} for ${vm.kernel.name}`] = deployable.fingerprint
  }
  return inputs
}

/**
 * How often a run of an arm may be made. One that ends before it needs a VM, or whose guest lets nothing in, would be
 * the same again.
 */
const attemptsFor = ({ retries, trace }: ResolvedExperiment, once: boolean): Attempts =>
  new Attempts(once ? { retries: 0, onLoss: 'fail' } : { retries, onLoss: trace.onLoss })

/** The plan with all of its runs, done or not. */
interface WholePlan extends RunPlan {
  readonly journal: Journal
  readonly all: readonly PlannedRun[]
}

/** What a plan is made of before it is known which of its runs are due. */
export type Prepared = Pick<RunPlan, 'arms' | 'ready' | 'early' | 'kept' | 'disks' | 'tools'> & {
  /** What `--resume` compares. */
  readonly shape: ComparedPlan
}

/** Builds everything that the arms need and asks before any boot what can be asked then. */
export async function prepared(request: ExperimentRequest, places: Places, context: Context): Promise<Prepared> {
  const { experiment } = request
  const list = onlyArms(arms(experiment, request.overrides), request.only)
  const ready = await prepareAll(request, list)
  const early = await earlyFailures(request, list, ready)
  await refuseHooks(request, list, ready, context)
  const kept = new Map<string | undefined, KeptInputs>()
  for (const [kernel, { vm }] of ready)
    kept.set(kernel, await keepInputs(places.results, request.lab, vm.kernel, vm.image, context.toolRoot))
  const disks: Record<string, Readonly<Record<string, string>>> = {}
  for (const disk of request.lab.vms[experiment.vm]?.disks ?? []) disks[disk.name] = await diskFiles(disk, context)
  const shape = {
    arms: list.map(({ name }) => name),
    repeats: request.repeat ?? experiment.repeat,
    warmup: experiment.warmup,
    order: experiment.order,
    inputs: inputsOf(request, ready),
  }
  return { arms: list, ready, early, kept, disks, tools: await toolsUsed(context.cache, context.signal), shape }
}

/** A seed for the order of a new plan. */
export const seedOf = ({ seed }: ResolvedExperiment): number => seed ?? newSeed()

/** How often the run at a position of a plan may be made. */
export const triesIn =
  (experiment: ResolvedExperiment, { arms: list, ready, early }: Prepared, all: readonly PlannedRun[]) =>
  (index: number): Attempts => {
    const arm = list[all[index]?.arm ?? -1]
    const sealed = ready.get(arm?.kernel)?.vm.vm.deterministic === true
    return attemptsFor(experiment, sealed || (arm !== undefined && (early.get(arm) ?? []).length > 0))
  }

/** What is to be done, and, where an interrupted run is resumed, what is done already. */
async function planOf(request: ExperimentRequest, places: Places, dir: string, context: Context): Promise<WholePlan> {
  const { experiment } = request
  const made = await prepared(request, places, context)
  const { shape } = made
  const journal = request.resume
    ? await resumeJournal(dir, experiment.name, shape)
    : newJournal({ ...shape, seed: seedOf(experiment) })
  const { repeats, warmup, order } = shape
  const all = schedule({ arms: made.arms.length, repeats, warmup, order, seed: journal.seed })
  const found = request.resume ? attemptsOf(journal.id, await listRuns(places.results, experiment.name)) : new Map()
  return { ...made, journal, all, ...earlierRuns(found, triesIn(experiment, made, all)) }
}

/** Starting over gives up what was interrupted before, and says so. */
async function forgetInterrupted(dir: string, experiment: string, context: Context): Promise<void> {
  for (const journal of await interruptedJournals(dir)) {
    await endJournal(dir, journal)
    if (journal.arms.length * journal.repeats > 1)
      context.emit({
        type: 'notice',
        level: 'info',
        place: `experiment ${experiment}`,
        text: `starts over; the unfinished run of ${journal.started} is abandoned, and its results stay`,
        wayOut: 'next time, use --resume to finish an interrupted run before you start it over',
      })
  }
}

/**
 * Makes the runs that are due of a plan.
 * @param soFar what somebody who watches is shown
 * @returns what came of them
 */
export async function carryOut(
  request: ExperimentRequest,
  plan: RunPlan & RunsToMake,
  places: Places,
  context: Context,
  handle: StepHandle,
  soFar?: (results: PlanExecutor['results']) => PlanState,
): Promise<Pick<PlanExecutor, 'results' | 'leftovers'>> {
  const executor = new PlanExecutor(request, plan, places, context, handle)
  if (soFar) request.watch?.(() => soFar(executor.results))
  const working = workers(plan.count, executor, context)
  // Loading DuckDB takes a while: as long as the first VM takes to begin its boot.
  if (request.experiment.collect.includes('trace')) prepareParquet()
  await working
  return executor
}

/**
 * Runs every arm and repeat of an experiment. @throws what made the only arm fail, before any of its runs had a result
 */
export async function experimentStep(
  request: ExperimentRequest,
  places: Places,
  context: Context,
): Promise<ExperimentOutcome> {
  const { experiment, lab } = request
  const dir = journalsDir(join(lab.directory, '.lab'), experiment.name)
  const plan = await planOf(request, places, dir, context)
  const { journal, all, done, begun } = plan
  if (!request.resume) await forgetInterrupted(dir, experiment.name, context)
  const parallel = request.parallel ?? experiment.parallel
  const vm = lab.vms[experiment.vm] ?? { cpus: 1, memory: 0 }
  const runs = all.filter(({ index }) => !done.has(index))
  const wish = Math.min(Math.max(runs.length, 1), parallel === 'auto' ? budget(vm) : parallel)
  const { count, why } = affordable(wish, vm)
  using _atIt = await writeJournal(dir, journal)
  const name = `experiment ${experiment.name}`
  const lastOfEach = (results: PlanExecutor['results']) =>
    all.flatMap(({ index, warmup }) => {
      const outcome = results.get(index) ?? done.get(index) ?? begun.get(index)?.last
      return outcome && !warmup ? [outcome] : []
    })
  if (why !== undefined) context.emit({ type: 'notice', level: 'warning', place: name, text: why })
  return await step(context, name, name, async (handle) => {
    const planned = { ...plan, runs, count }
    const total = all.filter(({ warmup }) => !warmup).length
    const executor = await carryOut(request, planned, places, context, handle, (results) => ({
      total,
      outcomes: lastOfEach(results),
    }))
    const { problems, left } = executor.leftovers
    const outcomes = lastOfEach(executor.results)
    const [first] = problems
    // What is unfinished can be resumed; a mistake of the user's that let no run come about is not a run that was
    // begun.
    if (outcomes.length === 0 ? first?.failure.kind === 'user' : problems.length + left.length === 0)
      await endJournal(dir, journal)
    if (first && outcomes.length === 0) throw first.failure
    const passed = outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return {
      outcome: passed === outcomes.length && problems.length + left.length === 0 ? 'done' : 'failed',
      detail: `${passed} of ${outcomes.length} runs passed`,
      value: { outcomes, problems, left },
    }
  })
}
