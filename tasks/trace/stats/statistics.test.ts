import { describe, expect, test } from 'vitest'
import { random } from './random.ts'
import { median, quantile } from './quantiles.ts'
import { medianRatio, precision, runsNeeded, summary } from './statistics.ts'

test('quantiles are linear between neighbours', () => {
  // R: quantile(c(1, 2, 3, 4, 10), c(0, .1, .25, .5, .9, 1))
  expect([0, 0.1, 0.25, 0.5, 0.9, 1].map((q) => Number(quantile([1, 2, 3, 4, 10], q).toFixed(9)))).toEqual([
    1, 1.4, 2, 3, 7.6, 10,
  ])
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([])).toBeNaN()
})

/** Sums of three uniform numbers around 100. */
function sample(count: number, seed: number): number[] {
  const next = random(seed)
  return Array.from({ length: count }, () => 100 + 20 * (next() + next() + next() - 1.5))
}

describe('summary', () => {
  test('the interval holds the true median in about 95 of 100 samples', () => {
    const hits = Array.from({ length: 200 }, (_, seed) => summary(sample(25, seed + 1))).filter(
      ({ low, high }) => low <= 100 && high >= 100,
    ).length
    expect(hits).toBeGreaterThan(180)
    expect(hits).toBeLessThan(200)
  })

  test('more values make it narrower, by about the root of their number', () => {
    const few = precision(summary(sample(20, 3)))
    const many = precision(summary(sample(320, 3)))
    expect(few / many).toBeGreaterThan(2.5)
    expect(few / many).toBeLessThan(6.5)
  })

  test('the same values give the same interval, in any order', () => {
    const values = sample(30, 9)
    expect(summary(values.toReversed())).toEqual(summary(values))
  })

  test('an outlier is named, and is part of the numbers', () => {
    const found = summary([10, 11, 10, 12, 11, 10, 500])
    expect(found.outliers).toEqual([500])
    expect(found.count).toBe(7)
    expect(found.high).toBeGreaterThan(11)
  })

  test('a spread of a few percent has no value that is far from the rest, nor has a tick beside equal values', () => {
    expect(summary([2420, 2430, 2440, 2450, 2470, 2560]).outliers).toEqual([])
    expect(summary([2420, 2420, 2420, 2420, 2420, 2430]).outliers).toEqual([])
    expect(summary([10, 11, 10, 500]).outliers).toEqual([])
  })

  test('of normal values few sets have one', () => {
    const sets = Array.from({ length: 200 }, (_, seed) => sample(12, seed + 1))
    expect(sets.filter((values) => summary(values).outliers.length > 0).length).toBeLessThan(30)
  })

  test('equal values have no width', () => {
    expect(summary([5, 5, 5])).toEqual({ count: 3, median: 5, low: 5, high: 5, outliers: [] })
    expect(precision(summary([0, 0, 0]))).toBe(0)
  })
})

test('how many runs a precision needs', () => {
  const now = { count: 10, median: 100, low: 90, high: 110, outliers: [] }
  expect(runsNeeded(now, 0.05)).toBe(40)
  expect(runsNeeded(now, 0.5)).toBe(10)
  expect(runsNeeded({ ...now, median: 0 }, 0.05)).toBe(Infinity)
})

test('a ratio of medians holds what it was made of, and says how well it is known', () => {
  const base = Array.from({ length: 30 }, (_, index) => 100 + (index % 7))
  const known = medianRatio(
    base.map((value) => value * 3),
    base,
  )
  expect(known?.ratio).toBeCloseTo(3, 9)
  expect(known?.low).toBeGreaterThan(2.8)
  expect(known?.high).toBeLessThan(3.2)
  expect(known && known.low <= 3 && known.high >= 3).toBe(true)
  expect(medianRatio([1, 2], [])).toBeUndefined()
  expect(medianRatio([1, 2], [0, 0, 0])).toBeUndefined()
})
