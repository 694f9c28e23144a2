import { expect, test } from 'vitest'
import type { Manifest } from '../../results/manifest.ts'
import { trendText } from './trend.ts'

const runs = (values: readonly (number | null)[], guest: object = {}) =>
  values.map(
    (pages, index) =>
      ({
        started: `2026-01-01T00:00:0${index}.000Z`,
        metrics: { pages },
        guest: { bootId: 'b', ...guest },
      }) as unknown as Pick<Manifest, 'started' | 'metrics' | 'guest'>,
  )

test('a counter that outlives the runs is told by its values in the order of the runs', () => {
  const counter = [28_950, 43_430, 57_910, 72_390, 86_870]
  expect(trendText(runs(counter).toReversed(), 'pages')).toMatch(/^it rises with every run \(28950, 43430, 57910, /)
  expect(trendText(runs(counter.toReversed()), 'pages')).toMatch(/^it falls with every run/)
})

test('no trend: one step back, equal values, few runs, another number, a guest of its own for each run', () => {
  expect(trendText(runs([1, 2, 3, 5, 4]), 'pages')).toBeUndefined()
  expect(trendText(runs([7, 7, 7, 7, 7]), 'pages')).toBeUndefined()
  expect(trendText(runs([1, 2, 2, 3, 4]), 'pages')).toBeUndefined()
  expect(trendText(runs([1, 2, null, 3, 4]), 'pages')).toBeUndefined()
  expect(trendText(runs([1, 2, 3, 4, 5]), 'other')).toBeUndefined()
  expect(trendText(runs([1, 2, 3, 4, 5], { snapshot: {} }), 'pages')).toBeUndefined()
})
