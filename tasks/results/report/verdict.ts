/** What to believe of runs: counts of verdicts, and what was lost. It comes before every number. */
import { withParams } from '../why.ts'
import { splatPlace } from '../kernel-reports.ts'
import type { Manifest } from '../manifest.ts'
import { plural } from '../../engine/text.ts'
import { resultsText, testsFailed } from '../../linux/ktap/ktap.ts'
import { html, type Html } from './html.ts'
import type { ReportRun } from './runs.ts'

/** Reasons that are spelled out; the rest is counted. */
const SHOWN = 8

/** Classes of verdicts and of completeness; anything else is "warn". */
const CLASSES: Readonly<Record<string, string>> = {
  passed: 'good',
  failed: 'bad',
  incomplete: 'warn',
  imported: 'plain',
  complete: 'good',
  unknown: 'warn',
}

export const badge = (word: string, count?: number): Html =>
  html`<span class="badge ${CLASSES[word] ?? 'warn'}">${count === undefined ? '' : `${count} `}${word}</span>`

const counted = (words: readonly string[]): [word: string, count: number][] =>
  [...Map.groupBy(words, (word) => word)].map(([word, list]): [string, number] => [word, list.length])

const ORDER = ['failed', 'incomplete', 'passed', 'imported']

/** "3 failed · 5 passed": what went wrong comes first. */
export const verdictBadges = (runs: readonly ReportRun[]): Html =>
  html`${counted(runs.map(({ verdict }) => verdict))
    .toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(([word, count]) => html`${badge(word, count)} `)}`

/**
 * A run whose failure was expected and came before anything was recorded: there is no trace that could lack an event.
 */
const hasTrace = ({ verdict, table }: ReportRun): boolean => table || verdict !== 'passed'

/** Whether its trace cannot be shown to have lost nothing. */
export const isIncomplete = (run: ReportRun): boolean => hasTrace(run) && run.completeness !== 'complete'

/** Whether every event is accounted for, in a sentence. */
export function completenessText(runs: readonly ReportRun[]): Html {
  const bad = runs.filter(isIncomplete)
  const traced = runs.filter(hasTrace).length
  const none = runs.length - traced
  const without =
    none === 0 ? '' : ` ${none} ${none === 1 ? 'run' : 'runs'} ended as expected before anything was recorded.`
  if (traced === 0) return html`<p>${without.trim()}</p>`
  if (bad.length === 0)
    return html`<p class="complete">${badge('complete')} ${traced === 1 ? 'No layer of the trace lost an event.' : 'No layer of any trace lost an event.'}${without}</p>`
  const sums = new Map<string, number>()
  for (const { losses } of bad)
    for (const [layer, lost] of Object.entries(losses)) if (lost) sums.set(layer, (sums.get(layer) ?? 0) + lost)
  const lost = [...sums].map(([layer, count]) => `${layer} ${count}`)
  const words = counted(bad.map(({ completeness }) => completeness))
  return html`<p class="notice warn"><strong>${bad.length} of ${traced} ${traced === 1 ? 'trace' : 'traces'} cannot be shown to be complete</strong>
(${words.map(([word, count], index) => html`${index > 0 ? ', ' : ''}${count} ${word}`)}). ${
    lost.length > 0 ? html`Lost: ${lost.join(', ')}. ` : ''
  }Figures and tables that draw on them say so.${without}</p>`
}

/** For captions: "incomplete" must not be lost on the way into a paper. */
export function mark(runs: readonly ReportRun[]): string {
  const bad = runs.filter(isIncomplete).length
  if (bad === 0) return ''
  return ` INCOMPLETE DATA: ${bad} of ${runs.length} ${runs.length === 1 ? 'run' : 'runs'} cannot be shown to have lost nothing.`
}

/** Expectations of one run, and why its trace is not complete. */
export const expectationList = ({
  expectations,
  trace,
  failures,
  splats = [],
  tests = [],
  remarks = [],
  arm,
}: Manifest): Html =>
  html`<ul class="expectations">
    ${splats.map(
      (splat) =>
        html`<li class="${splat.allowed ? 'plain' : 'bad'}">
          <strong>kernel</strong> ${splat.allowed ? 'allowed: ' : ''}${splatPlace(splat)}<br /><code>${splat.what}</code>
        </li> `,
    )}${tests.map(
      (test) =>
        html`<li class="${testsFailed(test) ? 'bad' : 'good'}">
          <strong>tests</strong> ${test.form} in ${test.file}: ${resultsText(test)}
        </li> `,
    )}${expectations.map(
      ({ ok, lines }) =>
        html`<li class="${ok ? 'good' : 'bad'}">
          <strong>${ok ? 'ok' : 'not ok'}</strong>
          ${lines.map((line, index) => html`${index > 0 ? html`<br />` : ''}${withParams(line, arm.params)}`)}
        </li> `,
    )}${failures.map(
      ({ stage, program, fact }) => html`<li class="plain"><strong>${stage}</strong> ${program ?? ''} ${fact}</li> `,
    )}${remarks.map((remark) => html`<li class="warn"><strong>note</strong> ${remark}</li> `)}${trace.reasons.map((reason) => html`<li class="warn"><strong>trace</strong> ${reason}</li> `)}
  </ul>`

interface Problem {
  readonly run: ReportRun
  readonly manifest: Manifest
}

/** Why a run did not pass, as one text and as it is shown: runs with the same reasons are one problem. */
const reasonsOf = ({ verdict, expectations, failures, splats = [], tests = [], trace, experiment, arm }: Manifest) =>
  JSON.stringify([
    experiment,
    verdict,
    expectations.filter(({ ok }) => !ok).map(({ lines }) => lines.map((line) => withParams(line, arm.params))),
    failures.map(({ stage, program, fact }) => [stage, program, fact]),
    splats.map(({ what, allowed }) => [what, allowed]),
    tests.filter(testsFailed).map((test) => resultsText(test)),
    trace.reasons,
  ])

/** Names of runs that are spelled out for each reason. */
const NAMED = 3

function problem(list: readonly Problem[]): Html {
  const [first] = list
  if (first === undefined) return html``
  const { run, manifest } = first
  const arms = [...new Set(list.map((failure) => failure.run.arm))].filter(Boolean)
  const kernels = [...new Set(list.map((failure) => failure.run.kernel))]
  const where = [
    run.experiment,
    ...arms.slice(0, NAMED),
    arms.length > NAMED ? plural(arms.length - NAMED, 'other arm') : '',
    ...kernels,
  ]
  const names = list
    .slice(0, NAMED)
    .map((failure, index) => html`${index > 0 ? ', ' : ''}<code>${failure.run.run}</code>`)
  const more = list.length > NAMED ? ` and ${list.length - NAMED} more` : ''
  return html`<dt>${badge(run.verdict, list.length > 1 ? list.length : undefined)} ${names}${more} ${where.filter(Boolean).join(', ')}</dt>
    <dd>${expectationList({ ...manifest, expectations: manifest.expectations.filter(({ ok }) => !ok) })}</dd> `
}

/** Runs that did not pass, by their reasons. @param total how many there are; `runs` are the newest of them */
export function problems(runs: readonly Problem[], total: number): Html {
  if (runs.length === 0) return html``
  const groups = [...Map.groupBy(runs, ({ manifest }) => reasonsOf(manifest)).values()]
  const shown = groups.slice(0, SHOWN)
  const left = total - shown.reduce((sum, list) => sum + list.length, 0)
  return html`<div class="problems">
    <h4>What did not pass</h4>
    <dl>
      ${shown.map(problem)}
    </dl>
    ${left > 0 ? html`<p>${left} more: see the table of runs.</p>` : ''}
  </div>`
}
