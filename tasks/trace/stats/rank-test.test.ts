import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holm, rankTest, sizeOf } from './rank-test.ts'

/** Every way to choose the first group, one by one. */
function byHand(first: readonly number[], second: readonly number[]): number {
  const all = [...first, ...second]
  const uOf = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x) => sum + b.reduce((inner, y) => inner + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0)
  const middle = (first.length * second.length) / 2
  const reach = Math.abs(uOf(first, second) - middle)
  let [far, ways] = [0, 0]
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const a = all.filter((_, index) => mask & (1 << index))
    if (a.length !== first.length) continue
    ways++
    const b = all.filter((_, index) => !(mask & (1 << index)))
    if (Math.abs(uOf(a, b) - middle) >= reach - 1e-9) far++
  }
  return far / ways
}

describe('rankTest', () => {
  test('as in the example of R, wilcox.test (Hollander and Wolfe 1973, page 69): W = 35, p = 0.2544', () => {
    const found = rankTest([0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.9, 0.74, 1.21])
    expect(found).toMatchObject({ u: 35, method: 'exact', counts: [10, 5] })
    expect(found?.p).toBeCloseTo(0.2544, 4)
    expect(found?.delta).toBeCloseTo(0.4)
  })

  test('as R approximates with ties (ozone in May and August, airquality): W = 127.5, p = 0.0001208', () => {
    const may = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37]
    const august = [
      39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85,
    ]
    const found = rankTest(may, august)
    expect(found).toMatchObject({ u: 127.5, method: 'normal' })
    expect(found?.p).toBeCloseTo(0.0001208, 7)
  })

  test('ties are counted out as they are', () => {
    const few = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(few, few, (first, second) => {
        expect(rankTest(first, second)?.p).toBeCloseTo(byHand(first, second), 10)
      }),
      { numRuns: 60 },
    )
  })

  test('equal groups: no effect, p is 1; groups apart: the largest, and as rare as it gets', () => {
    expect(rankTest([1, 2, 2], [1, 2, 2])).toMatchObject({ delta: 0, p: 1 })
    expect(rankTest([7, 7, 7], [7, 7])).toMatchObject({ delta: 0, p: 1 })
    expect(rankTest(Array(40).fill(7), Array(40).fill(7))).toMatchObject({ delta: 0, p: 1, method: 'normal' })
    expect(rankTest([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toMatchObject({ delta: -1, p: 2 / 252 })
    expect(rankTest([], [1])).toBeUndefined()
  })

  test('where both can be had, the approximation is near', () => {
    const values = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index * 3)
    // 25 and 25 are counted out, 26 and 26 are not.
    const exact = rankTest(values(0, 25), values(6, 25))
    const normal = rankTest(values(0, 26), values(6, 26))
    expect([exact?.method, normal?.method]).toEqual(['exact', 'normal'])
    expect(exact?.p).toBeGreaterThan(0.1)
    expect(Math.abs((exact?.p ?? 0) - (normal?.p ?? 1))).toBeLessThan(0.06)
  })

  test('a tail that is far out is a small number, not zero', () => {
    const low = Array.from({ length: 500 }, (_, index) => index)
    const { p = 0 } =
      rankTest(
        low,
        low.map((value) => value + 1000),
      ) ?? {}
    expect(p).toBeGreaterThan(0)
    expect(p).toBeLessThan(1e-100)
  })
})

test('words for the size of an effect', () => {
  expect([0, -0.2, 0.4, -1].map(sizeOf)).toEqual(['negligible', 'small', 'medium', 'large'])
})

test('the more is asked, the less one answer says: Holm', () => {
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
  expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(4)))).toEqual([0.03, 0.06, 0.06, 0.02])
  expect(holm([0.9, 0.8])).toEqual([1, 1])
  expect(holm([])).toEqual([])
})
