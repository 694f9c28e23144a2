/** Numbers of runs: each metric against what the runs differ in, as figures that show every value and as tables. */
import { median } from '../../trace/stats/quantiles.ts'
import { byNode, valuesIn, type Sample } from '../../trace/stats/sample.ts'
import { FEWEST_FOR_INTERVAL, summary } from '../../trace/stats/statistics.ts'
import type { Exhibits } from './exhibits.ts'
import { curveFigure, FEWEST_FOR_CURVE, MOST_POINTS, orderFigure, stripFigure, type Point } from './figures.ts'
import { html, type Html } from './html.ts'
import { metricOf, metricsOf, nodesOf, type ExperimentRuns, type Group } from './runs.ts'
import { shownMetric, type ShownMetric } from './scale.ts'
import type { Cell, Column } from './table.ts'
import { mark } from './verdict.ts'

/** Runs from which on a drift can be seen. */
const ENOUGH_FOR_ORDER = 5

const COLUMNS: readonly Column[] = [
  { head: 'arm', kind: 'text' },
  { head: 'metric', kind: 'code' },
  { head: 'runs', kind: 'number' },
  { head: 'median', kind: 'number' },
  { head: '95 % from', kind: 'number' },
  { head: 'to', kind: 'number' },
  { head: 'min', kind: 'number' },
  { head: 'max', kind: 'number' },
  { head: 'far from the rest', kind: 'number' },
]

const row = (label: string, metric: string, samples: readonly Sample[]): Cell[] => {
  const values = valuesIn(samples)
  if (values.length === 0) return [label, metric, 0, null, null, null, null, null, null]
  const { count, median, low, high, outliers } = summary(samples)
  const interval = count < FEWEST_FOR_INTERVAL ? [null, null] : [low, high]
  return [label, metric, count, median, ...interval, Math.min(...values), Math.max(...values), outliers.length]
}

/** What an interval says where runs are of several nodes; empty where they are of one. */
function ofNodes({ groups }: ExperimentRuns): string {
  const nodes = nodesOf(groups).length
  return nodes < 2
    ? ''
    : ` The runs are of ${nodes} nodes: intervals also say how far another node may be (nodes are drawn first, then runs on each).`
}

/** Each arm on each node, where there are several: nobody can see in a median of all which nodes it is of. */
export function nodesHtml(experiment: ExperimentRuns, metrics: readonly string[], exhibits: Exhibits): Html {
  const nodes = nodesOf(experiment.groups)
  if (nodes.length < 2) return html``
  const rows = metrics.flatMap((metric) => {
    const { title, samplesOf } = shownMetric(experiment, metric)
    return experiment.groups.flatMap((group) =>
      [...byNode(samplesOf(group))]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([node, values]): Cell[] => [
          group.label,
          title,
          node || 'not named',
          values.length,
          median(values),
          Math.min(...values),
          Math.max(...values),
        ]),
    )
  })
  return exhibits.table([experiment.name, 'nodes'], {
    caption: `${experiment.name}: the same numbers by node.`,
    columns: [
      { head: 'arm', kind: 'text' },
      { head: 'metric', kind: 'code' },
      { head: 'node', kind: 'code' },
      { head: 'runs', kind: 'number' },
      { head: 'median', kind: 'number' },
      { head: 'min', kind: 'number' },
      { head: 'max', kind: 'number' },
    ],
    rows,
  })
}

/** Parameters that are numbers and not the same everywhere. */
function numberParams({ groups }: ExperimentRuns): string[] {
  const names = [...new Set(groups.flatMap(({ params }) => Object.keys(params)))]
  return names.filter((name) => {
    const values = groups.map(({ params }) => params[name])
    return values.every((value) => typeof value === 'number') && new Set(values).size > 1
  })
}

/** A group's label without one parameter: what a line of the figure over that parameter is. */
const withoutParam = (label: string, name: string): string =>
  label
    // A value that holds a comma is in quotes.
    .split(/,\s*(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .filter((part) => !part.startsWith(`${name}=`))
    .join(', ')

function pointsOver(groups: readonly Group[], { valuesOf }: ShownMetric, param: string): Point[] {
  return groups.flatMap((group) =>
    valuesOf(group).map((y) => ({
      series: withoutParam(group.label, param),
      x: Number(group.params[param]),
      y,
    })),
  )
}

function inOrder({ groups }: ExperimentRuns, metric: string, factor: number): Point[] {
  return groups
    .flatMap(({ label, counted }) => counted.map((run) => ({ label, run, y: metricOf(run, metric) })))
    .toSorted((a, b) => (a.run.started < b.run.started ? -1 : 1))
    .flatMap(({ label, y }, index) => (y === null ? [] : [{ series: label, x: index + 1, y: y * factor }]))
}

/** By arm the ends of each are kept; elsewhere every n-th point is. */
const drawnByArm = (count: number): string =>
  count > MOST_POINTS ? ` ${MOST_POINTS} of ${count} points are drawn, evenly chosen, both ends among them.` : ''
const drawnEvenly = (count: number): string =>
  count > MOST_POINTS
    ? ` Of ${count} points one of ${Math.ceil(count / MOST_POINTS)} is drawn; medians are those of all.`
    : ''

const noInterval = (series: readonly { readonly values: readonly unknown[] }[]): string =>
  series.some(({ values }) => values.length < FEWEST_FOR_INTERVAL)
    ? ` (fewer than ${FEWEST_FOR_INTERVAL} runs have none)`
    : ''

/** One metric: by arm, over each number, in the order of the runs. */
async function metricFigures(experiment: ExperimentRuns, metric: string, exhibits: Exhibits): Promise<Html[]> {
  const { name, groups } = experiment
  const counted = groups.flatMap((group) => group.counted)
  const note = mark(counted)
  const shown = shownMetric(experiment, metric)
  const series = groups.map((group) => ({ label: group.label, values: shown.samplesOf(group) }))
  const count = series.reduce((sum, { values }) => sum + values.length, 0)
  if (count < 2) return []
  const figures = [
    await exhibits.figure(
      [name, metric, 'by arm'],
      `${name}: ${metric} by arm. Each point is a run; the tick is the median, the bar its 95 % bootstrap interval${noInterval(series)}.${drawnByArm(count)}${note}`,
      stripFigure(shown.title, series),
    ),
  ]
  for (const param of numberParams(experiment)) {
    const points = pointsOver(groups, shown, param)
    const values = new Set(points.map(({ x }) => x)).size
    const drawn =
      values < FEWEST_FOR_CURVE ? 'the tick is the median' : 'the line joins medians, the band holds the middle half'
    if (values > 1)
      figures.push(
        await exhibits.figure(
          [name, metric, 'over', param],
          `${name}: ${metric} over ${param}. Each point is a run; ${drawn}.${drawnEvenly(points.length)}${note}`,
          curveFigure(param, shown.title, points),
        ),
      )
  }
  const order = inOrder(experiment, metric, shown.factor)
  if (order.length >= ENOUGH_FOR_ORDER)
    figures.push(
      await exhibits.figure(
        [name, metric, 'in order'],
        `${name}: ${metric} in the order of the runs: a drift of the machine would be a slope here.${drawnEvenly(order.length)}${note}`,
        orderFigure(
          shown.title,
          order,
          groups.map(({ label }) => label),
        ),
      ),
    )
  return figures
}

/** Everything about the numbers of one experiment; nothing where no run has any. */
export async function metricsHtml(experiment: ExperimentRuns, exhibits: Exhibits): Promise<Html> {
  const metrics = metricsOf(experiment)
  if (metrics.length === 0) return html``
  const rows = metrics.flatMap((metric) => {
    const { title, samplesOf } = shownMetric(experiment, metric)
    return experiment.groups.map((group) => row(group.label, title, samplesOf(group)))
  })
  const figures: Html[] = []
  for (const metric of metrics) figures.push(...(await metricFigures(experiment, metric, exhibits)))
  const table = exhibits.table([experiment.name, 'numbers'], {
    caption: `${experiment.name}: medians with their 95 % bootstrap intervals, of ${FEWEST_FOR_INTERVAL} runs or more. Runs that failed, warm-ups and attempts that were repeated do not count; nothing is dropped as an outlier.${ofNodes(experiment)}${mark(experiment.groups.flatMap((group) => group.counted))}`,
    columns: COLUMNS,
    rows,
  })
  return html`<h3>Numbers</h3>
    ${figures} ${table} ${nodesHtml(experiment, metrics, exhibits)}`
}
