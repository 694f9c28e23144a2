/** Quantiles of values, and the median among them. */

export const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/**
 * The q-quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan, Am. Stat. 50(4), 1996); NaN of
 * none.
 */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(ascending(values), 0.5)
