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
