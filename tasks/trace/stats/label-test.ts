/**
 * Do two groups of labels (which order of messages a run had) differ in how often each label comes? A permutation test
 * of Pearson's chi-square: all labels are dealt out to groups of the same sizes, many times. It asks nothing of how
 * many labels there are, nor of how rare they are.
 */
import { random } from './random.ts'
import { strataOf, type Sample } from './sample.ts'

/** So often dealt out; p is then known to ±0.004 where it is 0.05 (two standard errors). */
const DEALS = 9999
/** The same labels give the same p. */
const SEED = 41

/** What is dealt out on one node: the labels of both groups there. */
interface Stratum {
  readonly labels: number[]
  /** How many of them are the first group's. */
  readonly size: number
}

/**
 * Two-sided p. 1 where all labels are the same, and where no two are: the groups then cannot differ more than they do.
 * Labels that name nodes are dealt out on each node, so that a node with orders of its own is no difference.
 * @returns undefined where one group is empty
 */
export function labelTest(first: readonly Sample<string>[], second: readonly Sample<string>[]): number | undefined {
  if (first.length === 0 || second.length === 0) return undefined
  const { strata: cut } = strataOf([first, second])
  const all = cut.flat(2)
  const names = [...new Set(all)]
  if (names.length === 1 || names.length === all.length) return 1
  const number = new Map(names.map((name, index) => [name, index]))
  const strata = cut.map(([a = [], b = []]): Stratum => ({
    labels: [...a, ...b].map((name) => number.get(name) ?? 0),
    size: a.length,
  }))
  const totals = new Float64Array(names.length)
  const expected = new Float64Array(names.length)
  for (const { labels, size } of strata)
    for (const label of labels) {
      totals[label] = (totals[label] ?? 0) + 1
      expected[label] = (expected[label] ?? 0) + size / labels.length
    }
  const counts = new Float64Array(names.length)
  /** Of one stratum it grows with chi-square; of several it is what all of them have in common that adds up. */
  const distance = (): number => {
    counts.fill(0)
    for (const { labels, size } of strata)
      for (let at = 0; at < size; at++) counts[labels[at] ?? 0] = (counts[labels[at] ?? 0] ?? 0) + 1
    return names.reduce(
      (sum, _, label) => sum + ((counts[label] ?? 0) - (expected[label] ?? 0)) ** 2 / (totals[label] ?? 1),
      0,
    )
  }
  const seen = distance() - 1e-9
  const next = random(SEED)
  let far = 1
  for (let deal = 0; deal < DEALS; deal++) {
    for (const { labels, size } of strata)
      // Fisher and Yates, as far as the first group goes.
      for (let at = 0; at < size; at++) {
        const other = at + Math.floor(next() * (labels.length - at))
        const taken = labels[other] ?? 0
        labels[other] = labels[at] ?? 0
        labels[at] = taken
      }
    if (distance() >= seen) far++
  }
  return far / (DEALS + 1)
}
