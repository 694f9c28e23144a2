import { describe, expect, test } from 'vitest'
import { saysDuckdb, saysNoSpace, saysNoSuchRef } from './outside-words.ts'

test.each([
  ['tar: linux/Makefile: Cannot write: No space left on device', true],
  ['tar: a: Wrote only 2048 of 10240 bytes', true],
  ['cp: error writing b: Disk quota exceeded', true],
  ['mke2fs: Could not allocate block in ext2 filesystem while writing file', false],
  ['tar: a: Cannot open: No such file or directory', false],
])('%s', (line, full) => {
  expect(saysNoSpace(line)).toBe(full)
})

test('a ref that a repository does not have', () => {
  expect(saysNoSuchRef("fatal: couldn't find remote ref v5.5")).toBe(true)
  expect(saysNoSuchRef("fatal: '/nowhere' does not appear to be a git repository")).toBe(false)
})

describe('DuckDB', () => {
  const full = 'IO Error: Could not write file "x": No space left on device'

  test('a disk without room, and not a value that has the words', () => {
    expect(saysDuckdb(new Error(full), 'disk-full')).toBe(true)
    const quoted = `Conversion Error: Could not convert string 'No space left on device' to INT32`
    expect(saysDuckdb(new Error(quoted), 'disk-full')).toBe(false)
  })

  test('an error with a code is the system’s', () => {
    expect(saysDuckdb(Object.assign(new Error(full), { code: 'EIO' }), 'disk-full')).toBe(false)
  })

  test('a statement that is wrong whatever the files hold', () => {
    for (const text of [
      'Parser Error: syntax error at or near "x"',
      'Catalog Error: Table with name x does not exist!',
    ])
      expect(saysDuckdb(new Error(text), 'statement')).toBe(true)
    expect(saysDuckdb(new Error('Invalid Input Error: no magic bytes'), 'statement')).toBe(false)
  })
})
