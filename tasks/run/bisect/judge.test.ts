import { describe, expect, test } from 'vitest'
import { endsOf, runsNext, sideOf } from './judge.ts'

const around = (middle: number, count = 9) => Array.from({ length: count }, (_, at) => middle + (at % 5) - 2)

describe('a metric', () => {
  test('whose ends overlap, or are hardly known, has no limit', () => {
    expect(endsOf(around(100), around(101))).toBeUndefined()
    expect(endsOf([100, 100], [200, 200])).toBeUndefined()
  })

  test.each([
    ['grew', around(100), around(200)],
    ['shrank', around(200), around(100)],
  ])('that %s has its limit between the intervals, and each side is reported', (_, good, bad) => {
    const ends = endsOf(good, bad)
    if (ends === undefined) throw new Error('no ends')
    expect(ends.limit).toBeGreaterThan(140)
    expect(ends.limit).toBeLessThan(160)
    expect([sideOf(good, ends), sideOf(bad, ends)]).toEqual(['good', 'bad'])
    expect(sideOf(around(ends.limit), ends)).toBeUndefined()
    expect(sideOf([good[0] ?? 0], ends)).toBeUndefined()
  })
})

test('runs double until there are no more', () => {
  const made: number[] = []
  for (let sum = 0, next = 0; (next = runsNext(sum, 5, 32)) > 0; sum += next) made.push(next)
  expect(made).toEqual([5, 5, 10, 12])
})
