/**
 * Do two groups of numbers differ? The rank-sum test of Mann and Whitney (Ann. Math. Stat. 18(1), 1947), which asks
 * nothing of how times are distributed, with Cliff's delta (Psychol. Bull. 114(3), 1993) for how much, and Holm's
 * correction (Scand. J. Stat. 6(2), 1979) for asking often.
 */

/** So many values in all are counted out; more are approximated. */
const EXACT_UP_TO = 50

export interface RankTest {
  /** Values of each group. */
  readonly counts: readonly [number, number]
  /** How often a value of the first group is above one of the second; half for equal ones. */
  readonly u: number
  /**
   * Cliff's delta: -1 where every value of the first group is below every one of the second, 0 where neither is above,
   * 1.
   */
  readonly delta: number
  /**
   * Two-sided. `exact`: of all ways to deal the values out, with their ties; `normal`: approximated, corrected for ties
   * and continuity.
   */
  readonly p: number
  readonly method: 'exact' | 'normal'
}

/** Ranks from 1, doubled so that those shared by equal values are whole numbers; and how many share each. */
function doubledRanks(values: readonly number[]): { ranks: number[]; ties: number[] } {
  const order = values.map((_, index) => index).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const ranks = Array.from<number>({ length: values.length })
  const ties: number[] = []
  for (let from = 0; from < order.length;) {
    let to = from
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++
    for (const index of order.slice(from, to)) ranks[index] = from + to + 1
    ties.push(to - from)
    from = to
  }
  return { ranks, ties }
}

/**
 * Share of all choices of `size` ranks whose sum is at least as far from the middle as `sum`, counted by the sums that
 * are possible with each number of ranks (Streitberg and Roehmel, Stat. Softw. Newsl. 12(1), 1986). Counts up to 50
 * over 25 are exact in a double.
 */
function exactP(ranks: readonly number[], size: number, sum: number): number {
  const most = ranks.reduce((total, rank) => total + rank, 0)
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(most + 1))
  ways[0]?.fill(1, 0, 1)
  for (const rank of ranks)
    for (let taken = size; taken > 0; taken--) {
      const [to, from] = [ways[taken], ways[taken - 1]]
      if (to && from) for (let at = most; at >= rank; at--) to[at] = (to[at] ?? 0) + (from[at - rank] ?? 0)
    }
  const middle = (most * size) / ranks.length
  const reach = Math.abs(sum - middle) - 1e-9
  let [far, all] = [0, 0]
  for (const [at, count] of (ways[size] ?? []).entries()) {
    all += count
    if (Math.abs(at - middle) >= reach) far += count
  }
  return far / all
}

/** 1 - erf(x) for x >= 0: the series of Abramowitz and Stegun 7.1.6, beyond 3 the continued fraction 7.1.14. */
function erfc(x: number): number {
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI)
  if (x > 3) {
    let rest = x
    for (let k = 60; k > 0; k--) rest = x + k / 2 / rest
    return scale / rest
  }
  let [term, sum] = [x, x]
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return 1 - 2 * scale * sum
}

function normalP([n, m]: readonly [number, number], u: number, ties: readonly number[]): number {
  const all = n + m
  const tied = ties.reduce((total, t) => total + t ** 3 - t, 0)
  const variance = ((n * m) / 12) * (all + 1 - tied / (all * (all - 1)))
  if (variance <= 0) return 1
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance)
  return erfc(z / Math.SQRT2)
}

/** @returns undefined where one group has no values. They must be numbers. */
export function rankTest(first: readonly number[], second: readonly number[]): RankTest | undefined {
  const counts = [first.length, second.length] as const
  const [n, m] = counts
  if (n === 0 || m === 0) return undefined
  const { ranks, ties } = doubledRanks([...first, ...second])
  const sum = ranks.slice(0, n).reduce((total, rank) => total + rank, 0)
  const u = sum / 2 - (n * (n + 1)) / 2
  const delta = (2 * u) / (n * m) - 1
  return n + m <= EXACT_UP_TO
    ? { counts, u, delta, p: exactP(ranks, n, sum), method: 'exact' }
    : { counts, u, delta, p: normalP(counts, u, ties), method: 'normal' }
}

/** The smallest two-sided p that groups of these sizes can give: 2 over the number of ways to choose n of n + m. */
export function leastP([n, m]: readonly [number, number]): number {
  let ways = 1
  for (let k = 1; k <= Math.min(n, m); k++) ways *= (Math.max(n, m) + k) / k
  return Math.min(1, 2 / ways)
}

/**
 * Words for a delta, by the thresholds of Romano et al. (Annual meeting of the Florida Association of Institutional
 * Research, 2006).
 */
export function sizeOf(delta: number): 'negligible' | 'small' | 'medium' | 'large' {
  const size = Math.abs(delta)
  return size < 0.147 ? 'negligible' : size < 0.33 ? 'small' : size < 0.474 ? 'medium' : 'large'
}

/** The same p-values as if each had been the only question: Holm's step-down procedure. Their order stays. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const corrected = Array.from<number>({ length: values.length })
  let before = 0
  for (const [rank, index] of order.entries()) {
    before = Math.max(before, Math.min(1, (values[index] ?? 1) * (values.length - rank)))
    corrected[index] = before
  }
  return corrected
}
