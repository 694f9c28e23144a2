/** All experiments of a report in one table, and all runs in another, which the page can filter. */
import type { Exhibits } from './exhibits.ts'
import { summary } from '../data/statistics.ts'
import { html, idOf, type Html } from './html.ts'
import { metricsOf, valuesOf, type ExperimentRuns, type ReportRun } from './runs.ts'
import { numberText, type Cell } from './table.ts'
import { badge } from './verdict.ts'

/** Rows of the table of runs: a page has to stay a page. */
export const MOST_RUNS = 2000

const count = (runs: readonly ReportRun[], verdict: string): number =>
  runs.filter((run) => run.verdict === verdict).length

/** "read_ns: none 420, readiter 1 312": the medians of the first metric, arm by arm. */
function inShort(one: ExperimentRuns): string {
  const [metric] = metricsOf(one)
  if (metric === undefined) return ''
  const parts = one.groups.slice(0, 6).flatMap((group) => {
    const values = valuesOf(group, metric)
    if (values.length === 0) return []
    return [`${one.groups.length > 1 ? `${group.label}: ` : ''}${numberText(summary(values).median)}`]
  })
  const more = one.groups.length > 6 ? `, and ${one.groups.length - 6} more arms` : ''
  return parts.length === 0 ? '' : `${metric} ${parts.join('; ')}${more}`
}

/** @param links whether the experiments have sections of their own */
export function experimentsTable(experiments: readonly ExperimentRuns[], links: boolean, exhibits: Exhibits): Html {
  return exhibits.table(
    ['experiments'],
    {
      caption: 'Experiments: how their runs ended, and the medians of their first metric.',
      columns: [
        { head: 'experiment', kind: 'text' },
        { head: 'arms', kind: 'number' },
        { head: 'runs', kind: 'number' },
        { head: 'passed', kind: 'number' },
        { head: 'failed', kind: 'number' },
        { head: 'incomplete', kind: 'number' },
        { head: 'kernels', kind: 'text' },
        { head: 'medians', kind: 'text' },
      ],
      rows: experiments.map((one): Cell[] => [
        ...[one.name, one.groups.length, one.runs.length],
        ...['passed', 'failed', 'incomplete'].map((verdict) => count(one.runs, verdict)),
        [...new Set(one.runs.map(({ kernel }) => kernel))].join(', '),
        inShort(one),
      ]),
    },
    (cell, column) => {
      if (column === 0 && links) return html`<a href="#${idOf('experiment', String(cell))}">${cell ?? ''}</a>`
      if ((column === 4 || column === 5) && Number(cell) > 0)
        return html`<strong class="${column === 4 ? 'bad' : 'warn'}">${cell ?? ''}</strong>`
      return undefined
    },
  )
}

const COLUMNS = [
  { head: 'run', kind: 'code' },
  { head: 'experiment', kind: 'text' },
  { head: 'arm', kind: 'text' },
  { head: 'kernel', kind: 'text' },
  { head: 'started (UTC)', kind: 'text' },
  { head: 'verdict', kind: 'text' },
  { head: 'trace', kind: 'text' },
  { head: 'events', kind: 'number' },
  { head: 'workload', unit: 'ms', kind: 'number' },
  { head: 'note', kind: 'text' },
] as const

const cellsOf = (run: ReportRun): Cell[] => [
  ...[run.run, run.experiment, run.arm, run.kernel, run.started.slice(0, 19).replace('T', ' ')],
  ...[run.verdict, run.completeness, run.events, run.ms],
  run.notCounted ?? (run.imported === null ? '' : `of ${run.imported}`),
]

const options = (values: readonly string[]): Html =>
  html`<option value="">all</option>
    ${[...new Set(values)].toSorted().map((value) => html`<option>${value}</option>`)}`

/** Newest first. The filters are of no use without the page's script, and show up with it. */
export function runsTable(runs: readonly ReportRun[], exhibits: Exhibits): Html {
  const shown = runs.toReversed().slice(0, MOST_RUNS)
  const column = (index: number) => shown.map((run) => String(cellsOf(run)[index] ?? ''))
  const select = (name: string, index: number) =>
    html`<label
      >${name}
      <select data-column="${index}">
        ${options(column(index))}
      </select></label
    > `
  const table = exhibits.table(
    ['runs'],
    {
      caption:
        shown.length < runs.length ? `The newest ${shown.length} of ${runs.length} runs.` : `All runs, newest first.`,
      columns: COLUMNS,
      rows: shown.map(cellsOf),
    },
    (cell, index) => ((index === 5 || index === 6) && typeof cell === 'string' ? badge(cell) : undefined),
  )
  return html`<section id="runs">
    <h2>Runs</h2>
    ${shown.length < runs.length ? html`<p class="notice warn">${runs.length - shown.length} older runs are in every number above and not in this table: <code>lab results</code>, <code>lab query</code>.</p>` : ''}
    <form class="filters" hidden role="search" aria-label="Filter runs">
      ${select('experiment', 1)}${select('arm', 2)}${select('kernel', 3)}${select('verdict', 5)}${select('trace', 6)}<label
        >text <input type="search" autocomplete="off"
      /></label>
      <output aria-live="polite"></output>
    </form>
    ${table}
  </section> `
}
