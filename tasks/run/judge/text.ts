/** A run for people: its events, its verdict, what was lost and who else was there. */
import { HOLDER } from '../../trace/events/processes.ts'
import { traceLines } from '../../trace/events/trace-table.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import { quoteWord } from '../../linux/kbuild/shell-commands.ts'
import { signalText } from '../../linux/signal.ts'
import type { RunOutcome } from '../outcome.ts'
import { median } from '../../trace/stats/quantiles.ts'
import { summary } from '../../trace/stats/statistics.ts'
import { shownUnit } from '../../config/metric-unit.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { scaleOf, withUnit } from '../../config/units.ts'
import { controlText } from './control.ts'
import { splatLines, testLines } from '../../results/kernel-reports.ts'
import { WHY_LEFT, type LeftRuns, type Problem } from '../plan/left.ts'
import type { Manifest } from '../../results/manifest.ts'
import { samplesOf } from '../../results/node.ts'
import { whyNot, withParams } from '../../results/why.ts'
import { metricText, valuesOf } from './metrics.ts'
import { remarkLines } from './remark-lines.ts'
import { trendText } from './trend.ts'

/** Messages that are shown; the rest is one command away. */
const SHOWN = 24

const others = ({ others: list }: Manifest): string[] =>
  list.map(({ comm, pid, events }) => {
    // With its pid: a program can call itself whatever it likes.
    const who = `${printable(comm, 16)}-${pid}${comm === HOLDER ? ' (the recorder of the lab)' : ''}`
    return `also in the probed path: ${who}, ${plural(events, 'message')} (not part of the sequence)`
  })

/** Whose messages pass for the workload's: a filter on a file descriptor or a name lets them through. */
const collisions = ({ isolation }: Manifest): string[] =>
  (isolation?.collisions ?? []).map(
    ({ comm, pid, satisfying }) =>
      `filter collision: ${printable(comm, 16)}-${pid} printed ${satisfying} of the messages that are expected of the workload: filter by pid`,
  )

function fallback({ kernel }: Manifest): string[] {
  return kernel.fallback
    ? [
        `kernel ${kernel.name} (${kernel.release}) was taken instead of ${kernel.wanted}, whose source could not be fetched`,
      ]
    : []
}

/** How the workload ended, where that is not how one wants it. */
function workloadLines({ workload: { pid, status, signal } }: Manifest): string[] {
  if (status === 0 || pid === null) return []
  return [`  the workload ended with ${signal === null ? `status ${status ?? '?'}` : signalText(signal)}`]
}

/**
 * The first messages. Where an experiment asks for numbers, these are the point, and the messages are one command away.
 */
function messageLines({ run, metrics = {} }: Manifest, lines: readonly string[]): string[] {
  const shown = Object.keys(metrics).length > 0 ? 0 : SHOWN
  const left = lines.length - shown
  if (left <= 0) return [...lines]
  return [...lines.slice(0, shown), `  ${shown > 0 ? `... ${left} more` : `${left} messages`}: lab trace ${run}`]
}

/** What to type next about a run that did not pass. */
const nextCommand = ({ verdict, run }: Manifest): string[] =>
  verdict === 'passed' ? [] : [`  \`lab explain ${run}\` says what its messages mean`]

/**
 * One run with its first messages.
 * @param words the last ones of a workload that failed
 */
export function runText({ dir, manifest, own }: RunOutcome, words: readonly string[] = []): string {
  const { trace } = manifest
  return [
    ...messageLines(manifest, traceLines(own ?? [])),
    '',
    `${manifest.experiment} ${manifest.arm.name} repeat ${manifest.repeat}: ${manifest.verdict}, trace ${trace.completeness}`,
    ...splatLines(manifest).map((line) => `  ${line}`),
    ...workloadLines(manifest),
    ...words.map((line) => `    ${line}`),
    ...testLines(manifest).map((line) => `  ${line}`),
    ...manifest.expectations.flatMap(({ ok, lines: said }) =>
      said.map((line) => `  ${ok ? 'ok:' : 'NOT ok:'} ${printable(withParams(line, manifest.arm.params), 300)}`),
    ),
    ...(manifest.remarks ?? []).map((remark) => `  note: ${printable(remark, 300)}`),
    ...trace.reasons.map((reason) => `  ${reason}`),
    ...others(manifest).map((line) => `  ${line}`),
    ...collisions(manifest).map((line) => `  ${line}`),
    ...fallback(manifest).map((line) => `  ${line}`),
    ...nextCommand(manifest),
    `  ${dir}`,
  ].join('\n')
}

/** What a plan did not get to. */
export interface Unfinished {
  readonly experiment: string
  /** The command that does what is left; undefined: that of a run on this machine. */
  readonly resume?: string | undefined
  readonly problems: readonly Problem[]
  readonly left: readonly LeftRuns[]
}

const armKey = (experiment: string, arm: string) => `${experiment} ${printable(arm)}`.trimEnd()

/** For each arm how many runs have no result, and why: "1 without a result", "3 left out after that". */
function missing(unfinished: readonly Unfinished[]): Map<string, string[]> {
  const words = new Map<string, string[]>()
  const add = (key: string, word: string) => words.set(key, [...(words.get(key) ?? []), word])
  for (const { experiment, problems, left } of unfinished) {
    for (const [arm, list] of Map.groupBy(problems, (problem) => problem.arm))
      add(armKey(experiment, arm), `${list.length} without a result`)
    for (const { arm, why, runs } of left) add(armKey(experiment, arm), `${runs} ${WHY_LEFT[why]}`)
  }
  return words
}

/** "failed: 3 passed, 1 failed". An arm whose runs are not all there, or not all whole, is incomplete. */
function countText(runs: readonly Manifest[], absent: readonly string[]): string {
  const count = (verdict: Manifest['verdict']) => runs.filter((run) => run.verdict === verdict).length
  const [failed, incomplete] = [count('failed'), count('incomplete')]
  const words = [
    `${count('passed')} passed`,
    failed > 0 && `${failed} failed`,
    incomplete > 0 && `${incomplete} incomplete`,
    ...absent,
  ]
  const verdict = failed > 0 ? 'failed' : incomplete > 0 || absent.length > 0 ? 'incomplete' : 'passed'
  return `${verdict}: ${words.filter((word) => word !== false).join(', ')}`
}

/** What the lab file says of an experiment's numbers: their units, and how well one of them has to be known. */
export type DeclaredNumbers = Pick<ResolvedExperiment, 'metrics' | 'until'>

const NOTHING: DeclaredNumbers = { metrics: {} }

/** The numbers of one arm. @param arms runs of all arms of the experiment, which have the same unit */
function factsOf(
  runs: readonly Manifest[],
  arms: readonly (readonly Manifest[])[],
  { metrics: declared, until }: DeclaredNumbers,
): string[] {
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics ?? {})))]
  return metrics.flatMap((name) => {
    const values = samplesOf(runs, name)
    if (values.length === 0) return [`${name}: nothing matched in any run`]
    const metric = declared[name]
    const medians = arms.map((arm) => valuesOf(arm, name)).flatMap((all) => (all.length === 0 ? [] : median(all)))
    const { unit, factor } = scaleOf(metric && shownUnit(name, metric), Math.max(...medians.map(Math.abs)))
    const trend = trendText(runs, name, factor)
    return [
      metricText(
        withUnit(name, unit),
        summary(values.map((sample) => ({ value: sample.value * factor, node: sample.node }))),
        until?.precision,
      ),
      ...(trend === undefined ? [] : [`  ${trend}`]),
    ]
  })
}

/**
 * A line for each arm where there are several or where runs are missing, and its numbers where there are any.
 * @param declared by the name of the experiment
 */
export function armLines(
  outcomes: readonly RunOutcome[],
  declared: ReadonlyMap<string, DeclaredNumbers>,
  unfinished: readonly Unfinished[] = [],
): string[] {
  const arms = Map.groupBy(
    outcomes.map(({ manifest }) => manifest),
    ({ experiment, arm }) => armKey(experiment, arm.name),
  )
  const absent = missing(unfinished)
  const keys = [...new Set([...arms.keys(), ...absent.keys()])]
  const width = Math.max(0, ...keys.map((key) => key.length))
  const byExperiment = Map.groupBy(arms.values(), ([first]) => first?.experiment ?? '')
  return keys.flatMap((key) => {
    const runs = arms.get(key) ?? []
    const name = runs[0]?.experiment ?? ''
    const facts = factsOf(runs, byExperiment.get(name) ?? [], declared.get(name) ?? NOTHING).map(
      (fact) => `    ${fact}`,
    )
    if (keys.length < 2 && facts.length === 0 && absent.size === 0) return []
    return [`${key.padEnd(width)}  ${countText(runs, absent.get(key) ?? [])}`, ...facts]
  })
}

/** Runs of one reason that are listed; the rest are counted. */
const LISTED = 3

/** What did not pass: each reason once for each arm, with the places of its runs. */
export function badLines(bad: readonly RunOutcome[]): string[] {
  const groups = Map.groupBy(
    bad,
    ({ manifest }) =>
      `${manifest.verdict}: ${armKey(manifest.experiment, manifest.arm.name)}: ${whyNot(manifest) ?? 'no reason is recorded'}`,
  )
  return [...groups].flatMap(([text, runs]) => [
    runs.length === 1 ? text : `${text} (${runs.length} runs)`,
    ...runs.slice(0, LISTED).map(({ dir, manifest }) => `    repeat ${manifest.repeat}  ${dir}`),
    ...(runs.length > LISTED
      ? [`    and ${runs.length - LISTED} more: \`lab results ${runs[0]?.manifest.experiment ?? ''}\``]
      : []),
  ])
}

/** Where arms of an experiment have numbers: which commands compare them. */
function compareHints(outcomes: readonly RunOutcome[]): string[] {
  const byExperiment = Map.groupBy(
    outcomes.filter(({ manifest }) => Object.values(manifest.metrics ?? {}).some((value) => value !== null)),
    ({ manifest }) => manifest.experiment,
  )
  return [...byExperiment].flatMap(([experiment, runs]) => {
    const [first, second] = [...new Set(runs.map(({ manifest }) => manifest.arm.name))]
    if (first === undefined || second === undefined) return []
    const groups = [first, second].map((arm) => quoteWord(`${experiment}/${arm}`)).join(' ')
    // A quoted value in the name of an arm is not what `lab diff` takes.
    const diff = groups.includes('"') ? '' : `\`lab diff ${printable(groups)}\`, or `
    return [`compare the arms: ${diff}\`lab report ${experiment}\``]
  })
}

/**
 * Arms, then all runs in a line each where they did not pass, and the count.
 * @param declared by the name of the experiment
 * @param orders what is to be said of the order of events
 */
export function summaryText(
  outcomes: readonly RunOutcome[],
  declared: ReadonlyMap<string, DeclaredNumbers> = new Map(),
  orders: readonly string[] = [],
  unfinished: readonly Unfinished[] = [],
): string {
  const bad = outcomes.filter(({ manifest }) => manifest.verdict !== 'passed')
  const passed = outcomes.length - bad.length
  const names = unfinished.filter(({ problems, left }) => problems.length + left.length > 0)
  return [
    ...armLines(outcomes, declared, unfinished),
    ...orders,
    ...controlText(outcomes.map(({ manifest }) => manifest)),
    // One run has said it itself.
    ...(outcomes.length > 1 ? remarkLines(outcomes) : []),
    ...badLines(bad),
    `${passed} of ${outcomes.length} run${outcomes.length === 1 ? '' : 's'} passed`,
    ...compareHints(outcomes),
    ...names.map(
      ({ experiment, resume }) => `not finished: \`${resume ?? `lab run ${experiment} --resume`}\` does what is left`,
    ),
  ].join('\n')
}
