import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shareContents } from './share-contents.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lab-contents-'))
  writeFileSync(join(dir, 'a'), 'one')
})
afterEach(() => rmSync(dir, { recursive: true }))

test('files are counted', async () => {
  expect(await shareContents(dir)).toMatchObject({ files: 1, bytes: 3 })
})

test.each<[string, () => void]>([
  ['text', () => writeFileSync(join(dir, 'a'), 'two')],
  ['a name', () => renameSync(join(dir, 'a'), join(dir, 'b'))],
  ['a mode', () => chmodSync(join(dir, 'a'), 0o755)],
  ['a link', () => symlinkSync('a', join(dir, 'b'))],
])('%s that changes changes the digest', async (_, change) => {
  const before = await shareContents(dir)
  change()
  expect((await shareContents(dir)).sha256).not.toBe(before.sha256)
})

test('the same files elsewhere have the same digest', async () => {
  const other = mkdtempSync(join(tmpdir(), 'lab-contents-'))
  writeFileSync(join(other, 'a'), 'one')
  expect((await shareContents(other)).sha256).toBe((await shareContents(dir)).sha256)
  rmSync(other, { recursive: true })
})
