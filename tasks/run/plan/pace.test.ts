import { expect, test } from 'vitest'
import { Pace } from './pace.ts'

test('says nothing before two runs', () => {
  const pace = new Pace()
  pace.took('a', 30)
  expect(pace.left(['a'], 1)).toBeUndefined()
})

test('each arm counts by its own runs, and one without runs as the middle of all', () => {
  const pace = new Pace()
  for (const [arm, seconds] of [
    ['a', 1],
    ['a', 3],
    ['b', 10],
  ] as const)
    pace.took(arm, seconds)
  expect(pace.left(['a', 'a', 'b', 'c'], 1)).toBe(2 + 2 + 10 + 3)
  expect(pace.left(['a', 'a', 'b', 'c'], 2)).toBe(8.5)
  expect(pace.left([], 2)).toBe(0)
})
