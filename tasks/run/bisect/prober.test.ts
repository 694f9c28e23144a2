import { expect, test } from 'vitest'
import { interrupted, labError, userError } from '../../engine/error.ts'
import { untestable } from './prober.ts'

test('a commit that does not build or boot is one that cannot be tested', () => {
  expect(untestable(labError({ place: 'kernel v5.10', fact: 'make failed', reason: 'exit-status' }))).toBe(
    'kernel v5.10: make failed',
  )
  expect(untestable(userError({ fact: 'the probe does not load' }))).toBe('the probe does not load')
})

test.each(['disk-full', 'not-installed', 'needs-consent', 'unavailable'] as const)(
  'what every commit would meet ends the search: %s',
  (reason) => expect(() => untestable(labError({ fact: 'of the host', reason }))).toThrow('of the host'),
)

test('so do Ctrl-C and a bug', () => {
  expect(() => untestable(interrupted())).toThrow('interrupted')
  expect(() => untestable(new TypeError('a bug'))).toThrow('a bug')
})
