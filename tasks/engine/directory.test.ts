import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { makeDirectory } from './directory.ts'

test('what is missing is made, and the first of it is named', () => {
  const dir = tempDir()
  expect(makeDirectory(join(dir, 'a/b/c'))).toBe(join(dir, 'a'))
  expect(existsSync(join(dir, 'a/b/c'))).toBe(true)
  expect(makeDirectory(join(dir, 'a/b'))).toBeUndefined()
})

test.each([
  ['below /proc, where Node would try for ever', () => '/proc/lab-test/cache', 'ENOENT'],
  [
    'below a file',
    (dir: string) => {
      writeFileSync(join(dir, 'file'), '')
      return join(dir, 'file/a/b')
    },
    'ENOTDIR',
  ],
  [
    'below a link that leads nowhere',
    (dir: string) => {
      symlinkSync(join(dir, 'nothing'), join(dir, 'link'))
      return join(dir, 'link/a')
    },
    'ENOTDIR',
  ],
  [
    'where a link that leads nowhere stands',
    (dir: string) => {
      symlinkSync(join(dir, 'nothing'), join(dir, 'link'))
      return join(dir, 'link')
    },
    'ENOTDIR',
  ],
])('%s it is an error', (_name, path, code) => {
  expect(() => makeDirectory(path(tempDir()))).toThrow(expect.objectContaining({ code }))
})
