import { describe, expect, test } from 'vitest'
import { binsOf, densities, spreadOf } from './histogram.ts'

/** The same values each time, over five powers of ten, with a few at or below zero. */
const values = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, index) =>
    index % 97 === 0 ? -(index % 2) : Math.exp(((index * 7919) % 1000) / 90) + 0.25,
  )

describe('bins of gaps', () => {
  test('each value above zero that the axis holds is in one bin, the others are counted', () => {
    const list = values(5000)
    const bins = binsOf([list])
    const width = (index: number) => Math.log((bins.edges[index + 1] ?? 1) / (bins.edges[index] ?? 1))
    const counts = densities(list, bins).map((density, index) => Math.round(density * width(index)))
    const wanted = counts.map(
      (_, index) =>
        list.filter((value) => value >= (bins.edges[index] ?? 0) && value < (bins.edges[index + 1] ?? 0)).length,
    )
    expect(counts).toEqual(wanted)
    expect(bins.notPositive).toBe(list.filter((value) => value <= 0).length)
    expect(counts.reduce((sum, count) => sum + count, 0) + bins.notPositive + bins.beyond).toBe(5000)
    expect(bins.beyond).toBeGreaterThan(0)
  })

  test('equal values are in one bin', () => {
    const list = Float32Array.from({ length: 40 }, () => 1500)
    expect(densities(list, binsOf([list])).filter((density) => density > 0)).toHaveLength(1)
  })

  test('the list stays in its order', () => {
    const list = Float32Array.from([3, 1, 2])
    expect([spreadOf(list).median, spreadOf(list).max]).toEqual([2, 3])
    expect([...list]).toEqual([3, 1, 2])
  })
})
