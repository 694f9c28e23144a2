import { expect, test } from 'vitest'
import { jumped, moment, secondsSince } from './moment.ts'

const at = (date: number, count: number) => ({ date: new Date(date), count })

test('a clock that is set is told from one that goes on', () => {
  expect(jumped(at(10_000, 0), at(15_000, 5000))).toBe(0)
  expect(jumped(at(10_000, 0), at(15_900, 5000))).toBe(0)
  expect(jumped(at(10_000, 0), at(3_600_000 + 15_000, 5000))).toBe(3_600_000)
  expect(jumped(at(7_200_000, 0), at(3_600_000 + 5000, 5000))).toBe(-3_600_000)
})

test('a duration does not hang on the calendar', () => {
  const start = { ...moment(), date: new Date(0) }
  expect(secondsSince(start)).toBeLessThan(60)
})
