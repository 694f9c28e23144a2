import { expect, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { refuseIgnored } from './trace.ts'

const factOf = (options: Parameters<typeof refuseIgnored>[0]): string | undefined => {
  try {
    refuseIgnored(options)
  } catch (error) {
    if (error instanceof Failure) return `${error.parts.place ?? ''}: ${error.parts.fact}`
    throw error
  }
  return undefined
}

test('stacks are an answer of their own: whatever else is asked for is refused, not left out', () => {
  expect(factOf({ graph: true, stacks: true })).toMatch(/^--graph --stacks: /)
  expect(factOf({ open: true, stacks: true })).toMatch(/^--open --stacks: /)
  expect(factOf({ stacks: true, flame: 'x.html' })).toMatch(/^--stacks: it cannot be given with --flame/)
  expect(factOf({ folded: 'x', from: '1' })).toMatch(/^--folded --from: /)
  expect(factOf({ stacks: true, comm: 'cat', probe: 'waits' })).toBeUndefined()
})
