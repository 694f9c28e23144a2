/** `lab run`: experiments, their verdicts, and an exit code that tells the truth. */
import { arms, overridesOf, type Overrides } from '../config/arms.ts'
import { named } from '../config/open.ts'
import { deterministicLab } from '../config/derived.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolve.ts'
import { STARTS } from '../config/schema.ts'
import type { Context } from '../engine/context.ts'
import { EXIT, Failure, userError } from '../engine/error.ts'
import { experimentStep, type ExperimentOutcome, type RunOutcome } from '../experiment.ts'
import { printable } from '../engine/printable.ts'
import { ready, type Choices } from '../plan.ts'
import { allText, runText, summaryText, type Ended } from '../experiment/text.ts'
import { observerReports, observerText } from '../results/observer.ts'
import { orderReport, orderSummary } from '../results/order.ts'
import { differs, sameBytes, sameBytesLines } from '../results/same-bytes.ts'
import { fingerprint, openVm } from '../vm.ts'
import { SharedVm } from '../vm/shared.ts'
import { openApp, type App, type Session } from './app.ts'
import { choicesOf } from './choices.ts'
import { planAnswer } from './plan.ts'
import { reportAfter } from './report-after.ts'
import type { CommandModule, Outcome } from './index.ts'

/** Loaded only when something failed: its rules cost a tenth of a second. */
const explain = () => import('../explain.ts')

type Options = Readonly<Record<string, unknown>>

function repeatOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw userError({ place: '--repeat', fact: 'not a number of repeats', wayOut: 'a whole number from 1 to 99999' })
}

function parallelOf(value: unknown): number | 'auto' | undefined {
  if (value === undefined || value === 'auto') return value
  const count = typeof value === 'string' && /^[1-9][0-9]?$/.test(value) ? Number(value) : undefined
  if (count !== undefined && count <= 64) return count
  throw userError({ place: '--parallel', fact: 'not a number of VMs', wayOut: '1 to 64, or auto' })
}

function startOf({ cold, start }: Options): ResolvedExperiment['start'] | undefined {
  if (start === undefined) return cold === true ? 'cold' : undefined
  const known = STARTS.find((one) => one === start)
  if (known !== undefined && cold !== true) return known
  throw userError(
    known === undefined
      ? { place: '--start', fact: 'not a way to start', wayOut: `one of ${STARTS.join(', ')}` }
      : { place: '--start', fact: '--cold says how to start as well', wayOut: 'give one of the two' },
  )
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

/** `--kernel` is for experiments that do not choose kernels themselves. */
function refuseTwice({ name, matrix }: ResolvedExperiment, { kernel }: Choices): void {
  if (kernel === undefined || matrix.kernel === undefined) return
  throw userError({
    place: `--kernel ${kernel}`,
    fact: `experiment ${name} compares kernels itself (matrix.kernel)`,
    wayOut: `--only kernel=${kernel} takes the arms of one`,
  })
}

/** The experiments that are meant: those named, or all of the lab. */
function chosen(lab: ResolvedLab, names: readonly string[], all: boolean): readonly ResolvedExperiment[] {
  if (all && names.length > 0)
    throw userError({ place: '--all', fact: 'experiments are named as well', wayOut: 'give names or --all, not both' })
  if (all) return Object.values(lab.experiments)
  if (names.length > 0) return names.map((name) => named(lab.experiments, 'experiment', name))
  throw userError({
    fact: 'no experiment is named',
    wayOut: `lab run NAME, one of: ${Object.keys(lab.experiments).join(', ')}; or lab run --all`,
  })
}

type RunOne = (experiment: ResolvedExperiment) => Promise<ExperimentOutcome>

/** Says what a build's or boot's log means before the failure is told. */
async function withMeaning<T>(context: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    for (const { rule, cause, wayOut } of await (
      await explain()
    )
      .explainedFailure(error, context.signal)
      .catch(() => []))
      context.emit({ type: 'notice', level: 'info', place: rule, text: cause, ...(wayOut !== undefined && { wayOut }) })
    throw error
  }
}

function runner({ lab, context, places }: App, options: Options, overrides: Overrides, shared: SharedVm): RunOne {
  const choices = choicesOf(options)
  const wanted = {
    overrides,
    repeat: repeatOf(options['repeat']),
    start: startOf(options),
    strace: options['strace'] === true,
    follow: options['follow'] === true,
    only: typeof options['only'] === 'string' ? options['only'] : undefined,
    resume: options['resume'] === true,
    parallel: parallelOf(options['parallel']),
    source: choices.source,
    open: shared.open,
  }
  return async (experiment) => {
    refuseTwice(experiment, choices)
    refuseStart(lab, experiment, wanted.start)
    const prepare = (kernel: string | undefined, probes: readonly string[]) =>
      ready(lab, experiment, kernel === undefined ? choices : { ...choices, kernel }, context, probes)
    return await withMeaning(context, () => experimentStep({ ...wanted, lab, experiment, prepare }, places, context))
  }
}

const problemText = ({ arm, repeat, failure }: ExperimentOutcome['problems'][number]): string =>
  `no result: ${[printable(arm), `repeat ${repeat}`].filter(Boolean).join(' ')}: ${failure.parts.place ?? ''}: ${failure.parts.fact}`

/** A run without a result weighs more than one that did not pass. */
const verdictOf = ({ outcomes, problems, left }: ExperimentOutcome): number =>
  problems[0]?.failure.exitCode ??
  (left.length > 0 ||
  outcomes.some(({ manifest }) => manifest.verdict !== 'passed') ||
  sameBytes(outcomes.map(({ manifest }) => manifest)).some(differs)
    ? EXIT.experiment
    : EXIT.done)

const dataOf = (outcomes: readonly RunOutcome[]) => outcomes.map(({ dir, manifest }) => ({ dir, manifest }))

/** What the lab knows about the texts of runs that did not pass; nothing where it knows nothing. */
async function explained(outcomes: readonly RunOutcome[], { context }: Session): Promise<string[]> {
  const bad = outcomes.filter(({ manifest }) => manifest.verdict !== 'passed').map(({ dir }) => dir)
  // What cannot be read now can be asked for later; it must not hide how the runs ended.
  if (bad.length === 0) return []
  const text = await (await explain()).explainedRuns(bad, context.signal).catch(() => '')
  return text === '' ? [] : [text, '']
}

/** What is to be said of all runs of an experiment together: the same bytes, the cost of looking, the order of events. */
async function ordersOf(all: readonly Pick<ExperimentOutcome, 'outcomes'>[]): Promise<string[]> {
  const lines: string[] = []
  for (const { outcomes } of all) {
    const name = outcomes[0]?.manifest.experiment
    lines.push(...sameBytesLines(sameBytes(outcomes.map(({ manifest }) => manifest))))
    for (const report of await observerReports(outcomes)) lines.push(...observerText(report))
    if (name !== undefined) lines.push(...orderSummary(await orderReport(name, outcomes, 'read')))
  }
  return lines
}

async function runNamed(experiments: readonly ResolvedExperiment[], one: RunOne, session: Session): Promise<Outcome> {
  const { view } = session
  const all: ExperimentOutcome[] = []
  for (const experiment of experiments) {
    const outcome = await one(experiment)
    for (const { failure } of outcome.problems) view.failure(failure)
    all.push(outcome)
  }
  const outcomes = all.flatMap((one) => one.outcomes)
  const last = outcomes.at(-1)
  const unfinished = all.map(({ problems, left }, index) => ({
    ...{ experiment: experiments[index]?.name ?? '', problems, left },
  }))
  return {
    text: [
      ...(last?.own ? [runText(last), ''] : []),
      ...all.flatMap((one) => one.problems.map(problemText)),
      ...(await explained(outcomes, session)),
      summaryText(outcomes, experiments[0]?.until?.precision, await ordersOf(all), unfinished),
    ].join('\n'),
    data: dataOf(outcomes),
    status: all.map(verdictOf).find((status) => status !== EXIT.done) ?? EXIT.done,
  }
}

/** A failure of one experiment is told at once, and the others run. */
async function runAll(
  experiments: readonly ResolvedExperiment[],
  one: RunOne,
  session: Session,
  app: App,
): Promise<Outcome> {
  const { view } = session
  const ended: Ended[] = []
  let status: number = EXIT.done
  for (const experiment of experiments) {
    const { name, skip } = experiment
    if (skip !== undefined) {
      ended.push({ name, outcomes: [], skipped: skip })
      continue
    }
    try {
      const outcome = await one(experiment)
      for (const { failure } of outcome.problems) view.failure(failure)
      ended.push({
        name,
        outcomes: outcome.outcomes,
        ...(outcome.problems[0] && { failed: outcome.problems[0].failure.parts.fact }),
      })
      status ||= verdictOf(outcome)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
      view.failure(error)
      ended.push({ name, outcomes: [], failed: error.parts.fact })
      status ||= error.exitCode
    }
  }
  const meaning = await explained(
    ended.flatMap(({ outcomes }) => outcomes),
    session,
  )
  const several = ended.filter(({ outcomes }) => outcomes.length > 1)
  const together: string[] = []
  for (const { name, outcomes } of several)
    together.push(
      ...(await ordersOf([{ outcomes }])).map((line) => (line.startsWith('order:') ? `${name}: ${line}` : line)),
    )
  const report = ended.every(({ outcomes }) => outcomes.length === 0) ? [] : await reportAfter(app, [])
  return {
    text: [...meaning, ...together, '', allText(ended), ...report].join('\n'),
    data: ended.map(({ outcomes, ...rest }) => ({ ...rest, runs: dataOf(outcomes) })),
    status,
  }
}

/** `--deterministic` is a declaration of every VM, made on the command line. */
function appOf(session: Session, options: Options): App {
  const app = openApp(session)
  if (options['deterministic'] !== true) return app
  if (options['accel'] === 'kvm')
    throw userError({
      place: '--deterministic',
      fact: 'KVM cannot count instructions',
      wayOut: 'leave --accel kvm out: deterministic runs are emulated',
    })
  return { ...app, lab: deterministicLab(app.lab) }
}

export const work: CommandModule['work'] = async (session, [words], options) => {
  const app = appOf(session, options)
  const { lab, context } = app
  const all = options['all'] === true
  const experiments = chosen(lab, Array.isArray(words) ? words.map(String) : [], all)
  const overrides = overridesOf(Array.isArray(options['param']) ? options['param'].map(String) : [])
  // A wrong parameter is told before anything is built.
  for (const experiment of experiments) arms(experiment, overrides)
  if (options['dryRun']) {
    const [choices, repeat] = [choicesOf(options), repeatOf(options['repeat'])]
    const plans = await Promise.all(
      experiments.map((one) => planAnswer(lab, named(lab.vms, 'vm', one.vm), one, choices, context, repeat)),
    )
    return { text: plans.map(({ text }) => text).join('\n\n'), data: plans.map(({ data }) => data) }
  }
  await using shared = new SharedVm(openVm, fingerprint)
  const one = runner(app, options, overrides, shared)
  if (all) return await runAll(experiments, one, session, app)
  const outcome = await runNamed(experiments, one, session)
  if (typeof outcome === 'number' || outcome === undefined || options['report'] !== true) return outcome
  const names = experiments.map(({ name }) => name)
  return { ...outcome, text: [outcome.text, ...(await reportAfter(app, names))].join('\n') }
}
