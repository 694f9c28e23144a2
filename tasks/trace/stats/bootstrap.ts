/** 95 % intervals of anything that is computed from the medians of several groups: a difference, a ratio, a slope. */
import { random } from './random.ts'
import { median, quantile } from './quantiles.ts'
import { byNode, strataOf, type Sample } from './sample.ts'

export interface Estimate {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** Enough for an interval of 95 %: a tail of it has 50 of them. */
const RESAMPLES = 2000

type Values = readonly number[]

/** For each node the values of each group there. */
type Strata = readonly (readonly Values[])[]

/**
 * The level of each group: the mean of its medians on the nodes, each with the same weight for all groups, so that a
 * group that had more runs on a slow node is not slower for that.
 */
function levels(strata: Strata): number[] {
  const weights = strata.map((groups) => 1 / groups.reduce((sum, { length }) => sum + 1 / length, 0))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return (strata[0] ?? []).map((_, group) =>
    strata.length === 1
      ? median(strata[0]?.[group] ?? [])
      : strata.reduce((sum, groups, at) => sum + ((weights[at] ?? 0) * median(groups[group] ?? [])) / all, 0),
  )
}

/** A single group is not compared with anything: its median is that of all values, wherever they were measured. */
const pooled = (strata: Strata): number[] => [median(strata.flatMap(([values = []]) => values))]

/**
 * Percentile bootstrap (Efron, Ann. Stat. 7(1), 1979): each group is resampled by itself. Of values of several nodes,
 * nodes are drawn first and then values on each (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8): values of
 * one node are not independent of one another. Several groups are compared on the nodes that all of them have. The same
 * values give the same intervals.
 * @param of the estimate of the groups' medians
 * @param errors for example 0.05 for a 95 % interval
 * @param resamples more for a smaller error, whose tails have fewer of them
 * @returns an interval for each error; undefined where the estimate is no number, or a group is empty
 */
export function bootstrap(
  groups: readonly (readonly Sample[])[],
  of: (medians: readonly number[]) => number,
  errors: readonly number[],
  resamples = RESAMPLES,
): readonly Estimate[] | undefined {
  if (groups.some((group) => group.length === 0)) return undefined
  const [only, ...others] = groups
  const isSingle = only !== undefined && others.length === 0
  const strata: Strata = isSingle ? [...byNode(only).values()].map((values) => [values]) : strataOf(groups).strata
  const medians = isSingle ? pooled : levels
  const estimate = of(medians(strata))
  if (!Number.isFinite(estimate)) return undefined
  const next = random(groups.reduce((seed, group) => seed * 31 + group.length, 0))
  const draw = <T>(list: readonly T[]): T[] => Array.from(list, () => list[Math.floor(next() * list.length)] as T)
  const drawn = (): Strata => (strata.length === 1 ? strata : draw(strata)).map((values) => values.map(draw))
  const all = Array.from({ length: resamples }, () => of(medians(drawn())))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b)
  return errors.map((error) => ({ estimate, low: quantile(all, error / 2), high: quantile(all, 1 - error / 2) }))
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
