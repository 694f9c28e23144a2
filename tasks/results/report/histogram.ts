/**
 * Gaps between steps as shares of logarithmic bins: they span from less than a microsecond to the length of an
 * interrupt.
 */
import { quantile } from '../../trace/stats/quantiles.ts'

/** As many bins as the values can fill (three times the cube root of their number), within what can be drawn. */
const BINS = { least: 12, most: 90 } as const
/** Share of the values that the axis holds: the few that an interrupt held up would take nine tenths of it. */
const SHOWN = 0.99
/** What a text trace shows of times: microseconds. Bins narrower than this would be full and empty in turns. */
const MICROSECOND = 1000

export interface Bins {
  /** One more than there are bins. */
  readonly edges: readonly number[]
  /** Values at or below zero, which no logarithm has: two messages with one time, or a clock that went backwards. */
  readonly notPositive: number
  /** Values that are longer than the axis. */
  readonly beyond: number
}

/** Bins of about equal width on a logarithmic axis that hold nearly all of these values. */
export function binsOf(lists: readonly Float32Array[]): Bins {
  let [low, high, notPositive, most, whole] = [Infinity, 0, 0, 0, true]
  for (const list of lists) {
    if (list.length > most) most = list.length
    const sorted = list.toSorted()
    const end = sorted[Math.ceil((sorted.length - 1) * SHOWN)] ?? 0
    if (end > high) high = end
    for (const value of list)
      if (value > 0) {
        if (value < low) low = value
        whole &&= value % MICROSECOND === 0
      } else notPositive++
  }
  if (high <= 0) return { edges: [], notPositive, beyond: 0 }
  const count = Math.min(BINS.most, Math.max(BINS.least, Math.ceil(3 * Math.cbrt(most))))
  // A value at an edge must not be lost to rounding.
  const [from, to] = [Math.log(low * 0.98), Math.log(Math.max(high * 1.02, low * 1.5))]
  const equal = Array.from({ length: count + 1 }, (_, index) => Math.exp(from + ((to - from) * index) / count))
  const between = equal.map((edge) => (Math.round(edge / MICROSECOND - 0.5) + 0.5) * MICROSECOND)
  const edges = whole ? [...new Set(between)] : equal
  const end = edges.at(-1) ?? 0
  const beyond = lists.reduce((sum, list) => list.reduce((found, value) => found + (value > end ? 1 : 0), sum), 0)
  return { edges, notPositive, beyond }
}

/** How densely the values of each bin are on a logarithmic axis; only the ratio of two of them means anything. */
export function densities(values: Float32Array, { edges }: Bins): number[] {
  const counts = Array.from(edges.slice(1), () => 0)
  for (const value of values) {
    if (!(value > 0) || value > (edges.at(-1) ?? 0)) continue
    let [low, high] = [0, counts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((edges[middle] ?? 0) <= value) low = middle
      else high = middle - 1
    }
    counts[low] = (counts[low] ?? 0) + 1
  }
  return counts.map((count, index) => count / Math.log((edges[index + 1] ?? 1) / (edges[index] ?? 1)))
}

export interface Spread {
  readonly count: number
  readonly min: number
  readonly p5: number
  readonly q1: number
  readonly median: number
  readonly q3: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** @param values at least one */
export function spreadOf(values: Float32Array): Spread {
  const sorted = values.toSorted() as unknown as readonly number[]
  const at = (q: number) => quantile(sorted, q)
  return {
    count: values.length,
    min: at(0),
    p5: at(0.05),
    q1: at(0.25),
    median: at(0.5),
    q3: at(0.75),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
  }
}
