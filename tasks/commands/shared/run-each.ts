/**
 * Experiments one after the other: what was interrupted of them goes on, one that fails does not take the others with
 * it, and all is summed up.
 */
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { EXIT, Failure } from '../../engine/error.ts'
import type { Emit } from '../../engine/event.ts'
import { printable } from '../../engine/printable.ts'
import type { ExperimentOutcome } from '../../run/experiment.ts'
import type { RunOutcome } from '../../run/outcome.ts'
import type { PlanState } from '../../run/request.ts'
import { stateLines } from '../../run/judge/state-text.ts'
import { sayWhenInterrupted } from '../../engine/interruption.ts'
import { Batch, type BatchPlaces } from '../../run/plan/batch.ts'
import { allText, lastBad, type Ended } from '../../run/judge/all-text.ts'
import { runText, summaryText } from '../../run/judge/text.ts'
import { lastWords } from '../../results/why.ts'
import { observerReports, observerText } from '../../results/observer.ts'
import { publishedReportsOf } from '../../results/published/runs.ts'
import { claimEvents, publishedLines } from '../../results/published/text.ts'
import { orderReport, orderSummary } from '../../results/order.ts'
import { differs, sameBytes, sameBytesLines } from '../../results/same-bytes.ts'
import type { App, Session } from './app.ts'
import type { Outcome } from '../command.ts'
import { reportAfter } from './report-after.ts'

/** Loaded only when something failed: its rules cost a tenth of a second. */
export const explain = () => import('../../explain/explain.ts')

export interface RunRequest {
  /** Runs one experiment, or goes on with its interrupted run. */
  readonly one: (
    experiment: ResolvedExperiment,
    resume: boolean,
    watch: (state: () => PlanState) => void,
  ) => Promise<ExperimentOutcome>
  readonly resume: boolean
  /** What to type to go on after an interruption. */
  readonly goOn: string
  /** The same of one experiment, where its name alone does not say it. */
  readonly resumeOf?: ((experiment: string) => string) | undefined
  readonly places: BatchPlaces
  /** Tells a CI system how the experiments ended. @returns lines that it reads on stdout */
  readonly after?: (ran: readonly Ran[]) => Promise<readonly string[]>
  /** A digest of what is asked of an experiment. */
  readonly asked: (experiment: ResolvedExperiment) => Promise<string>
}

/** What came of an experiment: its runs, or why there are none. */
export interface Ran {
  readonly experiment: ResolvedExperiment
  readonly outcome?: ExperimentOutcome
  readonly failure?: Failure
}

const problemText = ({ arm, repeat, failure }: ExperimentOutcome['problems'][number]): string =>
  `no result: ${[printable(arm), `repeat ${repeat}`].filter(Boolean).join(' ')}: ${failure.parts.place ?? ''}: ${failure.parts.fact}`

/** Whether there is nothing that `--resume` could do. */
export const isFinished = ({ outcome }: Ran): boolean =>
  outcome !== undefined && outcome.problems.length + outcome.left.length === 0

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
async function explained(outcomes: readonly RunOutcome[], { context }: Pick<Session, 'context'>): Promise<string[]> {
  const bad = outcomes.filter(({ manifest }) => manifest.verdict !== 'passed').map(({ dir }) => dir)
  // What cannot be read now can be asked for later; it must not hide how the runs ended.
  if (bad.length === 0) return []
  const text = await (await explain()).explainedRuns(bad, context.signal).catch(() => '')
  return text === '' ? [] : [text, '']
}

/** Published beside measured. Values that cannot be read any more do not change how the runs ended. */
function comparedWithPublished(experiment: ResolvedExperiment, outcomes: readonly RunOutcome[], emit: Emit): string[] {
  try {
    const reports = publishedReportsOf(experiment, outcomes)
    for (const event of reports.flatMap(claimEvents)) emit(event)
    return reports.flatMap(publishedLines)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { place, fact, wayOut } = error.parts
    emit({
      type: 'notice',
      level: 'warning',
      place: place ?? `experiment ${experiment.name}`,
      text: fact,
      ...(wayOut !== undefined && { wayOut }),
    })
    return []
  }
}

/**
 * What is to be said of all runs of an experiment together: the same bytes, the cost of looking, the order of events,
 * published results.
 */
async function comparisons(
  all: readonly { readonly experiment: ResolvedExperiment; readonly outcome?: Pick<ExperimentOutcome, 'outcomes'> }[],
  { context }: Pick<Session, 'context'>,
): Promise<string[]> {
  const lines: string[] = []
  for (const { experiment, outcome } of all) {
    const outcomes = outcome?.outcomes ?? []
    const name = outcomes[0]?.manifest.experiment
    lines.push(...sameBytesLines(sameBytes(outcomes.map(({ manifest }) => manifest))))
    for (const report of await observerReports(outcomes)) lines.push(...observerText(report))
    if (name !== undefined) lines.push(...orderSummary(await orderReport(name, outcomes, 'sequence')))
    lines.push(...comparedWithPublished(experiment, outcomes, context.emit))
  }
  return lines
}

/** What is left of an experiment, done. */
async function runLeft(
  experiment: ResolvedExperiment,
  { one, resume }: RunRequest,
  batch: Batch | undefined,
  watch: (state: () => PlanState) => void,
  { context }: App,
): Promise<ExperimentOutcome> {
  if (!resume || batch === undefined) return await one(experiment, resume, watch)
  const due = await batch.due(experiment.name)
  const say = (text: string) =>
    context.emit({ type: 'notice', level: 'info', place: `experiment ${experiment.name}`, text })
  if (due.what === 'begin' && due.again)
    say('was finished before the interruption, but lab.yaml, a source or an option has changed since: it starts over')
  if (due.what !== 'nothing') return await one(experiment, due.what === 'resume', watch)
  say('was finished before the interruption: nothing is left to do')
  return { outcomes: due.outcomes, problems: [], left: [] }
}

/**
 * @param together a failure of one is told at once, and the others run; `--resume` knows which of them were finished
 */
async function runEach(
  experiments: readonly ResolvedExperiment[],
  request: RunRequest,
  together: boolean,
  app: App,
): Promise<Ran[]> {
  const { places, resume } = request
  const asked = new Map<string, string>()
  if (together) for (const experiment of experiments) asked.set(experiment.name, await request.asked(experiment))
  const batch = together ? await (resume ? Batch.resume(places, asked) : Batch.begin(places, asked)) : undefined
  const ran: Ran[] = []
  const states = new Map<ResolvedExperiment, () => PlanState>()
  const isDone = sayWhenInterrupted(() => ({
    wayOut: `\`${request.goOn}\`, or \`lab run --resume\` alone, does what is left`,
    lines: stateLines(
      experiments.map((experiment) => ({
        name: experiment.name,
        declared: experiment,
        state: states.get(experiment)?.(),
      })),
    ),
  }))
  for (const experiment of experiments)
    try {
      const outcome = await runLeft(experiment, request, batch, (state) => states.set(experiment, state), app)
      for (const { failure } of outcome.problems) app.view.failure(failure)
      ran.push({ experiment, outcome })
    } catch (error) {
      if (!together || !(error instanceof Failure) || error.kind === 'interrupted') throw error
      app.view.failure(error)
      ran.push({ experiment, failure: error })
    }
  await batch?.end()
  isDone()
  return ran
}

const statusOf = ({ outcome, failure }: Ran): number =>
  failure?.exitCode ?? (outcome === undefined ? EXIT.done : verdictOf(outcome))

const firstStatus = (ran: readonly Ran[]): number =>
  ran.map(statusOf).find((status) => status !== EXIT.done) ?? EXIT.done

const failureText = ({ experiment, failure }: Ran): string[] =>
  failure === undefined ? [] : [`no result: experiment ${experiment.name}: ${failure.parts.fact}`]

/** The experiments that are named, and their runs together. */
export async function runNamed(
  experiments: readonly ResolvedExperiment[],
  request: RunRequest,
  app: App,
): Promise<Outcome> {
  const ran = await runEach(experiments, request, experiments.length > 1, app)
  const toCi = (await request.after?.(ran)) ?? []
  const all = ran.flatMap(({ outcome }) => outcome ?? [])
  const outcomes = all.flatMap((ended) => ended.outcomes)
  const last = outcomes.at(-1)
  const declared = new Map(experiments.map((experiment) => [experiment.name, experiment]))
  const unfinished = ran.map(({ experiment, outcome }) => ({
    experiment: experiment.name,
    resume: request.resumeOf?.(experiment.name),
    problems: outcome?.problems ?? [],
    left: outcome?.left ?? [],
  }))
  return {
    text: [
      ...toCi,
      ...(last?.own ? [runText(last, await lastWords(last.dir, last.manifest)), ''] : []),
      ...all.flatMap((ended) => ended.problems.map(problemText)),
      ...ran.flatMap(failureText),
      ...(await explained(outcomes, app)),
      summaryText(outcomes, declared, await comparisons(ran, app), unfinished),
    ].join('\n'),
    data: dataOf(outcomes),
    status: firstStatus(ran),
  }
}

async function endedOf({ experiment: { name }, outcome, failure }: Ran): Promise<Ended> {
  const why = failure ?? outcome?.problems[0]?.failure
  const outcomes = outcome?.outcomes ?? []
  const bad = lastBad(outcomes)
  const words = bad === undefined ? [] : await lastWords(bad.dir, bad.manifest)
  return { name, outcomes, words, ...(why && { failed: why.parts.fact }) }
}

/** Every experiment of the lab, but for those that it skips: a line each. */
export async function runAll(
  experiments: readonly ResolvedExperiment[],
  request: RunRequest,
  app: App,
): Promise<Outcome> {
  const meant = experiments.filter(({ skip }) => skip === undefined)
  const ran = await runEach(meant, request, true, app)
  const toCi = (await request.after?.(ran)) ?? []
  const ended: Ended[] = []
  for (const experiment of experiments) {
    const { name, skip } = experiment
    if (skip !== undefined) ended.push({ name, outcomes: [], skipped: skip })
    for (const outcome of ran) if (outcome.experiment === experiment) ended.push(await endedOf(outcome))
  }
  const meaning = await explained(
    ended.flatMap(({ outcomes }) => outcomes),
    app,
  )
  const several = ran.filter(({ outcome }) => (outcome?.outcomes.length ?? 0) > 1)
  const together: string[] = []
  for (const experiment of several) {
    const { name } = experiment.experiment
    together.push(
      ...(await comparisons([experiment], app)).map((line) => (line.startsWith('order:') ? `${name}: ${line}` : line)),
    )
  }
  const report = ended.every(({ outcomes }) => outcomes.length === 0) ? [] : await reportAfter(app, [])
  return {
    text: [...toCi, ...meaning, ...together, '', allText(ended), ...report].join('\n'),
    data: ended.map(({ outcomes, words: _words, ...rest }) => ({ ...rest, runs: dataOf(outcomes) })),
    status: firstStatus(ran),
  }
}
