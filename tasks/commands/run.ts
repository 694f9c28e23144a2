/** `lab run`: experiments, their verdicts, and an exit code that tells the truth. */
import { arms, overridesOf, type Overrides } from '../config/arms.ts'
import { named } from '../config/open.ts'
import { deterministicLab } from '../config/derived.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'
import { FEWEST_FOR_CLAIM } from '../config/published.ts'
import type { Context } from '../engine/context.ts'
import { Failure, userError } from '../engine/error.ts'
import { needWritable } from '../engine/writable.ts'
import type { ExperimentRequest } from '../run/request.ts'
import { experimentStep } from '../run/experiment.ts'
import { waitForPlan } from '../run/cluster/wait.ts'
import { ready, treeFor } from '../build/artefacts.ts'
import { fingerprint, openVm } from '../vm/vm.ts'
import { SharedVm } from '../vm/shared.ts'
import { openApp, type App, type Session } from './shared/app.ts'
import { choicesFor } from './shared/choices.ts'
import { planAnswer } from './plan.ts'
import { reportAfter } from './shared/report-after.ts'
import { onlyWith, without } from './shared/exclusive.ts'
import { requestDigest } from './shared/request-digest.ts'
import { defineCommand, type Outcome } from './command.ts'
import { tellCi } from './shared/ci.ts'
import { outputFile } from './output-file.ts'
import { submitAll, submitter, type OnSlurm } from './shared/on-cluster.ts'
import { explain, isFinished, runAll, runNamed, type Ran, type RunRequest } from './shared/run-each.ts'
import { lineOf, noteOf, resumed, stateOf } from './shared/resumed.ts'
import { OPTIONS, type Options } from './shared/run-options.ts'

function startOf({ cold, start }: Options): ResolvedExperiment['start'] | undefined {
  if (cold !== true) return start
  if (start === undefined) return 'cold'
  throw userError({ place: '--start', fact: 'it cannot be combined with --cold', wayOut: 'use one of the two' })
}

/** `--start` is for experiments that do not compare starts themselves. */
function refuseStart(
  { vms }: ResolvedLab,
  { name, control, vm, start: declared }: ResolvedExperiment,
  start: ResolvedExperiment['start'] | undefined,
): void {
  if (vms[vm]?.deterministic === true && (start ?? declared) === 'warm')
    throw userError({
      place: `experiment ${name}`,
      fact: 'a deterministic VM boots for each run: there is no warm start',
      wayOut: control === undefined ? '--start cold' : '--only start=cold on a VM that is not deterministic',
    })
  if (start === undefined || control === undefined) return
  throw userError({
    place: `--start ${start}`,
    fact: `experiment ${name} compares warm and cold itself (control)`,
    wayOut: '--only start=warm or --only start=cold takes one of the two',
  })
}

/** The experiments that are meant: those named, or all of the lab. */
function chosen(lab: ResolvedLab, names: readonly string[], all: boolean): readonly ResolvedExperiment[] {
  if (all && names.length > 0)
    throw userError({
      place: '--all',
      fact: 'it cannot be combined with names of experiments',
      wayOut: 'give names or --all, not both',
    })
  if (all) return Object.values(lab.experiments)
  if (names.length > 0) return names.map((name) => named(lab.experiments, 'experiment', name))
  throw userError({
    fact: 'no experiment is named',
    wayOut: `lab run NAME, one of: ${Object.keys(lab.experiments).join(', ')}; or lab run --all`,
  })
}

/** Says what a build's or boot's log means before the failure is reported. */
async function withMeaning<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const findings = await (await explain()).explainedFailure(error, context.signal).catch(() => [])
    for (const { rule, cause, fixes } of findings) {
      const wayOut = fixes.length > 0 ? fixes.join('; or ') : undefined
      context.emit({ type: 'notice', level: 'info', place: rule, text: cause, ...(wayOut !== undefined && { wayOut }) })
    }
    throw error
  }
}

/** Runs of each arm; with `--quick` no more than decide a claim. */
function repeatsOf(
  { quick, repeat }: Pick<Options, 'quick' | 'repeat'>,
  declared: Pick<ResolvedExperiment, 'repeat'>,
): number | undefined {
  if (quick !== true) return repeat
  if (repeat !== undefined)
    throw userError({
      place: '--repeat',
      fact: '--quick says how many repeats there are',
      wayOut: 'give one of the two',
    })
  return Math.min(declared.repeat, FEWEST_FOR_CLAIM)
}

/** Lists of the command line, and with `--quick` those of the experiment for a first look. */
const listsOf = ({ quick }: Pick<Options, 'quick'>, overrides: Overrides, experiment: ResolvedExperiment): Overrides =>
  quick === true ? { ...experiment.quick, ...overrides } : overrides

/** What is asked of the runs, whether they are made or only planned. */
const askedOf = (options: Options, overrides: Overrides, experiment: ResolvedExperiment) => ({
  overrides: listsOf(options, overrides, experiment),
  repeat: repeatsOf(options, experiment),
  start: startOf(options),
  only: options.only,
  parallel: options.parallel,
})

/** What is asked of the runs of an experiment, checked. */
function wantedFrom({ lab, context }: App, options: Options, overrides: Overrides) {
  return (experiment: ResolvedExperiment): ExperimentRequest => {
    const asked = askedOf(options, overrides, experiment)
    const elsewhere = options.on !== undefined
    const choices = { ...choicesFor(lab, experiment, options, asked.overrides), elsewhere }
    refuseStart(lab, experiment, asked.start)
    const treeOf = (kernel: string) => treeFor(choices, kernel)
    const prepare = (kernel: string | undefined, probes: readonly string[]) =>
      ready(lab, experiment, kernel === undefined ? choices : { ...choices, kernel }, context, probes)
    const { strace = false, follow = false } = options
    return { strace, follow, ...asked, lab, experiment, prepare, treeOf }
  }
}

function runner(app: App, options: Options, overrides: Overrides, shared: SharedVm): RunRequest['one'] {
  const { context, places } = app
  const wantedOf = wantedFrom(app, options, overrides)
  return async (experiment, resume, watch) => {
    const wanted = { ...wantedOf(experiment), open: shared.open, resume, watch }
    return await withMeaning(context, () => experimentStep(wanted, places, context))
  }
}

/** What is asked of a cluster. @throws a user's Failure for options that mean nothing there */
function onSlurmOf(app: App, options: Options, overrides: Overrides): OnSlurm | undefined {
  without(options, 'on', ['follow'], 'the runs are made elsewhere')
  if (options.wait !== true)
    without(
      options,
      'on',
      ['junit', 'report'],
      'the runs are made later, by jobs of the cluster; --wait waits for them',
    )
  onlyWith(options, 'on', ['wait'])
  const { on, parallel } = options
  if (on === undefined) return undefined
  if (parallel === 'auto')
    throw userError({
      place: '--parallel auto',
      fact: 'how many jobs run at a time is for the cluster to say',
      wayOut: 'leave --parallel out, or give a number',
    })
  const { wait: _wait, junit: _junit, report: _report, all: _all, ...kept } = options
  const resumeOf = (experiment: string) => lineOf([experiment], { ...kept, resume: true })
  return { on, atATime: parallel, requestOf: wantedFrom(app, options, overrides), resumeOf }
}

/** Submits an experiment, waits for its jobs, and ends as if it had run here. */
function waiter(app: App, asked: OnSlurm, resume: boolean): RunRequest['one'] {
  return async (experiment) => {
    const { context } = app
    const submit = await submitter(asked, app)
    const { dir, plan } = await withMeaning(context, () => submit(experiment, resume))
    return await waitForPlan(dir, plan, context)
  }
}

/** What the runs would be; what the command line asks of them is refused here in the same words as by the runs. */
async function dryRun(
  { lab, context }: App,
  experiments: readonly ResolvedExperiment[],
  options: Options,
  overrides: Overrides,
): Promise<Outcome> {
  without(options, 'dryRun', ['resume'], 'what is left of an interrupted run is known only when everything is built')
  without(options, 'dryRun', ['report', 'follow', 'strace'], 'nothing is run')
  const plans = await Promise.all(
    experiments.map(async (experiment) => {
      const asked = askedOf(options, overrides, experiment)
      const choices = choicesFor(lab, experiment, options, asked.overrides)
      refuseStart(lab, experiment, asked.start)
      return await planAnswer(lab, named(lab.vms, 'vm', experiment.vm), experiment, choices, context, asked)
    }),
  )
  return { text: plans.map(({ text }) => text).join('\n\n'), data: plans.map(({ data }) => data) }
}

/** `--deterministic` is a declaration of every VM, made on the command line. */
function appOf(session: Session, options: Options): App {
  const app = openApp(session)
  if (options.deterministic !== true) return app
  if (options.accel === 'kvm')
    throw userError({
      place: '--deterministic',
      fact: 'KVM cannot count instructions',
      wayOut: 'leave --accel kvm out: deterministic runs are emulated',
    })
  return { ...app, lab: deterministicLab(app.lab) }
}

export const command = defineCommand({
  usage: 'run [experiment...]',
  about: 'run experiments; one result directory per run; exits non-zero unless every run passed',
  options: OPTIONS,
  examples: [
    ['lab run readiter', 'on the VM that is up, or on one of its own'],
    ['lab run readiter --repeat 20 --param bytes=64', 'more repeats, another value'],
    ['lab run readiter --kernel v5.10', 'on another kernel'],
    ['lab run readiter --source ../linux', 'on a kernel tree of your own'],
    ['lab run cost --only probe=none --parallel 2', 'some arms, on two VMs'],
    ['lab run --resume', 'what the last interrupted run left to do'],
    ['lab run cost --on slurm --parallel 4', 'as jobs of a cluster, four at a time'],
    ['lab run --all --yes', 'everything; also installs what the host lacks'],
  ],
  warnsDaily: true,
  work: async (session, [given], asked) => {
    const { names, options, resume } = await resumed(session, given, asked)
    const app = appOf(session, options)
    const { lab } = app
    const all = options.all === true
    const experiments = chosen(lab, names, all)
    const overrides = overridesOf(options.param ?? [])
    // A wrong parameter is reported before anything is built.
    for (const experiment of experiments) arms(experiment, overrides)
    if (options.dryRun === true) return await dryRun(app, experiments, options, overrides)
    for (const place of [app.places.vms, app.places.results]) needWritable(place)
    const onSlurm = onSlurmOf(app, options, overrides)
    const meant = all ? experiments.filter(({ skip }) => skip === undefined) : experiments
    if (onSlurm && options.wait !== true)
      return await withMeaning(app.context, () => submitAll(meant, onSlurm, options.resume === true, app))
    const junit = options.junit === undefined ? undefined : (await outputFile(options.junit, session)).file
    await using shared = new SharedVm(openVm, fingerprint)
    using note = await noteOf(app, names, experiments, options)
    const request: RunRequest = {
      one: onSlurm ? waiter(app, onSlurm, resume) : runner(app, options, overrides, shared),
      // What is left of a plan of a cluster, its results say.
      resume: resume && onSlurm === undefined,
      goOn: note.line,
      resumeOf: onSlurm?.resumeOf,
      places: { state: stateOf(lab), results: app.places.results },
      asked: (experiment: ResolvedExperiment) => requestDigest(lab, experiment, options),
      after: async (ran: readonly Ran[]) => {
        if (ran.every(isFinished)) await note.end()
        return await tellCi(ran, junit, process.env, session.context.cache)
      },
    }
    try {
      if (all) return await runAll(experiments, request, app)
      const outcome = await runNamed(experiments, request, app)
      if (typeof outcome === 'number' || outcome === undefined || options.report !== true) return outcome
      const ran = experiments.map(({ name }) => name)
      return { ...outcome, text: [outcome.text, ...(await reportAfter(app, ran))].join('\n') }
    } catch (error) {
      if (error instanceof Failure && error.kind === 'user') await note.endIfNothing()
      throw error
    }
  },
})
