/** Carries a plan out: what is left of it, what came out, and the VMs that are at it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Arm } from '../../config/arms.ts'
import type { Failed } from '../../trace/expect/expect-failure.ts'
import type { Context, StepHandle } from '../../engine/context.ts'
import { Failure } from '../../engine/error.ts'
import { jumped, moment, secondsSince } from '../../engine/moment.ts'
import { printable } from '../../engine/printable.ts'
import { diskFailure } from '../../engine/disk.ts'
import type { KeptInputs, Manifest } from '../../results/manifest.ts'
import type { ExperimentRequest } from '../request.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import { endIfDead, openVm, type Places } from '../../vm/vm.ts'
import { isAlive } from '../../engine/process.ts'
import { retiredBecause } from '../../vm/retired.ts'
import { killedForMemory } from '../../vm/out-of-memory.ts'
import { fullDiskOf } from '../../vm/stopped.ts'
import { Attempts } from './attempts.ts'
import { afterFailure, type Trouble } from './after-failure.ts'
import { withoutGuest } from '../guest/without-guest.ts'
import type { Earlier } from './earlier.ts'
import { FirstFailures } from './first-failures.ts'
import type { Journal } from './journal.ts'
import { Leftovers } from './left.ts'
import { enough, mediansSoFar } from '../judge/metrics.ts'
import { Pace } from './pace.ts'
import { finishRun, runInGuest, sealedRun } from '../guest/one-run.ts'
import type { RunOutcome } from '../outcome.ts'
import type { Collected, GuestSession, RunTurn } from '../guest/record.ts'
import type { PlannedRun } from './schedule.ts'
import { GuestSessions } from '../guest/session.ts'
import { retireAfter } from '../guest/sound-guest.ts'
import { takeFirst } from './workers.ts'

/** What is to be done, and what an interrupted command did of it. */
export interface RunPlan extends Earlier {
  readonly arms: readonly Arm[]
  readonly ready: ReadonlyMap<string | undefined, RunArtefacts>
  /** Declared failures that come before a VM boots. */
  readonly early: ReadonlyMap<Arm, readonly Failed[]>
  /** Copies of what the runs are made of, by kernel as `ready`. */
  readonly kept: ReadonlyMap<string | undefined, KeptInputs>
  /** What the files of the data disks are, as in a manifest. */
  readonly disks: NonNullable<Manifest['disks']>
  /** Versions of the host's tools. */
  readonly tools: Readonly<Record<string, string>>
  readonly journal: Pick<Journal, 'id' | 'order' | 'seed'>
  /** Where results are not named by the time at which their runs start: when the plan was made, and their names. */
  readonly named?: { readonly made: string; readonly of: (index: number, attempt: number) => string }
}

/** The runs that this command has to make. */
export interface RunsToMake {
  readonly runs: PlannedRun[]
  /** Workers, each with a VM of its own. */
  readonly count: number
}

const isUsable = ({ state, guest }: GuestSession['vm']): boolean =>
  isAlive(state) && guest.connected && retiredBecause(guest) === undefined

/** Carries a plan out: what is left of it, what came out, and the VMs that are at it. */
export class PlanExecutor {
  readonly #wanted: ExperimentRequest
  readonly #plan: RunPlan
  readonly #places: Places
  readonly #context: Context
  readonly #handle: StepHandle
  readonly #count: number
  readonly #total: number
  readonly #pending: PlannedRun[]
  readonly #opened: GuestSessions
  readonly #sessions = new Map<number, GuestSession>()
  readonly #finishing = new Map<number, Promise<void>>()
  readonly #begun = moment()
  #jumped = 0
  readonly #pace = new Pace()
  readonly #atWork = new Set<PlannedRun>()
  readonly #failures: FirstFailures
  /** The last run of the plan that is done: its messages are shown. */
  #last = -1
  readonly results = new Map<number, RunOutcome>()
  readonly leftovers: Leftovers

  constructor(
    request: ExperimentRequest,
    plan: RunPlan & RunsToMake,
    places: Places,
    context: Context,
    handle: StepHandle,
  ) {
    this.#wanted = request
    this.#plan = plan
    this.#pending = plan.runs
    this.#total = plan.runs.length
    this.#count = plan.count
    this.#places = places
    this.#context = context
    this.#handle = handle
    this.#opened = new GuestSessions(request, places, context)
    this.#failures = new FirstFailures(context)
    this.leftovers = new Leftovers(request.experiment.deadline)
  }

  #start(arm: Arm): ExperimentRequest['experiment']['start'] {
    if (this.#isSealed(arm)) return 'cold'
    return arm.start ?? this.#wanted.start ?? this.#wanted.experiment.start
  }

  /** Whether the arm's guest boots for each run and lets nothing in (`deterministic: yes`). */
  #isSealed({ kernel }: Arm): boolean {
    return this.#plan.ready.get(kernel)?.vm.vm.deterministic === true
  }

  /** What was built for the arm's kernel. */
  #ready({ kernel, name }: Arm): RunArtefacts {
    const ready = this.#plan.ready.get(kernel)
    if (ready === undefined) throw new Error(`nothing was prepared for arm ${name}`)
    return ready
  }

  #arm(run: PlannedRun): Arm {
    const arm = this.#plan.arms[run.arm]
    if (arm === undefined) throw new Error(`the plan has a run of arm ${run.arm}, of ${this.#plan.arms.length}`)
    return arm
  }

  readonly next = (kept: PlannedRun | undefined): PlannedRun | undefined => {
    const kernel = kept && this.#arm(kept).kernel
    for (;;) {
      const run = takeFirst(this.#pending, (planned) => kept !== undefined && this.#arm(planned).kernel === kernel)
      if (run === undefined) return undefined
      if (!this.#satisfied(run) && !this.leftovers.leaves(this.#arm(run).name)) return run
    }
  }

  /** Whether the runs of this arm say enough already (`repeat: { until: ... }`). */
  #satisfied({ arm, warmup }: PlannedRun): boolean {
    const { until, observer } = this.#wanted.experiment
    if (until === undefined || warmup) return false
    const manifests = [...this.#plan.done.values(), ...this.results.values()].map(({ manifest }) => manifest)
    // What looking costs is taken from whole rounds: an arm that stopped early would leave the others without a
    // partner.
    const arms = observer ? this.#plan.arms : this.#plan.arms.slice(arm, arm + 1)
    return arms.every(({ name }) =>
      enough(
        manifests.filter((manifest) => manifest.arm.name === name && manifest.plan?.warmup !== true),
        until,
      ),
    )
  }

  /** The worker's VM if it is of this kernel, may be shared and lives; else another one. */
  async #session(worker: number, arm: Arm): Promise<GuestSession> {
    const ready = this.#ready(arm)
    const start = this.#start(arm)
    const held = this.#sessions.get(worker)
    if (start === 'shared' && held?.artefacts === ready && isUsable(held.vm)) return held
    // A run that ended with its VM may still be looked at: that goes on beside the next one's start.
    if (held) await this.close(worker)
    const { open = openVm } = this.#wanted
    // One worker may take the VM that is up; the others would wait for it.
    const session = await (start === 'warm'
      ? this.#opened.warm(ready)
      : this.#opened.open(ready, worker > 0 ? openVm : open, start === 'cold' || worker > 0))
    this.#sessions.set(worker, session)
    return session
  }

  #place(arm: Arm, run: PlannedRun): string {
    const words = [printable(arm.name), run.warmup ? 'warm-up' : '', `repeat ${run.repeat}`]
    return `experiment ${this.#wanted.experiment.name} (${words.filter(Boolean).join(', ')})`
  }

  #turn(run: PlannedRun, arm: Arm, attempt: number, buffers = 1): RunTurn {
    const { id, order, seed } = this.#plan.journal
    const { named } = this.#plan
    const plan = {
      id,
      index: run.index,
      warmup: run.warmup,
      attempt,
      order,
      seed,
      start: this.#start(arm),
      parallel: this.#count,
      ...(named && { made: named.made }),
    }
    const inputs = this.#plan.kept.get(arm.kernel)
    if (inputs === undefined) throw new Error(`nothing was kept for arm ${arm.name}`)
    const name = named?.of(run.index, attempt)
    return {
      arm,
      repeat: run.repeat,
      plan,
      inputs,
      disks: this.#plan.disks,
      tools: this.#plan.tools,
      buffers,
      ...(name && { name }),
    }
  }

  /** A run whose arm gave no result: the same would happen again, so the arm is given up, and others go on. */
  #failed(run: PlannedRun, error: unknown): void {
    const arm = this.#arm(run)
    const failure = diskFailure(error, this.#place(arm, run))
    if (!(failure instanceof Failure) || failure.kind === 'interrupted') throw error
    this.leftovers.failed({ arm: arm.name, repeat: run.repeat, failure })
  }

  /** Where the plan is, when it will be done, and what the arm's metrics say so far. */
  #sayWhere(arm: Arm): void {
    const left = [...this.#atWork, ...this.#pending]
    const done = this.#total - left.length
    const arms = left.map((run) => this.#arm(run).name)
    // With `until:` nobody knows how many runs there will be.
    const secondsLeft = this.#wanted.experiment.until ? undefined : this.#pace.left(arms, this.#count)
    const manifests = [...this.#plan.done.values(), ...this.results.values()].map(({ manifest }) => manifest)
    const own = manifests.filter((run) => run.arm.name === arm.name && run.plan?.warmup !== true)
    const soFar = mediansSoFar(own, this.#wanted.experiment.metrics)
    this.#handle.progress(printable(arm.name) || 'run', done, this.#total, 'runs', {
      ...(secondsLeft !== undefined && { secondsLeft }),
      ...(soFar.length > 0 && { soFar }),
    })
  }

  /** Messages of thousands of runs are not kept in memory: those of the last one of the plan are. */
  #keep(run: PlannedRun, outcome: RunOutcome): void {
    const before = this.results.get(this.#last)
    const last = run.index >= this.#last
    if (last && before) this.results.set(this.#last, { ...before, own: undefined })
    this.results.set(run.index, last ? outcome : { ...outcome, own: undefined })
    this.#last = Math.max(this.#last, run.index)
  }

  /** Names and times of runs come from the calendar's clock; durations do not. */
  #watchClock(): void {
    const jump = jumped(this.#begun, moment())
    if (Math.abs(jump - this.#jumped) < 1000) return
    this.#context.emit({
      type: 'notice',
      level: 'warning',
      place: `experiment ${this.#wanted.experiment.name}`,
      text: `the clock of the host was set by ${Math.round((jump - this.#jumped) / 1000)} s (or the host slept): names and times of the runs follow it, durations do not`,
    })
    this.#jumped = jump
  }

  async #attempt(
    session: GuestSession,
    run: PlannedRun,
    arm: Arm,
    { number, buffers }: Attempts,
    wait: boolean,
    worker: number,
  ): Promise<void> {
    const collected = await runInGuest(
      session,
      this.#turn(run, arm, number, buffers),
      this.#place(arm, run),
      this.#context,
    )
    this.#watchKernel(session, collected, arm, run)
    await this.#settle(worker)
    const warm = this.#start(arm) === 'warm'
    // Its CPUs are the next one's; its directory has the console log, which the result wants.
    if (warm) this.#sessions.delete(worker)
    const halted = warm ? session.vm.halt() : undefined
    // The host looks at one run while the guest is at the next: they use different CPUs. What the guest does next is
    // begun first.
    const looked = Promise.all([nextTurn(), halted])
      .then(() => finishRun(session, collected, this.#places, this.#context))
      .then(async (outcome) => {
        this.#keep(run, outcome)
        const left = this.#pending.length + [...this.#atWork].filter((other) => other !== run).length
        await this.#failures.look(outcome, this.#place(arm, run), left)
      })
    // If the caller waits, it decides whether the run is made again.
    const settled = wait ? looked : looked.catch((error: unknown) => this.#failed(run, error))
    const finishing = settled.finally(async () => (warm ? await session.vm[Symbol.asyncDispose]() : undefined))
    this.#finishing.set(worker, finishing)
    // It is awaited after the next run: this only keeps Node from calling a failure unhandled until then.
    finishing.catch(() => undefined)
    if (wait) await this.#settle(worker)
  }

  /** A guest whose kernel has reported a bug in this run has no further run. */
  #watchKernel({ vm }: GuestSession, { guest }: Collected, arm: Arm, run: PlannedRun): void {
    const why = retireAfter(vm, guest)
    if (why === undefined || this.#start(arm) !== 'shared' || this.#pending.length === 0) return
    this.#context.emit({
      type: 'notice',
      level: 'warning',
      place: this.#place(arm, run),
      text: `the kernel reported ${why}: no other run is made in this VM, the next one boots`,
    })
  }

  async #settle(worker: number): Promise<void> {
    const finishing = this.#finishing.get(worker)
    this.#finishing.delete(worker)
    await finishing
  }

  /** A run that ends before it needs a VM, as its experiment expects. */
  async #withoutGuest(run: PlannedRun, arm: Arm, failed: readonly Failed[]): Promise<void> {
    const ready = this.#ready(arm)
    const outcome = await withoutGuest(
      this.#wanted,
      ready,
      this.#turn(run, arm, 1),
      failed,
      this.#places,
      this.#context,
    )
    this.#keep(run, outcome)
  }

  /**
   * A run that boots a guest of its own and lets nothing into it. Done again it would be the same: there are no
   * retries.
   */
  async #sealed(run: PlannedRun, arm: Arm): Promise<void> {
    const ready = this.#ready(arm)
    try {
      const turn = this.#turn(run, arm, 1)
      const outcome = await sealedRun(this.#wanted, ready, turn, this.#place(arm, run), this.#places, this.#context)
      this.results.set(run.index, outcome)
    } catch (error) {
      this.#failed(run, error)
    }
  }

  readonly run = async (run: PlannedRun, worker: number): Promise<void> => {
    const begun = moment()
    const arm = this.#arm(run)
    this.#atWork.add(run)
    this.#sayWhere(arm)
    try {
      await this.#run(run, worker)
    } finally {
      const seconds = secondsSince(begun)
      this.#atWork.delete(run)
      this.#pace.took(arm.name, seconds)
      this.leftovers.spend(arm.name, seconds * 1000)
      this.#watchClock()
    }
  }

  async #run(run: PlannedRun, worker: number): Promise<void> {
    const arm = this.#arm(run)
    const early = this.#plan.early.get(arm) ?? []
    if (early.length > 0) return await this.#withoutGuest(run, arm, early)
    if (this.#isSealed(arm)) return await this.#sealed(run, arm)
    const { retries, trace } = this.#wanted.experiment
    const tries = this.#plan.begun.get(run.index)?.tries ?? new Attempts({ retries, onLoss: trace.onLoss })
    const cold = this.#start(arm) === 'cold'
    for (;;)
      try {
        const session = await this.#session(worker, arm)
        await this.#attempt(session, run, arm, tries, cold || tries.several, worker)
        if (cold) await this.close(worker)
        if (!tries.again(this.results.get(run.index)?.manifest)) return
      } catch (error) {
        const known = await this.#afterTrouble(worker, this.#place(arm, run))
        const then = afterFailure({ error, ...known, takeRetry: () => tries.afterFailure() })
        if (then.next === 'retry') continue
        if (then.next === 'stop') throw then.cause
        return this.#failed(run, then.cause)
      }
  }

  /** Looks at what a failed run left: waits for the run before it, and closes the worker's VM unless it still works. */
  async #afterTrouble(worker: number, place: string): Promise<Pick<Trouble, 'previous' | 'hostFull'>> {
    let previous: unknown
    await this.#settle(worker).catch((failed: unknown) => (previous = failed))
    const held = this.#sessions.get(worker)
    const diskFull = held && isAlive(held.vm.state) ? await fullDiskOf(held.vm.dir, place) : undefined
    // After Ctrl-C nobody waits for the answer of a guest that hangs.
    const dead = held && (diskFull !== undefined || this.#context.signal.aborted || !(await endIfDead(held.vm)))
    const killed = dead && !this.#context.signal.aborted ? killedForMemory(place, held.vm.memory) : undefined
    if (dead) await this.close(worker)
    return { previous, hostFull: diskFull ?? killed }
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
