/** 95 % intervals of anything that is computed from the medians of several groups: a difference, a ratio, a slope. */
import { random } from './random.ts'
import { median, quantile } from './quantiles.ts'

export interface Estimate {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** Enough for an interval of 95 %: a tail of it has 50 of them. */
const RESAMPLES = 2000

/**
 * Percentile bootstrap (Efron, Ann. Stat. 7(1), 1979): each group is resampled by itself. The same values give the same
 * intervals.
 * @param of the estimate of the groups' medians
 * @param levels of error, for example 0.05 for a 95 % interval
 * @param resamples more for a smaller error, whose tails have fewer of them
 * @returns an interval for each level; undefined where the estimate is no number, or a group is empty
 */
export function bootstrap(
  groups: readonly (readonly number[])[],
  of: (medians: readonly number[]) => number,
  levels: readonly number[],
  resamples = RESAMPLES,
): readonly Estimate[] | undefined {
  if (groups.some((group) => group.length === 0)) return undefined
  const estimate = of(groups.map(median))
  if (!Number.isFinite(estimate)) return undefined
  const next = random(groups.reduce((seed, group) => seed * 31 + group.length, 0))
  const resampled = (group: readonly number[]) =>
    median(Array.from(group, () => group[Math.floor(next() * group.length)] ?? 0))
  const all = Array.from({ length: resamples }, () => of(groups.map(resampled)))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b)
  return levels.map((level) => ({ estimate, low: quantile(all, level / 2), high: quantile(all, 1 - level / 2) }))
}

/**
 * The median of the slopes between all pairs of points (Theil 1950; Sen, J. Am. Stat. Assoc. 63, 1968). NaN of fewer
 * than two places.
 */
export function theilSen(xs: readonly number[], ys: readonly number[]): number {
  const slopes = xs.flatMap((x, i) =>
    xs.slice(0, i).flatMap((other, j) => (x === other ? [] : [((ys[i] ?? 0) - (ys[j] ?? 0)) / (x - other)])),
  )
  return median(slopes)
}
