/**
 * Numbers of repeated runs: medians with bootstrap intervals, and whether there are enough of them. Nothing is ever
 * dropped as an outlier.
 */
import { bootstrap, type Estimate } from './bootstrap.ts'
import { ascending, quantile } from './quantiles.ts'
import { byNode, strataOf, valuesIn, type Sample } from './sample.ts'

export interface Summary {
  readonly count: number
  readonly median: number
  /** 95 % interval of the median. */
  readonly low: number
  readonly high: number
  /** Values that are far from the rest, see `outliersOf`: shown, and part of everything above. */
  readonly outliers: readonly number[]
  /** Nodes that the values are of, where there are several: the interval is then that of nodes, too. */
  readonly nodes?: number
}

/** Of an interval of 95 %. */
const LEVEL = 0.05

/** Of fewer values the resamples say nothing: one gives an interval of no width, two the two values. */
export const FEWEST_FOR_INTERVAL = 3

/** Of fewer values the quartiles are too near to single values to say what is far from them. */
const FEWEST_FOR_OUTLIERS = 6
/**
 * Interquartile ranges from the quartiles to Tukey's outer fences ("Exploratory Data Analysis", 1977, section 2D). The
 * inner ones, at 1.5, find something in every fourth to third set of normal values, whatever its size (20,000 sets each
 * of 6 to 30 values); the outer ones in 7 % of sets of 6 values, 5 % of 10 and 1 % of 30.
 */
const OUTER_FENCE = 3
/** A share of the median: where nearly all values are equal, a neighbouring tick of a clock is not far from them. */
const LEAST_REACH = 0.01

/** Values beyond the outer fences; none where there are too few values to tell. */
function outliersOf(sorted: readonly number[]): number[] {
  if (sorted.length < FEWEST_FOR_OUTLIERS) return []
  const [first, middle, third] = [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)]
  const reach = Math.max(OUTER_FENCE * (third - first), LEAST_REACH * Math.abs(middle))
  return sorted.filter((value) => value < first - reach || value > third + reach)
}

/**
 * Median with a 95 % percentile-bootstrap interval (Efron, Ann. Stat. 7(1), 1979). The same values give the same
 * interval: the seed is fixed.
 * @param values at least one
 */
export function summary(values: readonly Sample[]): Summary {
  const sorted = ascending(valuesIn(values))
  const nodes = byNode(values)
  // Sorted, so that values in another order have the same interval.
  const inOrder = [...nodes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([node, own]) => ascending(own).map((value) => ({ value, node })))
  const [interval] = bootstrap([inOrder], ([middle = Number.NaN]) => middle, [LEVEL]) ?? []
  return {
    count: values.length,
    median: quantile(sorted, 0.5),
    low: interval?.low ?? Number.NaN,
    high: interval?.high ?? Number.NaN,
    outliers: outliersOf(sorted),
    ...(nodes.size > 1 && { nodes: nodes.size }),
  }
}

export interface Ratio {
  readonly ratio: number
  /** 95 % interval. */
  readonly low: number
  readonly high: number
  /** Nodes within which they are compared. */
  readonly nodes: number
}

/**
 * How many times the median of `base` the median of `values` is, with a 95 % percentile-bootstrap interval: both groups
 * are drawn again each time. On several nodes it is the ratio of the means of their medians, over the nodes that both
 * have. The same values give the same interval.
 * @returns undefined where one group is empty, or the base's median is 0
 */
export function medianRatio(values: readonly Sample[], base: readonly Sample[]): Ratio | undefined {
  const [known] = bootstrap([values, base], ([one = Number.NaN, other = Number.NaN]) => one / other, [LEVEL]) ?? []
  const nodes = strataOf([values, base]).strata.length
  return known && { ratio: known.estimate, low: known.low, high: known.high, nodes }
}

/**
 * By how much the median of `values` is above that of `base`, with its 95 % interval; for a base that is 0 and has no
 * ratio.
 * @returns undefined where one group is empty
 */
export const medianDifference = (values: readonly Sample[], base: readonly Sample[]): Estimate | undefined =>
  bootstrap([values, base], ([one = Number.NaN, other = Number.NaN]) => one - other, [LEVEL])?.[0]

/** Half the interval's width as a share of the median; infinite where the median is 0 and the interval is not. */
export function precision({ median: middle, low, high }: Summary): number {
  const half = (high - low) / 2
  return half === 0 ? 0 : half / Math.abs(middle)
}

/** About how many values it would take for a precision: the interval shrinks with the root of their number. */
export const runsNeeded = (now: Summary, wanted: number): number =>
  Number.isFinite(precision(now))
    ? Math.max(now.count, Math.ceil(now.count * (precision(now) / wanted) ** 2))
    : Infinity
