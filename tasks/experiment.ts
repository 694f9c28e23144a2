/** Step: experiment. Every arm and repeat in its planned order, on as many VMs as are asked for; one result directory per run. */
import { join } from 'node:path'
import { arms, onlyArms, type Arm, type Overrides } from './config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from './config/resolve.ts'
import type { Failed } from './data/expect-failure.ts'
import { prepareParquet } from './data/events-parquet.ts'
import { step, type Context, type StepHandle } from './engine/context.ts'
import { Failure } from './engine/error.ts'
import { hashText } from './engine/fingerprint.ts'
import { keepInputs, type KeptInputs } from './evidence/inputs.ts'
import { printable } from './engine/printable.ts'
import {
  attemptsOf,
  endJournal,
  interruptedJournals,
  journalsDir,
  newJournal,
  resumeJournal,
  writeJournal,
  type Journal,
} from './experiment/journal.ts'
import { failedBefore, withoutGuest } from './experiment/before.ts'
import { enough } from './experiment/metrics.ts'
import { finishRun, runInGuest, type RunOutcome } from './experiment/one-run.ts'
import { deployables, type Session, type Slot } from './experiment/record.ts'
import { listRuns } from './experiment/result.ts'
import { schedule, type PlannedRun } from './experiment/schedule.ts'
import { openSession } from './experiment/session.ts'
import { describeObjects } from './experiment/slots.ts'
import { budget, takeFirst, workers } from './experiment/workers.ts'
import type { Ready } from './plan.ts'
import { endIfDead, openVm, type Places } from './vm.ts'
import { isAlive } from './vm/state.ts'

export type { RunOutcome } from './experiment/one-run.ts'

export interface ExperimentWanted {
  readonly lab: ResolvedLab
  readonly experiment: ResolvedExperiment
  /** Builds what an arm needs; `kernel` where the arm names one. Asked once for each kernel, before anything runs. */
  readonly prepare: (kernel: string | undefined, probes: readonly string[]) => Promise<Ready>
  readonly overrides: Overrides
  readonly repeat: number | undefined
  /** A VM of its own for every run, even if one is up. */
  readonly cold: boolean
  /** Keep the system calls of loader and workload. */
  readonly strace?: boolean
  /** `axis=value,...`: only these arms. */
  readonly only?: string | undefined
  /** Go on with the run that was interrupted. */
  readonly resume?: boolean
  /** VMs at a time, instead of what the experiment says. */
  readonly parallel?: number | 'auto' | undefined
  /** Where the VM comes from, when it is shared with other experiments. */
  readonly open?: typeof openVm
}

/** A run that left no result: why, and what became of the runs after it. */
export interface Problem {
  readonly arm: string
  readonly repeat: number
  readonly failure: Failure
}

export interface ExperimentOutcome {
  /** The last attempt at each run that counts, in the order of the plan. */
  readonly outcomes: readonly RunOutcome[]
  readonly problems: readonly Problem[]
  /** Runs of arms that were given up after a problem. */
  readonly left: number
}

/** Draws from the machine's own randomness: what is recorded makes it repeatable. */
const newSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 1

/** What is built for each kernel of the arms; the key of arms that name none is undefined. */
async function prepareAll(wanted: ExperimentWanted, list: readonly Arm[]): Promise<Map<string | undefined, Ready>> {
  const ready = new Map<string | undefined, Ready>()
  for (const kernel of new Set(list.map((arm) => arm.kernel))) {
    const probes = list.filter((arm) => arm.kernel === kernel).map((arm) => arm.probes ?? wanted.experiment.probes)
    ready.set(kernel, await wanted.prepare(kernel, [...new Set(probes.flat())]))
  }
  return ready
}

/** Declared failures that come before a VM boots, by arm; others (a wrong map slot) are told here. */
async function earlyFailures(
  wanted: ExperimentWanted,
  list: readonly Arm[],
  ready: ReadonlyMap<string | undefined, Ready>,
): Promise<Map<Arm, readonly Failed[]>> {
  const early = new Map<Arm, readonly Failed[]>()
  for (const [kernel, things] of ready) {
    const described = await describeObjects(things.objects)
    for (const arm of list)
      if (arm.kernel === kernel) early.set(arm, failedBefore(wanted.experiment, things, arm, described))
  }
  return early
}

/** Everything that makes two runs of one plan the same thing, by name. */
function inputsOf(
  { lab, experiment }: ExperimentWanted,
  ready: ReadonlyMap<string | undefined, Ready>,
): Journal['inputs'] {
  const inputs: Record<string, string> = { experiment: hashText(JSON.stringify(experiment)) }
  inputs[`vm ${experiment.vm}`] = hashText(JSON.stringify(lab.vms[experiment.vm] ?? null))
  for (const things of ready.values()) {
    const { vm } = things
    inputs[`kernel ${vm.kernel.name}`] = vm.kernel.fingerprint
    inputs[`image ${vm.image.name}`] = vm.image.fingerprint
    for (const one of deployables(things)) inputs[`${one.name} for ${vm.kernel.name}`] = one.fingerprint
  }
  return inputs
}

/** A plan in progress: what is left, what came out, and the VMs that are at it. */
class Progress {
  readonly #wanted: ExperimentWanted
  readonly #arms: readonly Arm[]
  readonly #ready: ReadonlyMap<string | undefined, Ready>
  readonly #early: ReadonlyMap<Arm, readonly Failed[]>
  readonly #kept: ReadonlyMap<string | undefined, KeptInputs>
  readonly #done: ReadonlyMap<number, RunOutcome>
  readonly #journal: Journal
  readonly #places: Places
  readonly #context: Context
  readonly #handle: StepHandle
  readonly #count: number
  readonly #total: number
  readonly #pending: PlannedRun[]
  readonly #sessions = new Map<number, Session>()
  readonly #finishing = new Map<number, Promise<void>>()
  readonly #givenUp = new Set<number>()
  readonly results = new Map<number, RunOutcome>()
  readonly problems: Problem[] = []
  left = 0

  constructor(
    wanted: ExperimentWanted,
    plan: Omit<Plan, 'all'> & { readonly runs: PlannedRun[]; readonly count: number },
    places: Places,
    context: Context,
    handle: StepHandle,
  ) {
    this.#wanted = wanted
    this.#arms = plan.arms
    this.#ready = plan.ready
    this.#early = plan.early
    this.#kept = plan.kept
    this.#done = plan.done
    this.#journal = plan.journal
    this.#pending = plan.runs
    this.#total = plan.runs.length
    this.#count = plan.count
    this.#places = places
    this.#context = context
    this.#handle = handle
  }

  #arm(run: PlannedRun): Arm {
    const arm = this.#arms[run.arm]
    if (arm === undefined) throw new Error(`the plan has a run of arm ${run.arm}, of ${this.#arms.length}`)
    return arm
  }

  readonly next = (kept: PlannedRun | undefined): PlannedRun | undefined => {
    const kernel = kept && this.#arm(kept).kernel
    for (;;) {
      const run = takeFirst(this.#pending, (one) => kept !== undefined && this.#arm(one).kernel === kernel)
      if (run === undefined) return undefined
      if (this.#givenUp.has(run.arm)) this.left++
      else if (!this.#satisfied(run)) return run
    }
  }

  /** Whether the runs of this arm say enough already (`repeat: { until: ... }`). */
  #satisfied({ arm, warmup }: PlannedRun): boolean {
    const { until } = this.#wanted.experiment
    if (until === undefined || warmup) return false
    const name = this.#arms[arm]?.name
    const all = [...this.#done.values(), ...this.results.values()].map(({ manifest }) => manifest)
    const ofArm = all.filter((one) => one.arm.name === name && one.plan?.warmup !== true)
    return enough(ofArm, until)
  }

  /** The worker's VM if it is of this kernel, may be shared and lives; else a new one. */
  async #session(worker: number, arm: Arm): Promise<Session> {
    const things = this.#ready.get(arm.kernel)
    if (things === undefined) throw new Error(`nothing was prepared for arm ${arm.name}`)
    const held = this.#sessions.get(worker)
    if (held?.things === things && isAlive(held.vm.state)) return held
    await this.close(worker)
    const { cold, open = openVm } = this.#wanted
    // One worker may take the VM that is up; the others would wait for it.
    const ownOne = cold || worker > 0
    const session = await openSession(
      this.#wanted,
      things,
      worker > 0 ? openVm : open,
      ownOne,
      this.#places,
      this.#context,
    )
    this.#sessions.set(worker, session)
    return session
  }

  #place(arm: Arm, run: PlannedRun): string {
    const words = [printable(arm.name), run.warmup ? 'warm-up' : '', `repeat ${run.repeat}`]
    return `experiment ${this.#wanted.experiment.name} (${words.filter(Boolean).join(', ')})`
  }

  #slot(run: PlannedRun, arm: Arm, attempt: number, buffers = 1): Slot {
    const { id, order, seed } = this.#journal
    const start = this.#wanted.cold ? 'cold' : this.#wanted.experiment.start
    const plan = { id, index: run.index, warmup: run.warmup, attempt, order, seed, start, parallel: this.#count }
    const inputs = this.#kept.get(arm.kernel)
    if (inputs === undefined) throw new Error(`nothing was kept for arm ${arm.name}`)
    return { arm, repeat: run.repeat, plan, inputs, buffers }
  }

  /** A run whose arm gave no result: the same would happen again, so the arm is given up, and others go on. */
  #failed(run: PlannedRun, error: unknown): void {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    this.#givenUp.add(run.arm)
    this.problems.push({ arm: this.#arm(run).name, repeat: run.repeat, failure: error })
  }

  async #attempt(
    session: Session,
    run: PlannedRun,
    arm: Arm,
    attempt: number,
    buffers: number,
    wait: boolean,
    worker: number,
  ): Promise<void> {
    const collected = await runInGuest(
      session,
      this.#slot(run, arm, attempt, buffers),
      this.#place(arm, run),
      this.#context,
    )
    await this.#settle(worker)
    // The host looks at one run while the guest is at the next: they use different CPUs.
    const finishing = finishRun(session, collected, this.#places, this.#context).then(
      (outcome) => void this.results.set(run.index, outcome),
      (error: unknown) => this.#failed(run, error),
    )
    this.#finishing.set(worker, finishing)
    // It is awaited after the next run; until then a failure of it is nobody's.
    finishing.catch(() => undefined)
    if (wait) await this.#settle(worker)
  }

  async #settle(worker: number): Promise<void> {
    const finishing = this.#finishing.get(worker)
    this.#finishing.delete(worker)
    await finishing
  }

  /** A run that ends before it needs a VM, as its experiment declares. */
  async #withoutGuest(run: PlannedRun, arm: Arm, failed: readonly Failed[]): Promise<void> {
    const things = this.#ready.get(arm.kernel)
    if (things === undefined) throw new Error(`nothing was prepared for arm ${arm.name}`)
    const outcome = await withoutGuest(this.#wanted, things, this.#slot(run, arm, 1), failed, this.#places)
    this.results.set(run.index, outcome)
  }

  readonly run = async (run: PlannedRun, worker: number): Promise<void> => {
    const arm = this.#arm(run)
    const early = this.#early.get(arm) ?? []
    if (early.length > 0) return await this.#withoutGuest(run, arm, early)
    const { retries, start, trace } = this.#wanted.experiment
    let buffers = 1
    this.#handle.progress(printable(arm.name) || 'run', this.#total - this.#pending.length - 1, this.#total, 'runs')
    const alone = this.#wanted.cold || start === 'cold'
    for (let attempt = 1; ; attempt++)
      try {
        const session = await this.#session(worker, arm)
        await this.#attempt(
          session,
          run,
          arm,
          attempt,
          buffers,
          alone || retries > 0 || trace.onLoss === 'retry',
          worker,
        )
        if (alone) await this.close(worker)
        const verdict = this.results.get(run.index)?.manifest.verdict
        if (verdict === 'incomplete' && trace.onLoss === 'retry' && buffers === 1) {
          // Once, and beside the retries that the experiment asks for.
          buffers = 2
          continue
        }
        if (verdict === undefined || verdict === 'passed' || attempt > retries) return
      } catch (error) {
        // A VM that died is replaced; a program that the kernel refuses is refused again.
        await this.#settle(worker).catch(() => undefined)
        const held = this.#sessions.get(worker)
        if (held) await endIfDead(held.vm)
        if (attempt <= retries && error instanceof Failure && error.kind === 'experiment') continue
        this.#failed(run, error)
        return
      }
  }

  readonly close = async (worker: number): Promise<void> => {
    const session = this.#sessions.get(worker)
    this.#sessions.delete(worker)
    try {
      await this.#settle(worker)
    } finally {
      await session?.vm[Symbol.asyncDispose]()
    }
  }
}

interface Plan {
  readonly arms: readonly Arm[]
  readonly ready: ReadonlyMap<string | undefined, Ready>
  /** Declared failures that come before a VM boots. */
  readonly early: ReadonlyMap<Arm, readonly Failed[]>
  /** Copies of what the runs are made of, by kernel as `ready`. */
  readonly kept: ReadonlyMap<string | undefined, KeptInputs>
  readonly journal: Journal
  readonly all: readonly PlannedRun[]
  /** Runs that an interrupted command finished. */
  readonly done: ReadonlyMap<number, RunOutcome>
}

/** What is to be done, and, where an interrupted run is resumed, what is done already. */
async function planOf(wanted: ExperimentWanted, places: Places, dir: string): Promise<Plan> {
  const { experiment } = wanted
  const list = onlyArms(arms(experiment, wanted.overrides), wanted.only)
  const ready = await prepareAll(wanted, list)
  const early = await earlyFailures(wanted, list, ready)
  const { order, warmup } = experiment
  const shape = {
    arms: list.map(({ name }) => name),
    repeats: wanted.repeat ?? experiment.repeat,
    warmup,
    order,
    inputs: inputsOf(wanted, ready),
  }
  const journal = wanted.resume
    ? await resumeJournal(dir, experiment.name, shape)
    : newJournal({ ...shape, seed: experiment.seed ?? newSeed() })
  const all = schedule({ arms: list.length, repeats: shape.repeats, warmup, order, seed: journal.seed })
  const found = wanted.resume ? attemptsOf(journal, await listRuns(places.results, experiment.name)) : new Map()
  const done = new Map<number, RunOutcome>()
  for (const [index, { dir, manifest }] of found) done.set(index, { dir, manifest, own: undefined })
  const kept = new Map<string | undefined, KeptInputs>()
  for (const [kernel, { vm }] of ready)
    kept.set(kernel, await keepInputs(places.results, wanted.lab, vm.kernel, vm.image))
  return { arms: list, ready, early, kept, journal, all, done }
}

/** Beginning anew gives up what was interrupted before, and says so. */
async function forgetInterrupted(dir: string, experiment: string, context: Context): Promise<void> {
  for (const journal of await interruptedJournals(dir)) {
    await endJournal(dir, journal)
    if (journal.arms.length * journal.repeats > 1)
      context.emit({
        type: 'notice',
        level: 'info',
        place: `experiment ${experiment}`,
        text: `begins anew; the run that was interrupted (${journal.started}) is given up, its results stay`,
        wayOut: '--resume finishes an interrupted run',
      })
  }
}

/** Runs every arm and repeat of an experiment. @throws what made the only arm fail, before any of its runs had a result */
export async function experimentStep(
  wanted: ExperimentWanted,
  places: Places,
  context: Context,
): Promise<ExperimentOutcome> {
  const { experiment, lab } = wanted
  // Loading DuckDB takes a while; building and booting take longer.
  if (experiment.collect.includes('trace')) prepareParquet()
  const dir = journalsDir(join(lab.directory, '.lab'), experiment.name)
  const plan = await planOf(wanted, places, dir)
  const { journal, all, done } = plan
  if (!wanted.resume) await forgetInterrupted(dir, experiment.name, context)
  const parallel = wanted.parallel ?? experiment.parallel
  const vm = lab.vms[experiment.vm] ?? { cpus: 1, memory: 0 }
  const runs = all.filter(({ index }) => !done.has(index))
  const count = Math.min(Math.max(runs.length, 1), parallel === 'auto' ? budget(vm) : parallel)
  await writeJournal(dir, journal)
  const name = `experiment ${experiment.name}`
  return await step(context, name, name, async (handle) => {
    const progress = new Progress(wanted, { ...plan, runs, count }, places, context, handle)
    await workers(count, progress, context)
    await endJournal(dir, journal)
    const outcomes = all.flatMap(({ index, warmup }) => {
      const outcome = progress.results.get(index) ?? done.get(index)
      return outcome && !warmup ? [outcome] : []
    })
    const [first] = progress.problems
    if (first && outcomes.length === 0) throw first.failure
    const passed = outcomes.filter(({ manifest }) => manifest.verdict === 'passed').length
    return {
      outcome: passed === outcomes.length && !first ? 'done' : 'failed',
      detail: `${passed} of ${outcomes.length} runs passed`,
      value: { outcomes, problems: progress.problems, left: progress.left },
    }
  })
}
