import { describe, expect, test } from 'vitest'
import { dependences, type Observation } from './dependence.ts'
import { inversions, orderOf, type Unit } from './order.ts'

const units = (...sequences: readonly string[]): Unit[] =>
  sequences.map((text, index) => ({ run: `run${index + 1}`, number: 1, labels: text.split('') }))

test('inversions are pairs that stand the other way round', () => {
  expect([[], [1], [1, 2, 3], [2, 1, 3], [3, 2, 1], [2, 3, 1, 4, 0]].map((list) => inversions(list))).toEqual([
    0, 0, 0, 1, 3, 6,
  ])
})

describe('orderOf', () => {
  test('the same sequence each time', () => {
    const { distinct, unstable, stablePairs } = orderOf(units('abc', 'abc', 'abc'))
    expect(distinct).toMatchObject([{ labels: ['a', 'b', 'c'], count: 3, runs: 3, inversions: 0 }])
    expect(unstable).toEqual([])
    expect(stablePairs).toBe(3)
  })

  test('one that differs is counted, its distance and the pair that was turned are named', () => {
    const { distinct, of, unstable, stablePairs } = orderOf(units('abc', 'acb', 'abc'))
    expect(distinct.map(({ count, inversions: far }) => [count, far])).toEqual([
      [2, 0],
      [1, 1],
    ])
    expect(of).toEqual([0, 1, 0])
    expect(stablePairs).toBe(2)
    expect(unstable).toEqual([{ a: 'b', b: 'c', before: 2, after: 1, mixed: 0, example: { run: 'run2', number: 1 } }])
  })

  test('the more frequent way is said first, whichever came first', () => {
    expect(orderOf(units('ba', 'ab', 'ab')).unstable).toMatchObject([
      { a: 'a', b: 'b', before: 2, after: 1, example: { run: 'run1' } },
    ])
  })

  test('repeated events: the k-th of a kind against the k-th, and kinds that alternate', () => {
    const { distinct, unstable } = orderOf(units('aabb', 'aabb', 'abab'))
    expect(distinct[1]).toMatchObject({ inversions: 1, missing: [], added: [] })
    expect(unstable).toMatchObject([{ a: 'a', b: 'b', before: 2, after: 0, mixed: 1, example: { run: 'run3' } }])
  })

  test('an event that is missing or added is no inversion', () => {
    expect(orderOf(units('abc', 'abc', 'ac', 'abcd')).distinct.slice(1)).toMatchObject([
      { inversions: 0, missing: ['b'], added: [] },
      { inversions: 0, missing: [], added: ['d'] },
    ])
  })

  test('nothing at all', () => {
    expect(orderOf([])).toMatchObject({ units: 0, runs: 0, distinct: [], unstable: [] })
  })
})

/** Twenty runs; the category is what `category` makes of the run's number and the read's. */
const observations = (
  category: (run: number, read: number) => number,
  factors: (run: number, read: number) => Record<string, string>,
  reads = 1,
): Observation[] =>
  Array.from({ length: 20 * reads }, (_, index) => {
    const [run, read] = [Math.floor(index / reads), (index % reads) + 1]
    return { run: `run${run}`, category: category(run, read), factors: factors(run, read) }
  })

describe('dependences', () => {
  const params = (run: number) => ({ bytes: run % 2 ? '64' : '16', count: run < 10 ? '1' : '3' })

  test('the parameter that decides is found, the other one is not', () => {
    const [first, second] = dependences(observations((run) => run % 2, params))
    expect(first).toMatchObject({ factor: 'bytes', explains: 1 })
    expect(first?.p).toBeLessThan(0.01)
    expect(first?.values).toEqual([
      { value: '16', counts: [10, 0] },
      { value: '64', counts: [0, 10] },
    ])
    expect(second).toMatchObject({ factor: 'count' })
    expect(second?.p).toBeGreaterThan(0.5)
  })

  test('reads of one run are one observation of what is the same in a run', () => {
    const few = observations((run) => run % 2, params, 50).filter(({ run }) => ['run0', 'run1'].includes(run))
    // A hundred reads, but two runs: chance gives as much every time.
    expect(dependences(few)[0]?.p).toBe(1)
  })

  test('what changes within a run is compared within runs', () => {
    const found = dependences(
      observations(
        (_, read) => (read === 1 ? 1 : 0),
        (run, read) => ({ ...params(run), read: String(read) }),
        3,
      ),
    )
    expect(found[0]).toMatchObject({ factor: 'read', explains: 1 })
    expect(found[0]?.p).toBeLessThan(0.01)
    expect(found.slice(1).every(({ p }) => p > 0.5)).toBe(true)
  })

  test('chance finds something once in twenty times at most', () => {
    let found = 0
    for (let seed = 1; seed <= 100; seed++) {
      const coin = (run: number) => ((seed * 7919 + run * 104_729) % 97) % 2
      if (dependences(observations(coin, params)).some(({ p }) => p <= 0.05)) found++
    }
    expect(found).toBeLessThan(12)
  })

  test('one category depends on nothing', () => {
    expect(dependences(observations(() => 0, params))).toEqual([])
  })
})
