import { expect, test } from 'vitest'
import { signalText } from './signal.ts'

test('a signal has its number, its name, and what it tells', () => {
  expect(signalText(15)).toBe('signal 15 (SIGTERM)')
  expect(signalText(25)).toBe('signal 25 (SIGXFSZ: a file would have become larger than its limit, RLIMIT_FSIZE)')
  expect(signalText(64)).toBe('signal 64')
})
