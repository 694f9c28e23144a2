/** All experiments of a report in one table, and all runs in another, which the page can filter. */
import type { Exhibits } from './exhibits.ts'
import { summary } from '../../trace/stats/statistics.ts'
import { html, idOf, type Html } from './html.ts'
import { metricsOf, type ExperimentRuns, type ReportRun } from './runs.ts'
import { shownMetric } from './scale.ts'
import { numberText, type Cell, type Column } from './table.ts'
import { badge, isIncomplete, mark } from './verdict.ts'

/** Rows of the table of runs: a page has to stay a page. */
export const MOST_RUNS = 2000

const count = (runs: readonly ReportRun[], verdict: string): number =>
  runs.filter((run) => run.verdict === verdict).length

/** "read_ns: none 420, readiter 1 312": the medians of the first metric, arm by arm. */
function inShort(experiment: ExperimentRuns): string {
  const [metric] = metricsOf(experiment)
  if (metric === undefined) return ''
  const { title, valuesOf } = shownMetric(experiment, metric)
  const parts = experiment.groups.slice(0, 6).flatMap((group) => {
    const values = valuesOf(group)
    if (values.length === 0) return []
    const incomplete = group.counted.some(isIncomplete) ? ' (incomplete)' : ''
    return [
      `${experiment.groups.length > 1 ? `${group.label}: ` : ''}${numberText(summary(values).median)}${incomplete}`,
    ]
  })
  const more = experiment.groups.length > 6 ? `, and ${experiment.groups.length - 6} more arms` : ''
  return parts.length === 0 ? '' : `${title} ${parts.join('; ')}${more}`
}

/** @param links whether the experiments have sections of their own */
export function experimentsTable(experiments: readonly ExperimentRuns[], links: boolean, exhibits: Exhibits): Html {
  return exhibits.table(
    ['experiments'],
    {
      caption: `Experiments: how their runs ended, and the medians of their first metric.${mark(experiments.flatMap(({ groups }) => groups.flatMap(({ counted }) => counted)))}`,
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
      rows: experiments.map((experiment): Cell[] => [
        experiment.name,
        experiment.groups.length,
        experiment.runs.length,
        ...['passed', 'failed', 'incomplete'].map((verdict) => count(experiment.runs, verdict)),
        [...new Set(experiment.runs.map(({ kernel }) => kernel))].join(', '),
        inShort(experiment),
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

interface RunColumn extends Column {
  readonly of: (run: ReportRun) => Cell
  /** Can be filtered by. */
  readonly filter?: string
  /** Left out where it is the same for all runs. */
  readonly optional?: boolean
}

const COLUMNS: readonly RunColumn[] = [
  { head: 'run', kind: 'code', of: ({ run }) => run },
  { head: 'experiment', kind: 'text', of: ({ experiment }) => experiment, filter: 'experiment', optional: true },
  { head: 'arm', kind: 'text', of: ({ arm }) => arm, filter: 'arm', optional: true },
  { head: 'kernel', kind: 'text', of: ({ kernel }) => kernel, filter: 'kernel' },
  { head: 'node', kind: 'text', of: ({ node }) => node, filter: 'node', optional: true },
  { head: 'started (UTC)', kind: 'text', of: ({ started }) => started.slice(0, 19).replace('T', ' ') },
  { head: 'verdict', kind: 'text', of: ({ verdict }) => verdict, filter: 'verdict' },
  { head: 'trace', kind: 'text', of: ({ completeness }) => completeness, filter: 'trace' },
  { head: 'events', kind: 'number', of: ({ events }) => events },
  { head: 'definition', kind: 'code', of: ({ definition }) => definition, filter: 'definition', optional: true },
  { head: 'workload', unit: 'ms', kind: 'number', of: ({ ms }) => ms, optional: true },
  {
    head: 'note',
    kind: 'text',
    optional: true,
    of: ({ notCounted, imported }) =>
      // The verdict says already that it failed.
      (notCounted === 'failed' ? undefined : notCounted) ?? (imported === null ? '' : `of ${imported}`),
  },
]

const BADGES = new Set(['verdict', 'trace'])
const distinct = (values: readonly Cell[]): string[] => [...new Set(values.map(String))]

/** Newest first. The filters are of no use without the page's script, and show up with it. */
export function runsTable(runs: readonly ReportRun[], folded: boolean, exhibits: Exhibits): Html {
  const shown = runs.toReversed().slice(0, MOST_RUNS)
  const columns = COLUMNS.filter(({ optional, of }) => optional !== true || distinct(shown.map(of)).length > 1)
  const select = ({ filter, of }: RunColumn, index: number): Html => {
    const values = filter === undefined ? [] : distinct(shown.map(of)).toSorted()
    // One value is no choice.
    if (values.length < 2) return html``
    return html`<label>${filter} <select data-column="${index}"><option value="">all</option>${values.map((value) => html`<option>${value}</option>`)}</select></label> `
  }
  const table = exhibits.table(
    ['runs'],
    {
      caption:
        shown.length < runs.length ? `The newest ${shown.length} of ${runs.length} runs.` : 'All runs, newest first.',
      columns,
      rows: shown.map((run) => columns.map(({ of }) => of(run))),
    },
    (cell, index) => (BADGES.has(columns[index]?.head ?? '') && typeof cell === 'string' ? badge(cell) : undefined),
  )
  const left =
    shown.length < runs.length
      ? html`<p class="notice warn">${runs.length - shown.length} older runs are in every number above and not in this table: <code>lab results</code>, <code>lab query</code>.</p>`
      : ''
  const body = html`${left}
<form class="filters" hidden role="search" aria-label="Filter runs">
${columns.map(select)}<label>text <input type="search" autocomplete="off"></label>
<output aria-live="polite"></output>
</form>
${table}`
  return folded
    ? html`<section id="runs"><details class="long"><summary>Runs <span class="soft">each of them, with filters</span></summary>${body}</details></section>
`
    : html`<section id="runs"><h2>Runs</h2>
${body}</section>
`
}
