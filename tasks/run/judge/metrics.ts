/** Declared numbers of a run, and what they say over many runs. */
import { concerns, type Arm } from '../../config/arms.ts'
import { regexOf, type Params } from '../../config/interpolate.ts'
import { shownUnit } from '../../config/metric-unit.ts'
import { nameWithout, scaleOf } from '../../config/units.ts'
import type { ResolvedMetric } from '../../config/resolved.ts'
import type { Metric } from '../../config/schema/schema.ts'
import { everyMatch } from '../../config/text/pattern.ts'
import { median } from '../../trace/stats/quantiles.ts'
import { FEWEST_FOR_INTERVAL, precision, runsNeeded, summary, type Summary } from '../../trace/stats/statistics.ts'
import type { Forecast } from '../../engine/context.ts'
import { printable } from '../../engine/printable.ts'
import { shortNumber } from '../../engine/text.ts'
import type { ExpectationVerdict, Manifest, ProbeReport } from '../../results/manifest.ts'
import { nodesText, samplesOf } from '../../results/node.ts'

/** What the first group captures, where that is a number: one that captured nothing is no zero. */
function numbersIn(text: string, regex: RegExp): number[] {
  return everyMatch(text, regex)
    .map(([, captured = '']) => (captured.trim() === '' ? Number.NaN : Number(captured)))
    .filter(Number.isFinite)
}

type LoadMetric = Extract<Metric, { load: string }>
type Loaded = Pick<ProbeReport, 'program' | 'loadNs' | 'verified' | 'jitBytes'>

const LOADED = { ns: 'loadNs', instructions: 'verified', 'jit-bytes': 'jitBytes' } as const

/**
 * The sum over the programs that are meant; null if there are none, or where the kernel does not tell it of all of
 * them.
 */
function loadOf({ load, program }: LoadMetric, programs: readonly Loaded[]): number | null {
  const numbers = programs
    .filter((candidate) => program === undefined || candidate.program === program)
    .map((counts) => counts[LOADED[load]])
  return numbers.length === 0 || numbers.includes(undefined)
    ? null
    : numbers.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

/** What the programs of a run printed: the workload, and by their names in the guest those that ran beside it. */
export interface Outputs {
  readonly stdout: string
  readonly beside?: ReadonlyMap<string, string> | undefined
}

/** Of each metric the median of everything that matches in this run; null where nothing does. */
export function metricsOf(
  metrics: Readonly<Record<string, ResolvedMetric>>,
  params: Params,
  { stdout, beside }: Outputs,
  own: readonly { readonly message: string }[],
  programs: readonly Loaded[] = [],
): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => {
      if ('load' in metric) return [name, loadOf(metric, programs)]
      const regex = regexOf('stdout' in metric ? metric.stdout : metric.message, params)
      const printed = metric.output === undefined ? stdout : (beside?.get(metric.output) ?? '')
      const found =
        'stdout' in metric ? numbersIn(printed, regex) : own.flatMap(({ message }) => numbersIn(message, regex))
      return [name, found.length === 0 ? null : median(found)]
    }),
  )
}

const isRequired = ({ required }: Metric): boolean => required !== 'no' && required !== false

/**
 * A metric of messages, or of what a probe prints, has nothing to match in an arm without probes, or with empty ones.
 */
function concernsArm(metric: Metric, kernel: string, arm: Pick<Arm, 'probes'>): boolean {
  if (!('stdout' in metric)) return concerns({}, kernel, arm)
  return metric.of === undefined || concerns({ probes: [metric.of] }, kernel, arm)
}

/** Where a metric looks. */
const sourceOf = (metric: Metric): string =>
  'load' in metric
    ? `${metric.load} of ${metric.program ?? 'any program'} in what the holder says of loading`
    : 'stdout' in metric
      ? `${printable(metric.stdout, 200)} in what ${metric.of === undefined ? 'the workload' : `probe ${printable(metric.of, 60)}`} printed (${metric.of === undefined ? 'stdout' : 'probe-*.out of the run'})`
      : `${printable(metric.message, 200)} in the workload's messages`

/**
 * A verdict for each metric that matched nothing in a run: without the number that was asked for, a run is no pass.
 * None for those that may be absent (`required: no`).
 */
export const missingMetrics = (
  metrics: Readonly<Record<string, Metric>>,
  values: Readonly<Record<string, number | null>>,
  kernel: string,
  arm: Pick<Arm, 'probes'>,
): ExpectationVerdict[] =>
  Object.entries(metrics)
    .filter(([name, metric]) => values[name] === null && isRequired(metric) && concernsArm(metric, kernel, arm))
    .map(([name, metric]) => ({
      ok: false,
      lines: [
        `metric ${name}: nothing matches ${sourceOf(metric)}; if a run may lack it, write \`required: no\` under the metric`,
      ],
    }))

/** Remarks on metrics that may be absent, and are. */
export const absentMetrics = (
  metrics: Readonly<Record<string, Metric>>,
  values: Readonly<Record<string, number | null>>,
  kernel: string,
  arm: Pick<Arm, 'probes'>,
): string[] =>
  Object.entries(metrics)
    .filter(([name, metric]) => values[name] === null && !isRequired(metric) && concernsArm(metric, kernel, arm))
    .map(([name, metric]) => `metric ${name} (not required): nothing matches ${sourceOf(metric)}`)

export const valuesOf = (manifests: readonly Manifest[], metric: string): number[] =>
  manifests.map(({ metrics }) => metrics?.[metric]).filter((value) => typeof value === 'number')

/** Whether an arm's runs say enough about its metric. */
export function enough(
  manifests: readonly Manifest[],
  { metric, precision: wanted, min }: { readonly metric: string; readonly precision: number; readonly min: number },
): boolean {
  const values = samplesOf(manifests, metric)
  return values.length >= min && precision(summary(values)) <= wanted
}

/**
 * The median of each metric over the runs that there are; for people in the unit that the summary takes.
 * @param declared gives the units
 */
export function mediansSoFar(
  manifests: readonly Manifest[],
  declared: Readonly<Record<string, Metric>>,
): NonNullable<Forecast['soFar']> {
  const metrics = [...new Set(manifests.flatMap((run) => Object.keys(run.metrics ?? {})))]
  return metrics.flatMap((metric) => {
    const values = valuesOf(manifests, metric)
    const known = declared[metric]
    if (values.length === 0) return []
    const middle = median(values)
    const recorded = known && shownUnit(metric, known)
    const { unit, factor } = scaleOf(recorded, middle)
    const name = unit === undefined ? metric : nameWithout(metric, unit)
    const suffix = unit === undefined || unit === name ? '' : ` ${unit}`
    return [
      {
        metric,
        median: middle,
        ...(recorded !== undefined && { unit: recorded }),
        runs: values.length,
        shown: `${name} ${shortNumber(middle * factor)}${suffix}`,
      },
    ]
  })
}

const percent = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : 'not known')

const runsText = (count: number): string => `${count} run${count === 1 ? '' : 's'}`

/** Of so few values no interval is made up: the values are shown. */
function fewText(name: string, { median: middle, count, low, high }: Summary, wanted: number | undefined): string {
  const spread = count > 1 ? ` (${shortNumber(low)} and ${shortNumber(high)})` : ''
  const more = wanted === undefined ? '' : `; ±${percent(wanted)} needs ${FEWEST_FOR_INTERVAL} runs at least`
  return `${name} ${shortNumber(middle)}${spread}, ${runsText(count)}: too few for an interval${more}`
}

/** "read_ns 412 [398, 431], ±4.0 %, 12 runs"; "read_ns 412, 1 run: too few for an interval". */
export function metricText(name: string, found: Summary, wanted: number | undefined): string {
  const { median: middle, low, high, count, outliers, nodes } = found
  if (count < FEWEST_FOR_INTERVAL) return fewText(name, found, wanted)
  const more = wanted !== undefined && precision(found) > wanted ? runsNeeded(found, wanted) : undefined
  return [
    `${name} ${shortNumber(middle)} [${shortNumber(low)}, ${shortNumber(high)}], ±${percent(precision(found))}, ${[runsText(count), nodesText(nodes) ?? []].flat().join(' ')}`,
    ...(outliers.length > 0
      ? [`${outliers.length} far from the rest: ${outliers.slice(0, 3).map(shortNumber).join(', ')}`]
      : []),
    ...(more === undefined
      ? []
      : [`±${percent(wanted ?? 0)} would need ${Number.isFinite(more) ? `about ${more}` : 'many more'}`]),
  ].join('; ')
}
