/**
 * Descriptions of a report's figures (Vega-Lite): data in, nothing drawn here. Every text in the data may come from a
 * guest.
 */
import { random } from '../../trace/stats/random.ts'
import { median, quantile } from '../../trace/stats/quantiles.ts'
import { valuesIn, type Sample } from '../../trace/stats/sample.ts'
import { FEWEST_FOR_INTERVAL, summary } from '../../trace/stats/statistics.ts'
import { binsOf, densities, spreadOf } from './histogram.ts'
import { label, scales } from './series-look.ts'
import { colour } from './theme.ts'
import type { FigureSpec } from './vega.ts'

/** Of a whole figure: what a column of text is wide. */
const WIDTH = 880
/** The description takes the labels' room from the figure's, not from the page. */
export const FIT = { autosize: { type: 'fit-x', contains: 'padding' }, width: WIDTH } as const
/** Gaps of one step, up to which each is drawn. */
const RUG = 200
/** Points of one figure at most: a page has to stay a page. Medians are always those of all. */
export const MOST_POINTS = 1500
/** Values of a step from which on it is worth a picture of how they are spread. */
const FEWEST_FOR_SPREAD = 3

/**
 * Values that differ by more than this factor are shown on a logarithmic axis: on a linear one all small ones are zero.
 */
const LOG_FROM = 30

/** The scale of an axis for these values. */
function scaleFor(values: readonly number[]) {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low > 0 && high / low >= LOG_FROM
    ? ({ type: 'log', nice: false, padding: 8 } as const)
    : ({ zero: false, nice: true } as const)
}

/**
 * Labels of an axis whose ticks are the values themselves. The format of an axis (d3-scale, tickFormat) keeps the
 * digits that tell round ticks apart: at 4096 and 65536 those would say 4 000 and 70 000. 12 digits are all that a
 * parameter has.
 */
const EXACT_LABELS = "format(datum.value, ',.12~r')"

/** Format and number of the labels of an axis that may be logarithmic. */
const AXIS = { format: ',~r', labelOverlap: true } as const

/** Values of a series in the order of their runs. */
export interface Series {
  readonly label: string
  readonly values: readonly Sample[]
}

/** Evenly chosen from the sorted values, the smallest and the largest among them. */
function chosen(values: readonly number[], most: number): readonly number[] {
  if (values.length <= most) return values
  const sorted = values.toSorted((a, b) => a - b)
  return Array.from({ length: most }, (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (most - 1))] ?? 0)
}

/** Each series as a row: every value, the median, its 95 % interval. */
export function stripFigure(title: string, series: readonly Series[]): FigureSpec {
  const shown = series
    .filter(({ values }) => values.length > 0)
    .map(({ values, ...row }) => ({ ...row, samples: values, values: valuesIn(values) }))
  const { color, shape, nameOf } = scales(series.map((row) => row.label))
  const most = Math.max(20, Math.floor(MOST_POINTS / Math.max(shown.length, 1)))
  const next = random(7)
  const points = shown.flatMap((row) =>
    // The height in a row means nothing; it keeps equal values apart.
    chosen(row.values, most).map((value) => ({ series: nameOf(row.label), value, height: next() - 0.5 })),
  )
  const middle = shown.map((row) => ({ series: nameOf(row.label), ...summary(row.samples), outliers: undefined }))
  const intervals = middle.filter(({ count }) => count >= FEWEST_FOR_INTERVAL)
  const y = {
    field: 'series',
    type: 'nominal',
    title: null,
    sort: color.domain,
    axis: { ticks: false, domain: false },
  } as const
  const scale = scaleFor(shown.flatMap(({ values }) => [Math.min(...values), Math.max(...values)]))
  const x = { type: 'quantitative', title: label(title), scale, axis: AXIS } as const
  return {
    ...FIT,
    height: 46 * Math.max(shown.length, 1),
    layer: [
      {
        data: { values: points },
        mark: { type: 'point', filled: true, size: 32, opacity: 0.7 },
        encoding: {
          y,
          x: { ...x, field: 'value' },
          yOffset: { field: 'height', type: 'quantitative', scale: { domain: [-1, 1] } },
          color: { field: 'series', type: 'nominal', scale: color, legend: null },
          shape: { field: 'series', type: 'nominal', scale: shape, legend: null },
        },
      },
      // A layer without data has no extent.
      ...(intervals.length === 0
        ? []
        : [
            {
              data: { values: intervals },
              mark: { type: 'rule', strokeWidth: 3, color: colour('ink') } as const,
              encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
            },
          ]),
      {
        data: { values: middle },
        mark: { type: 'tick', thickness: 3, size: 30, color: colour('ink') },
        encoding: { y, x: { ...x, field: 'median' } },
      },
    ],
  }
}

/** A point of a figure over a parameter that is a number. */
export interface Point {
  readonly series: string
  readonly x: number
  readonly y: number
}

/** Values of a parameter from which on a line through them is a curve. Between two arms nothing was measured. */
export const FEWEST_FOR_CURVE = 3

/**
 * Every value over a number, with a line through the medians and a band between the quartiles; where the number has two
 * values only, with a tick at each median.
 */
export function curveFigure(xTitle: string, yTitle: string, points: readonly Point[]): FigureSpec {
  const labels = [...new Set(points.map(({ series }) => series))]
  const { color, shape, nameOf } = scales(labels)
  const xs = points.map(({ x }) => x)
  const [low, high] = [Math.min(...xs), Math.max(...xs)]
  const log = low > 0 && high / low >= LOG_FROM
  const middle = [...Map.groupBy(points, ({ series, x }) => `${x} ${series}`).values()].map((list) => {
    const sorted = list.map(({ y }) => y).toSorted((a, b) => a - b)
    const [first] = list
    return {
      series: nameOf(first?.series ?? ''),
      x: first?.x ?? 0,
      median: median(sorted),
      q1: quantile(sorted, 0.25),
      q3: quantile(sorted, 0.75),
    }
  })
  const step = Math.max(1, Math.ceil(points.length / MOST_POINTS))
  const x = {
    field: 'x',
    type: 'quantitative',
    title: label(xTitle),
    scale: log ? { type: 'log', padding: 12 } : { type: 'linear', zero: false, padding: 12 },
    axis: { values: [...new Set(xs)].toSorted((a, b) => a - b), labelExpr: EXACT_LABELS, labelOverlap: true },
  } as const
  const yScale = scaleFor(points.map((point) => point.y))
  const y = { type: 'quantitative', title: label(yTitle), scale: yScale, axis: AXIS } as const
  const ofSeries = {
    field: 'series',
    type: 'nominal',
    scale: color,
    title: null,
    ...(labels.length < 2 ? { legend: null } : {}),
  } as const
  const curve = [
    {
      data: { values: middle },
      mark: { type: 'area', opacity: 0.14 },
      encoding: { x, y: { ...y, field: 'q1' }, y2: { field: 'q3' }, color: ofSeries },
    },
    {
      data: { values: middle },
      mark: { type: 'line', strokeWidth: 2 },
      encoding: { x, y: { ...y, field: 'median' }, color: ofSeries },
    },
  ]
  const medians = {
    data: { values: middle },
    mark: { type: 'tick', orient: 'horizontal', thickness: 3, size: 30 },
    encoding: { x, y: { ...y, field: 'median' }, color: ofSeries },
  }
  return {
    ...FIT,
    height: 280,
    layer: [
      ...(new Set(xs).size < FEWEST_FOR_CURVE ? [medians] : curve),
      {
        data: {
          values: points
            .filter((_, index) => index % step === 0)
            .map((point) => ({ x: point.x, y: point.y, series: nameOf(point.series) })),
        },
        mark: { type: 'point', filled: true, size: 30, opacity: 0.65 },
        encoding: {
          x,
          y: { ...y, field: 'y' },
          color: ofSeries,
          shape: {
            field: 'series',
            type: 'nominal',
            scale: shape,
            title: null,
            ...(labels.length < 2 ? { legend: null } : {}),
          },
        },
      },
    ],
  } as FigureSpec
}

/** Each value in the order in which the runs were done: a drift shows. */
export function orderFigure(title: string, points: readonly Point[], labels: readonly string[]): FigureSpec {
  const { color, shape, nameOf } = scales(labels)
  const step = Math.max(1, Math.ceil(points.length / MOST_POINTS))
  const legend = labels.length < 2 ? { legend: null } : {}
  return {
    ...FIT,
    height: 180,
    data: {
      values: points
        .filter((_, index) => index % step === 0)
        .map((point) => ({ x: point.x, y: point.y, series: nameOf(point.series) })),
    },
    mark: { type: 'point', filled: true, size: 34, opacity: 0.75 },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative',
        title: 'run, in the order in which they were done',
        // Room for half a run at both ends: the first and the last are no points on the frame.
        scale: { domain: [0.5, Math.max(0, ...points.slice(-1).map(({ x }) => x)) + 0.5], nice: false, zero: false },
        axis: { tickMinStep: 1, grid: false },
      },
      y: {
        field: 'y',
        type: 'quantitative',
        title: label(title),
        scale: scaleFor(points.map((point) => point.y)),
        axis: AXIS,
      },
      color: { field: 'series', type: 'nominal', scale: color, title: null, ...legend },
      shape: { field: 'series', type: 'nominal', scale: shape, title: null, ...legend },
    },
  } as FigureSpec
}

export interface StepGaps {
  /** "from → to". */
  readonly step: string
  readonly series: string
  /** Nanoseconds, or ticks. */
  readonly gaps: Float32Array
}

/** What the rows of a figure of spreads are measured in. */
export interface SpreadAxis {
  readonly title: string
  /** By what a value is divided. */
  readonly divisor: number
}

/**
 * How values are spread: a row for each step, all on one logarithmic axis. Without labels the rows are the series.
 * @returns the description and what the axis does not hold; undefined where no value is above zero
 */
export function spreadFigure(
  steps: readonly StepGaps[],
  labels: readonly string[],
  { title, divisor: factor }: SpreadAxis,
): { readonly spec: FigureSpec; readonly left: string } | undefined {
  // So few values have no spread: they are in the table.
  if (steps.every(({ gaps }) => gaps.length < FEWEST_FOR_SPREAD)) return undefined
  const bins = binsOf(steps.map(({ gaps }) => gaps))
  if (bins.edges.length === 0) return undefined
  const total = steps.reduce((sum, { gaps }) => sum + gaps.length, 0)
  const left = [
    bins.beyond > 0 ? ` ${bins.beyond} of ${total} are beyond the end of the axis.` : '',
    bins.notPositive > 0 ? ` ${bins.notPositive} are zero or less, which a logarithmic axis cannot show.` : '',
  ].join('')
  const names = [...new Set(steps.map(({ step }) => step))].map(label)
  const { color } = scales(labels.length > 0 ? labels : names)
  const values = steps.flatMap(({ step, series, gaps }) => {
    const shares = densities(gaps, bins)
    const most = Math.max(...shares, Number.MIN_VALUE)
    const at = (index: number) => (bins.edges[index] ?? 0) / factor
    const row = (x: number, share: number) => ({ step: label(step), series: label(series), x, share: share / most })
    // Empty bins beside empty ones are not drawn twice.
    return [
      ...shares.flatMap((share, index) =>
        share > 0 || (shares[index - 1] ?? 0) > 0 || (shares[index + 1] ?? 0) > 0 ? [row(at(index), share)] : [],
      ),
      row(at(shares.length), 0),
    ]
  })
  const medians = steps.map(({ step, series, gaps }) => ({
    step: label(step),
    series: label(series),
    x: spreadOf(gaps).median / factor,
  }))
  const domain = [bins.edges[0] ?? 1, bins.edges.at(-1) ?? 1].map((edge) => edge / factor)
  const x = {
    field: 'x',
    type: 'quantitative',
    title: label(title),
    scale: { type: 'log', domain, nice: false },
    axis: { format: '~r', labelOverlap: true, tickCount: 12, grid: true },
  } as const
  const ofSeries = {
    field: 'series',
    type: 'nominal',
    scale: color,
    title: null,
    legend: labels.length < 2 ? null : { symbolOpacity: 1 },
  } as const
  const y = { field: 'share', type: 'quantitative', axis: null, scale: { domain: [0, 1.05] } } as const
  const rug = steps.flatMap(({ step, series, gaps }) =>
    gaps.length > RUG
      ? []
      : Array.from(gaps, (gap) => ({ step: label(step), series: label(series), x: gap / factor, kind: 'one' })),
  )
  const spec = {
    // Rows by "facet" share one data set.
    data: {
      values: [
        ...values,
        ...medians.filter(({ x: at }) => at > 0).map((point) => ({ ...point, kind: 'median' })),
        ...rug.filter(({ x: at }) => at > 0 && at <= (domain[1] ?? 0)),
      ],
    },
    facet: {
      row: {
        field: 'step',
        type: 'nominal',
        sort: names,
        title: null,
        header: { labelOrient: 'top', labelAnchor: 'start', labelAngle: 0, labelPadding: 2 },
      },
    },
    spacing: 8,
    spec: {
      width: WIDTH - 30,
      height: 42,
      layer: [
        {
          transform: [{ filter: '!datum.kind' }],
          // Many areas on top of each other are mud.
          mark: { type: 'area', interpolate: 'step-after', opacity: labels.length > 3 ? 0.05 : 0.22 },
          encoding: { x, y: { ...y, stack: null }, color: ofSeries },
        },
        {
          transform: [{ filter: '!datum.kind' }],
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.4 },
          encoding: { x, y, color: ofSeries },
        },
        {
          transform: [{ filter: "datum.kind === 'median'" }],
          mark: { type: 'rule', strokeWidth: 2, strokeDash: [4, 2] },
          encoding: { x, color: ofSeries },
        },
        ...(rug.length === 0
          ? []
          : [
              {
                transform: [{ filter: "datum.kind === 'one'" }],
                mark: { type: 'tick', orient: 'vertical', size: 9, thickness: 1.2, yOffset: 4, opacity: 0.8 },
                encoding: { x, y: { value: 42 }, color: ofSeries },
              },
            ]),
      ],
    },
  }
  return { spec: spec as FigureSpec, left }
}
