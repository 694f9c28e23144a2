/**
 * Runs of several nodes. Each test has nodes that differ by more than the arms do, and says what an answer would be
 * that does not know nodes.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bootstrap } from './bootstrap.ts'
import { dependences, type Observation } from './dependence.ts'
import { labelTest } from './label-test.ts'
import { observerEffect, type ObservedRun } from './observer.ts'
import { random } from './random.ts'
import { leastP, rankTest } from './rank-test.ts'
import { strataOf, valuesIn, type Placed } from './sample.ts'
import { medianRatio, precision, summary } from './statistics.ts'

const SPEED: Readonly<Record<string, number>> = { n1: 100, n2: 300, n3: 520 }

/** Runs of an arm that takes `factor` times as long as the plainest, so many of them on each node, 2 % apart. */
function arm(factor: number, counts: Readonly<Record<string, number>>, seed: number): Placed[] {
  const next = random(seed)
  return Object.entries(counts).flatMap(([node, count]) =>
    Array.from({ length: count }, () => ({ value: (SPEED[node] ?? 1) * factor * (1 + 0.02 * next()), node })),
  )
}

describe('rankTest', () => {
  test('an effect that is smaller than that of the nodes is found', () => {
    const counts = { n1: 3, n2: 3, n3: 3 }
    const [base, slower] = [arm(1, counts, 1), arm(1.1, counts, 2)]
    const nodes = [
      [3, 3],
      [3, 3],
      [3, 3],
    ] as const
    const found = rankTest(slower, base)
    expect(found).toMatchObject({ delta: 1, method: 'exact', nodes, unused: 0, apart: false })
    expect(found?.p).toBeCloseTo(2 / 20 ** 3, 12)
    expect(leastP(nodes)).toBeCloseTo(2 / 20 ** 3, 12)
    expect(rankTest(valuesIn(slower), valuesIn(base))?.p).toBeGreaterThan(0.05)
  })

  test('nodes that had different numbers of runs of each arm are no effect', () => {
    const [first, second] = [arm(1, { n1: 12, n2: 3 }, 3), arm(1, { n1: 3, n2: 12 }, 4)]
    expect(rankTest(first, second)?.p).toBeGreaterThan(0.2)
    expect(rankTest(valuesIn(first), valuesIn(second))?.p).toBeLessThan(0.01)
  })

  test('many values are approximated, within nodes too', () => {
    const [base, slower] = [arm(1, { n1: 30, n2: 20, n3: 10 }, 5), arm(1.05, { n1: 10, n2: 20, n3: 30 }, 6)]
    const found = rankTest(slower, base)
    expect(found).toMatchObject({ delta: 1, method: 'normal' })
    expect(found?.p).toBeLessThan(1e-9)
    // More of its runs were on slow nodes, so that without nodes the sign would be right by accident: turn it.
    const other = rankTest(arm(0.95, { n1: 10, n2: 20, n3: 30 }, 7), base)
    expect(other?.delta).toBe(-1)
    expect(rankTest(valuesIn(arm(0.95, { n1: 10, n2: 20, n3: 30 }, 7)), valuesIn(base))?.delta).toBeGreaterThan(0)
  })

  test('values of a node that the other side lacks are counted, and compared with nothing', () => {
    const found = rankTest(arm(1, { n1: 5, n2: 5 }, 8), arm(1, { n2: 4, n3: 4 }, 9))
    expect(found).toMatchObject({ counts: [5, 4], nodes: [[5, 4]], unused: 9, apart: false })
  })

  test('sides without a common node are told: the difference may be that of the nodes', () => {
    expect(rankTest(arm(1, { n1: 5 }, 1), arm(1, { n2: 5 }, 2))).toMatchObject({ delta: -1, apart: true })
    // Old results do not name their node, and may be of the same one.
    expect(rankTest(valuesIn(arm(1, { n1: 5 }, 1)), arm(1, { n2: 5 }, 2))).toMatchObject({ apart: false })
  })

  test('all ways to deal the values out on each node, counted by hand', () => {
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(values, values, values, values, (a1, b1, a2, b2) => {
        const on = (node: string, list: readonly number[]) => list.map((value) => ({ value, node }))
        const found = rankTest([...on('x', a1), ...on('y', a2)], [...on('x', b1), ...on('y', b2)])
        const result = dealt(a1, b1)
        const other = dealt(a2, b2)
        const seen = Math.abs((result[0] ?? 0) + (other[0] ?? 0))
        const all = result.slice(1).flatMap((x) => other.slice(1).map((y) => Math.abs(x + y)))
        expect(found?.p).toBeCloseTo(all.filter((sum) => sum >= seen - 1e-9).length / all.length, 10)
      }),
      { numRuns: 60 },
    )
  })
})

/** What was seen, then every way to choose the first group: van Elteren's weight times how far U is from the middle. */
function dealt(first: readonly number[], second: readonly number[]): number[] {
  const all = [...first, ...second]
  const shift = (chosen: (index: number) => boolean) => {
    const [a, b] = [all.filter((_, at) => chosen(at)), all.filter((_, at) => !chosen(at))]
    const u = a.reduce((sum, x) => sum + b.reduce((inner, y) => inner + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0)
    return (u - (a.length * b.length) / 2) / (all.length + 1)
  }
  const found = [shift((at) => at < first.length)]
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const chosen = (at: number) => (mask & (1 << at)) !== 0
    if (all.filter((_, at) => chosen(at)).length === first.length) found.push(shift(chosen))
  }
  return found
}

describe('intervals', () => {
  test('a ratio is that of the arms, not that of the nodes they were on', () => {
    const [base, slower] = [arm(1, { n1: 12, n2: 4 }, 1), arm(1.1, { n1: 4, n2: 12 }, 2)]
    const known = medianRatio(slower, base)
    expect(known).toMatchObject({ nodes: 2 })
    expect(known?.low).toBeGreaterThan(1.05)
    expect(known?.high).toBeLessThan(1.15)
    expect(medianRatio(valuesIn(slower), valuesIn(base))?.ratio).toBeGreaterThan(2)
  })

  test('what a node does to the effect itself is in the interval', () => {
    const on = (node: string, value: number) => ({ value, node })
    const base = ['n1', 'n2', 'n3', 'n4'].flatMap((node) => [on(node, 100), on(node, 100), on(node, 100)])
    const slower = ['n1', 'n2', 'n3', 'n4'].flatMap((node, at) =>
      Array.from({ length: 3 }, () => on(node, 100 + at * 20)),
    )
    const known = medianRatio(slower, base)
    expect(known?.ratio).toBeCloseTo(1.3, 9)
    expect(known?.low).toBeLessThan(1.2)
    expect(known?.high).toBeGreaterThan(1.4)
  })

  test('of one arm it says how far another node may be', () => {
    const runs = arm(1, { n1: 20, n2: 20 }, 3)
    const found = summary(runs)
    expect(found).toMatchObject({ count: 40, nodes: 2 })
    expect(found.low).toBeLessThan(103)
    expect(found.high).toBeGreaterThan(299)
    // The same number of runs on one node is known well.
    expect(precision(summary(arm(1, { n1: 40 }, 3)))).toBeLessThan(0.01)
    expect(summary(arm(1, { n1: 40 }, 3))).not.toHaveProperty('nodes')
  })

  test('a claim about three arms uses the nodes that all of them have', () => {
    const groups = [arm(1, { n1: 8, n2: 2 }, 1), arm(2, { n1: 2, n2: 8 }, 2), arm(3, { n1: 5, n2: 5, n3: 9 }, 3)]
    const [known] = bootstrap(groups, ([a = 0, b = 0, c = 0]) => (c - b) / (b - a), [0.05]) ?? []
    expect(known?.estimate).toBeGreaterThan(0.9)
    expect(known?.estimate).toBeLessThan(1.1)
    expect(strataOf(groups)).toMatchObject({ unused: 9, apart: false })
  })
})

describe('orders of messages', () => {
  /** On n1 the order is mostly a, on n2 mostly b, whatever the arm. */
  const labels = (counts: Readonly<Record<string, string>>) =>
    Object.entries(counts).flatMap(([node, text]) => text.split('').map((value) => ({ value, node })))

  test('a node with an order of its own is no difference between arms', () => {
    const [first, second] = [labels({ n1: 'aaaaaaaaaaab', n2: 'bb' }), labels({ n1: 'aa', n2: 'bbbbbbbbbbba' })]
    expect(labelTest(first, second)).toBeGreaterThan(0.2)
    expect(labelTest(valuesIn(first), valuesIn(second))).toBeLessThan(0.05)
  })

  test('what differs on every node is', () => {
    const [first, second] = [labels({ n1: 'aaaaaab', n2: 'cccccc' }), labels({ n1: 'abbbbbb', n2: 'cddddd' })]
    expect(labelTest(first, second)).toBeLessThan(0.01)
  })

  const observed = (list: readonly { readonly node: string; readonly bytes: string; readonly category: number }[]) =>
    list.map(({ node, bytes, category }, run): Observation => ({
      run: `run${run}`,
      node,
      category,
      factors: { bytes },
    }))

  test('a parameter explains nothing where the node does', () => {
    const runs = Array.from({ length: 24 }, (_, at) => {
      const node = at % 2 === 0 ? 'n1' : 'n2'
      // Three of four runs on n1 have 16 bytes, on n2 64.
      const bytes = (at % 2 === 0) === at % 8 < 6 ? '16' : '64'
      return { node, bytes, category: at % 2 }
    })
    const [node, bytes] = dependences(observed(runs))
    expect(node).toMatchObject({ factor: 'node of the run', explains: 1, ofNodes: false })
    expect(bytes).toMatchObject({ factor: 'bytes', explains: 0, p: 1, ofNodes: false })
    // Without nodes, the parameter would have done it.
    const [blind] = dependences(observed(runs).map(({ run, category, factors }) => ({ run, category, factors })))
    expect(blind).toMatchObject({ factor: 'bytes' })
    expect(blind?.p).toBeLessThan(0.05)
  })

  test('a factor that is the same on all of a node cannot be told from it', () => {
    const runs = Array.from({ length: 24 }, (_, at) => ({
      node: at % 2 === 0 ? 'n1' : 'n2',
      bytes: at % 2 === 0 ? '16' : '64',
      category: at % 2,
    }))
    const bytes = dependences(observed(runs)).find(({ factor }) => factor === 'bytes')
    expect(bytes).toMatchObject({ ofNodes: true, p: 1 })
  })
})

test('what looking costs is taken on one node, and varies with nodes', () => {
  const run = (observer: 'none' | 'full', round: number, node: string, ns: number): ObservedRun => ({
    observer,
    round,
    node,
    ns,
    programs: observer === 'none' ? [] : [{ program: 'p', hits: 100 }],
  })
  const rounds = [1, 2, 3, 4, 5, 6]
  const effect = observerEffect(
    rounds.flatMap((round) => {
      const [node, ns, hit] = round % 2 ? ['n1', 1e6, 10] : ['n2', 9e6, 30]
      return [
        run('none', round, String(node), Number(ns)),
        run('full', round, String(node), Number(ns) + 100 * Number(hit)),
      ]
    }),
  )
  expect(effect?.overhead).toMatchObject([{ perHit: { count: 6, median: 20, low: 10, high: 30, nodes: 2 } }])
  // The rest of a round that went on on another node is no pair.
  expect(observerEffect([run('none', 1, 'n1', 1e6), run('full', 1, 'n2', 9e6)])).toBeUndefined()
})
