/** Declared numbers of a run, and what they say over many runs. */
import type { Metric } from '../../config/schema/schema.ts'
import {
  FEWEST_FOR_INTERVAL,
  median,
  precision,
  runsNeeded,
  summary,
  type Summary,
} from '../../trace/stats/statistics.ts'
import type { Manifest } from '../../results/manifest.ts'

/** What the first group captures, where that is a number: one that captured nothing is no zero. */
function numbersIn(text: string, pattern: string): number[] {
  return Array.from(text.matchAll(new RegExp(pattern, 'gu')), ([, captured = '']) =>
    captured.trim() === '' ? Number.NaN : Number(captured),
  ).filter(Number.isFinite)
}

/** Of each metric the median of everything that matches in this run; null where nothing does. */
export function metricsOf(
  metrics: Readonly<Record<string, Metric>>,
  stdout: string,
  own: readonly { readonly message: string }[],
): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => {
      const found =
        'stdout' in metric
          ? numbersIn(stdout, metric.stdout)
          : own.flatMap(({ message }) => numbersIn(message, metric.message))
      return [name, found.length === 0 ? null : median(found)]
    }),
  )
}

export const valuesOf = (manifests: readonly Manifest[], metric: string): number[] =>
  manifests.map(({ metrics }) => metrics?.[metric]).filter((value) => typeof value === 'number')

/** Whether an arm's runs say enough about its metric. */
export function enough(
  manifests: readonly Manifest[],
  { metric, precision: wanted, min }: { readonly metric: string; readonly precision: number; readonly min: number },
): boolean {
  const values = valuesOf(manifests, metric)
  return values.length >= min && precision(summary(values)) <= wanted
}

const shown = (value: number): string => Number(value.toPrecision(4)).toString()
const percent = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : 'not known')

const runsText = (count: number): string => `${count} run${count === 1 ? '' : 's'}`

/** Of so few values no interval is made up: the values are shown. */
function fewText(name: string, { median: middle, count, low, high }: Summary, wanted: number | undefined): string {
  const spread = count > 1 ? ` (${shown(low)} and ${shown(high)})` : ''
  const more = wanted === undefined ? '' : `; ±${percent(wanted)} needs ${FEWEST_FOR_INTERVAL} runs at least`
  return `${name} ${shown(middle)}${spread}, ${runsText(count)}: too few for an interval${more}`
}

/** "read_ns 412 [398, 431], ±4.0 %, 12 runs"; "read_ns 412, 1 run: too few for an interval". */
export function metricText(name: string, found: Summary, wanted: number | undefined): string {
  const { median: middle, low, high, count, outliers } = found
  if (count < FEWEST_FOR_INTERVAL) return fewText(name, found, wanted)
  const more = wanted !== undefined && precision(found) > wanted ? runsNeeded(found, wanted) : undefined
  return [
    `${name} ${shown(middle)} [${shown(low)}, ${shown(high)}], ±${percent(precision(found))}, ${runsText(count)}`,
    ...(outliers.length > 0
      ? [`${outliers.length} far from the rest: ${outliers.slice(0, 3).map(shown).join(', ')}`]
      : []),
    ...(more === undefined
      ? []
      : [`±${percent(wanted ?? 0)} would need ${Number.isFinite(more) ? `about ${more}` : 'many more'}`]),
  ].join('; ')
}
