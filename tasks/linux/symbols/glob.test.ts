import { expect, test } from 'vitest'
import { globMatches } from './glob.ts'

test.each([
  ['vfs_read', 'vfs_read', true],
  ['vfs_read', 'vfs_readv', false],
  ['vfs_*', 'vfs_readv', true],
  ['*read', 'vfs_read', true],
  ['*read', 'vfs_readv', false],
  ['*_*_*', 'a_b_c', true],
  ['v?s_read*', 'vfs_read', true],
  ['v?s', 'vs', false],
  ['*', '', true],
  ['a.b[c](', 'a.b[c](', true],
  ['a.b', 'axb', false],
])('%s and %s: %s', (pattern, name, fits) => {
  expect(globMatches(pattern, name)).toBe(fits)
})

test('many stars take no longer than one', () => {
  expect(globMatches(`${'*a'.repeat(60)}*b`, 'a'.repeat(5000))).toBe(false)
})
