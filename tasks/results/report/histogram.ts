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

const sortedLists = new WeakMap<Float32Array, Float32Array>()

/** The values in ascending order. A list is sorted once, whatever is asked of it: a million values take 0.1 s. */
function sortedOf(values: Float32Array): Float32Array {
  const known = sortedLists.get(values) ?? values.toSorted()
  sortedLists.set(values, known)
  return known
}

/** How many values are less than `limit`, or `orEqual` to it. @param sorted ascending */
function below(sorted: Float32Array, limit: number, orEqual = false): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const value = sorted[middle] ?? Infinity
    if (value < limit || (orEqual && value === limit)) low = middle + 1
    else high = middle
  }
  return low
}

/** Bins of about equal width on a logarithmic axis that hold nearly all of these values. */
export function binsOf(lists: readonly Float32Array[]): Bins {
  let [low, high, notPositive, most, whole] = [Infinity, 0, 0, 0, true]
  for (const list of lists) {
    if (list.length > most) most = list.length
    const sorted = sortedOf(list)
    const end = sorted[Math.ceil((sorted.length - 1) * SHOWN)] ?? 0
    if (end > high) high = end
    const first = below(sorted, 0, true)
    notPositive += first
    low = Math.min(low, sorted[first] ?? Infinity)
    whole &&= sorted.every((value) => value <= 0 || value % MICROSECOND === 0)
  }
  if (high <= 0) return { edges: [], notPositive, beyond: 0 }
  const count = Math.min(BINS.most, Math.max(BINS.least, Math.ceil(3 * Math.cbrt(most))))
  // A value at an edge must not be lost to rounding.
  const [from, to] = [Math.log(low * 0.98), Math.log(Math.max(high * 1.02, low * 1.5))]
  const equal = Array.from({ length: count + 1 }, (_, index) => Math.exp(from + ((to - from) * index) / count))
  const between = equal.map((edge) => (Math.round(edge / MICROSECOND - 0.5) + 0.5) * MICROSECOND)
  const edges = whole ? [...new Set(between)] : equal
  const end = edges.at(-1) ?? 0
  const beyond = lists.reduce((sum, list) => sum + list.length - below(sortedOf(list), end, true), 0)
  return { edges, notPositive, beyond }
}

/** How densely the values of each bin are on a logarithmic axis; only the ratio of two of them means anything. */
export function densities(values: Float32Array, { edges }: Bins): number[] {
  const sorted = sortedOf(values)
  const last = edges.length - 1
  // The first bin holds what is above zero, and the last one its own end.
  const ends = edges.map((edge, index) => (index === 0 ? below(sorted, 0, true) : below(sorted, edge, index === last)))
  const counts = ends.slice(1).map((end, index) => end - (ends[index] ?? 0))
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
  const sorted = sortedOf(values) as unknown as readonly number[]
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
