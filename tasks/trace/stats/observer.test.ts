import { expect, test } from 'vitest'
import { observerEffect, type ObservedRun } from './observer.ts'
import type { Observer } from '../../config/observers.ts'

const run = (observer: Observer, round: number, ns: number, hits: number, runNs?: number): ObservedRun => ({
  observer,
  round,
  ns,
  programs: hits === 0 ? [] : [{ program: 'p', hits, ...(runNs !== undefined && { runs: hits, runNs }) }],
})

test('a drift that meets all arms of a round is no overhead', () => {
  // Each round is 1 ms slower than the one before; an empty hit costs 2 µs, a full one 5 µs.
  const rounds = Array.from({ length: 9 }, (_, index) => index + 1)
  const effect = observerEffect(
    rounds.flatMap((round) => {
      const base = 10_000_000 + round * 1_000_000
      return [
        run('none', round, base, 0),
        run('empty', round, base + 100 * 2000, 100),
        run('full', round, base + 100 * 5000, 100),
        run('counted', round, base + 100 * 5500, 100, 100 * 2700),
      ]
    }),
  )
  expect(effect?.rounds).toBe(9)
  expect(effect?.overhead.map(({ observer, perHit }) => [observer, perHit.median, perHit.low, perHit.high])).toEqual([
    ['empty', 2000, 2000, 2000],
    ['full', 5000, 5000, 5000],
    ['counted', 5500, 5500, 5500],
  ])
  expect(effect?.kernel).toEqual([{ program: 'p', runs: 900, nsPerRun: 2700 }])
})

test('a run whose round has no run without probes says nothing', () => {
  const effect = observerEffect([run('none', 1, 1000, 0), run('full', 1, 3000, 2), run('full', 2, 9000, 2)])
  expect(effect?.overhead).toMatchObject([{ observer: 'full', perHit: { count: 1, median: 1000 } }])
  expect(effect?.kernel).toEqual([])
  expect(observerEffect([run('full', 1, 3000, 2)])).toBeUndefined()
  expect(observerEffect([run('none', 1, 1000, 0), run('empty', 1, 1000, 0)])).toBeUndefined()
})
