/**
 * Do two groups of numbers differ? The rank-sum test of Mann and Whitney (Ann. Math. Stat. 18(1), 1947), which asks
 * nothing of how times are distributed, with Cliff's delta (Psychol. Bull. 114(3), 1993) for how much, and Holm's
 * correction (Scand. J. Stat. 6(2), 1979) for asking often. Values of several nodes are ranked within each node, and
 * the sums are added up with the weights of van Elteren (Bull. Int. Stat. Inst. 37, 1960): what differs between nodes
 * is then no difference between the groups.
 */
import { strataOf, type Sample } from './sample.ts'

/** So many values in all are counted out; more are approximated. */
const EXACT_UP_TO = 50
/** So many sums that nodes of different sizes can give together are counted out. */
const MOST_SUMS = 200_000

export interface RankTest {
  /** Values of each group that are compared. */
  readonly counts: readonly [number, number]
  /** Nodes within which they are compared, with the values of each group there. */
  readonly nodes: readonly (readonly [number, number])[]
  /** Values on nodes that the other group lacks: they are not compared. */
  readonly unused: number
  /** The groups share no node: the difference may be that of the nodes. */
  readonly apart: boolean
  /** How often a value of the first group is above one of the second; half for equal ones. */
  readonly u: number
  /**
   * Cliff's delta: -1 where every value of the first group is below every one of the second, 0 where neither is above,
   * 1. Of several nodes the mean of theirs, weighted as in the test.
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

/** The values of both groups on one node, ranked. */
interface Stratum {
  readonly sizes: readonly [number, number]
  readonly ranks: readonly number[]
  readonly ties: readonly number[]
  /** Of the first group's doubled ranks. */
  readonly sum: number
  /** Pairs in which the first group's value is above; half for equal ones. */
  readonly u: number
}

function stratumOf(first: readonly number[], second: readonly number[]): Stratum {
  const n = first.length
  const { ranks, ties } = doubledRanks([...first, ...second])
  const sum = ranks.slice(0, n).reduce((total, rank) => total + rank, 0)
  return { sizes: [n, second.length], ranks, ties, sum, u: sum / 2 - (n * (n + 1)) / 2 }
}

const sizeOfStratum = ({ ranks }: Stratum): number => ranks.length

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))

/**
 * How many choices of `size` ranks have each sum (Streitberg and Roehmel, Stat. Softw. Newsl. 12(1), 1986). Counts up
 * to 50 over 25 are exact in a double.
 */
function waysOf({ ranks, sizes: [size] }: Stratum): Float64Array {
  const most = ranks.reduce((total, rank) => total + rank, 0)
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(most + 1))
  ways[0]?.fill(1, 0, 1)
  for (const rank of ranks)
    for (let taken = size; taken > 0; taken--) {
      const [to, from] = [ways[taken], ways[taken - 1]]
      if (to && from) for (let at = most; at >= rank; at--) to[at] = (to[at] ?? 0) + (from[at - rank] ?? 0)
    }
  return ways[size] ?? new Float64Array()
}

/**
 * Share of all ways to deal the values of each node out that are at least as far from the middle as what was seen.
 * @returns undefined where nodes of many different sizes give too many sums
 */
function exactP(strata: readonly Stratum[]): number | undefined {
  const scale = strata.reduce((all, stratum) => {
    const size = sizeOfStratum(stratum) + 1
    return (all / divisor(all, size)) * size
  }, 1)
  let sums = new Map([[0, 1]])
  let seen = 0
  for (const stratum of strata) {
    const weight = scale / (sizeOfStratum(stratum) + 1)
    const middle = stratum.sizes[0] * (sizeOfStratum(stratum) + 1)
    seen += weight * (stratum.sum - middle)
    const next = new Map<number, number>()
    for (const [at, ways] of waysOf(stratum).entries()) {
      if (ways === 0) continue
      for (const [before, count] of sums) {
        const to = before + weight * (at - middle)
        next.set(to, (next.get(to) ?? 0) + count * ways)
      }
      if (next.size > MOST_SUMS) return undefined
    }
    sums = next
  }
  let [far, all] = [0, 0]
  for (const [at, count] of sums) {
    all += count
    if (Math.abs(at) >= Math.abs(seen)) far += count
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

/** The weight of a node's pairs, as it is best against a shift that all nodes share. */
const weightOf = (stratum: Stratum): number => 1 / (sizeOfStratum(stratum) + 1)

function varianceOf({ sizes: [n, m], ties }: Stratum): number {
  const all = n + m
  const tied = ties.reduce((total, t) => total + t ** 3 - t, 0)
  return ((n * m) / 12) * (all + 1 - tied / (all * (all - 1)))
}

const total = (strata: readonly Stratum[], of: (one: Stratum) => number): number =>
  strata.reduce((sum, stratum) => sum + of(stratum), 0)

const pairsOf = ({ sizes: [n, m] }: Stratum): number => n * m

function normalP(strata: readonly Stratum[]): number {
  const variance = total(strata, (stratum) => weightOf(stratum) ** 2 * Math.max(0, varianceOf(stratum)))
  if (variance <= 0) return 1
  const shift = Math.abs(total(strata, (stratum) => weightOf(stratum) * (stratum.u - pairsOf(stratum) / 2)))
  const continuity = 0.5 * Math.min(...strata.map(weightOf))
  return erfc(Math.max(0, shift - continuity) / Math.sqrt(2 * variance))
}

/** Values are compared within nodes where they name nodes. @returns undefined where one group has no values. */
export function rankTest(first: readonly Sample[], second: readonly Sample[]): RankTest | undefined {
  if (first.length === 0 || second.length === 0) return undefined
  const { strata, unused, apart } = strataOf([first, second])
  const ranked = strata.map(([a = [], b = []]) => stratumOf(a, b))
  const count = (group: 0 | 1) => total(ranked, ({ sizes }) => sizes[group])
  const above = total(ranked, (stratum) => weightOf(stratum) * (2 * stratum.u - pairsOf(stratum)))
  const exact = total(ranked, sizeOfStratum) <= EXACT_UP_TO ? exactP(ranked) : undefined
  return {
    counts: [count(0), count(1)],
    nodes: ranked.map(({ sizes }) => sizes),
    unused,
    apart,
    u: total(ranked, ({ u }) => u),
    delta: above / total(ranked, (stratum) => weightOf(stratum) * pairsOf(stratum)),
    p: exact ?? normalP(ranked),
    method: exact === undefined ? 'normal' : 'exact',
  }
}

/**
 * The smallest two-sided p that groups of these sizes can give: 2 over the number of ways to choose n of n + m, on each
 * node.
 */
export function leastP(nodes: readonly (readonly [number, number])[]): number {
  let ways = 1
  for (const [n, m] of nodes) for (let k = 1; k <= Math.min(n, m); k++) ways *= (Math.max(n, m) + k) / k
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
