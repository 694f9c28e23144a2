import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TASKS } from '../test/imports.ts'
import { computeOwnCode, EXCUSED, EXCUSED_PACKAGES } from '../test/own-code.ts'
import { tempDir } from '../test/temp-dir.ts'
import table from './own-code.json' with { type: 'json' }
import { ownCode } from './own-code.ts'

const ROOT = join(TASKS, '..')

test('the table names every file that decides what a build becomes (node tasks/test/own-code.ts --write)', () => {
  expect(table).toEqual(computeOwnCode())
})

test('the files that the review found missing are inputs of a kernel', () => {
  const names = table.kernel.files.map((file) => file.replace(/^.*\//, ''))
  expect(names).toEqual(
    expect.arrayContaining([
      'configure.ts',
      'source.ts',
      'prove.ts',
      'kconfig.ts',
      'version.ts',
      'proof.ts',
      'hidden-calls.ts',
      'unified-diff.ts',
    ]),
  )
  expect(table.kernel.packages).toEqual(['diff', 'tree-sitter-c', 'web-tree-sitter'])
})

test.each(Object.keys(EXCUSED))('%s, which is excused, exists', (path) => {
  expect(existsSync(join(TASKS, path))).toBe(true)
})

describe('the digest', () => {
  /** A copy of what the table names, which a test may change. */
  const copy = () => {
    const to = tempDir()
    for (const file of table.kernel.files) {
      mkdirSync(dirname(join(to, 'tasks', file)), { recursive: true })
      writeFileSync(join(to, 'tasks', file), readFileSync(join(TASKS, file)))
    }
    writeFileSync(join(to, 'package.json'), readFileSync(join(ROOT, 'package.json')))
    return to
  }

  test('is the same for the same code in another directory', () => {
    expect(ownCode('kernel', copy())).toBe(ownCode('kernel', ROOT))
  })

  test('changes with each file', () => {
    const before = ownCode('kernel', ROOT)
    for (const file of table.kernel.files) {
      const to = copy()
      writeFileSync(join(to, 'tasks', file), '// changed\n', { flag: 'a' })
      expect(ownCode('kernel', to), file).not.toBe(before)
    }
  })

  test('changes with the version of a package that takes part', () => {
    const to = copy()
    const text = readFileSync(join(to, 'package.json'), 'utf8')
    writeFileSync(join(to, 'package.json'), text.replace(/"diff": "[^"]+"/, '"diff": "9.9.9"'))
    expect(ownCode('kernel', to)).not.toBe(ownCode('kernel', ROOT))
  })

  test('cannot be made of a file that is missing', () => {
    expect(() => ownCode('kernel', tempDir())).toThrow(/ENOENT/)
  })
})

test('each excused package is one that we use', () => {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8')
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
  for (const name of Object.keys(EXCUSED_PACKAGES)) expect(Object.keys(dependencies)).toContain(name.split('/')[0])
})
