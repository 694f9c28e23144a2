import { expect, test } from 'vitest'
import { editDistance } from './edit-distance.ts'

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['kernel', 'kernel', 0],
  ['kernle', 'kernel', 1],
  ['patchs', 'patches', 1],
  ['memroy', 'memory', 1],
  ['kitten', 'sitting', 3],
  ['ca', 'abc', 3],
])('%j to %j is %i, and one more than any limit below that', (left, right, distance) => {
  expect(editDistance(left, right)).toBe(distance)
  expect(editDistance(right, left)).toBe(distance)
  for (let limit = 0; limit < 5; limit++)
    expect(editDistance(left, right, limit), `limit ${limit}`).toBe(Math.min(distance, limit + 1))
})

test('a limit changes no answer below it', () => {
  // A generator of numbers that is the same each time: words of few letters, so that many are near each other.
  let seed = 1
  const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const word = () => Array.from({ length: next(9) }, () => 'ab_c'[next(4)]).join('')
  for (let round = 0; round < 3000; round++) {
    const [left, right] = [word(), word()]
    const distance = editDistance(left, right)
    for (let limit = 0; limit < 5; limit++)
      expect(editDistance(left, right, limit), `${left} ${right} ${limit}`).toBe(Math.min(distance, limit + 1))
  }
})
