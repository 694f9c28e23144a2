import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shareContents } from './share-contents.ts'

const LONG_AGO = 5000
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-contents-'))
  writeFileSync(join(dir, 'a'), 'one')
  utimesSync(join(dir, 'a'), LONG_AGO, LONG_AGO)
})
afterEach(() => rmSync(dir, { recursive: true }))

const digest = async (directory: string) => (await shareContents(directory)).contents.sha256

test('files are counted', async () => {
  expect((await shareContents(dir)).contents).toMatchObject({ files: 1, bytes: 3 })
})

test.each<[string, () => void]>([
  ['text', () => writeFileSync(join(dir, 'a'), 'two')],
  ['a name', () => renameSync(join(dir, 'a'), join(dir, 'b'))],
  [
    'text of the same length and time',
    () => {
      writeFileSync(join(dir, 'a'), 'two')
      utimesSync(join(dir, 'a'), LONG_AGO, LONG_AGO)
    },
  ],
  ['a mode', () => chmodSync(join(dir, 'a'), 0o755)],
  ['a link', () => symlinkSync('a', join(dir, 'b'))],
])('%s that changes changes the digest', async (_, change) => {
  const before = await digest(dir)
  change()
  expect(await digest(dir)).not.toBe(before)
})

test('two links are not one whose target has a line end', async () => {
  const other = mkdtempSync(join(tmpdir(), 'lab-contents-'))
  symlinkSync('x\nlink c y', join(dir, 'b'))
  writeFileSync(join(other, 'a'), 'one')
  symlinkSync('x', join(other, 'b'))
  symlinkSync('y', join(other, 'c'))
  expect(await digest(other)).not.toBe(await digest(dir))
  rmSync(other, { recursive: true })
})

test('the same files elsewhere have the same digest', async () => {
  const other = mkdtempSync(join(tmpdir(), 'lab-contents-'))
  writeFileSync(join(other, 'a'), 'one')
  expect(await digest(other)).toBe(await digest(dir))
  rmSync(other, { recursive: true })
})

test('a pipe is not waited for', async () => {
  execFileSync('mkfifo', [join(dir, 'pipe')])
  expect(await shareContents(dir)).toEqual({ contents: { files: 2, bytes: 3, sha256: expect.any(String) as string } })
})

test('what cannot be read has no digest, and a reason', async () => {
  rmSync(join(dir, 'a'))
  symlinkSync(join(dir, 'gone'), join(dir, 'link'))
  expect(await shareContents(join(dir, 'link'))).toEqual({
    contents: { files: 0, bytes: 0, sha256: null },
    why: expect.stringContaining('no such file') as string,
  })
})

test('what is too large has its size, no digest, and a reason', async () => {
  truncateSync(join(dir, 'a'), 2 ** 40)
  expect(await shareContents(dir)).toEqual({
    contents: { files: 1, bytes: 2 ** 40, sha256: null },
    why: 'it has more than 1 GB',
  })
})
