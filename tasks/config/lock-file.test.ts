import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { LOCK_FILE, LOCK_FORMAT, readLabLock, type LabLock } from './lock-file.ts'

const LOCK: LabLock = { format: LOCK_FORMAT, day: '2026-11-30', tools: {}, kernels: {}, images: {} }

function inLab(lock: unknown): string {
  const dir = tempDir()
  writeFileSync(join(dir, LOCK_FILE), JSON.stringify(lock))
  return dir
}
const refused = (lock: unknown) => failureOf(Promise.resolve().then(() => readLabLock(inLab(lock))))

test('a lock is read; a lab without one has none', () => {
  expect(readLabLock(inLab(LOCK))).toEqual(LOCK)
  expect(readLabLock(tempDir())).toBeUndefined()
})

test('a lock of a later version is refused by its format: `lab lock` would take what it says away', async () => {
  const failure = await refused({ ...LOCK, format: LOCK_FORMAT + 1, more: {} })
  expect(failure).toMatchObject({ kind: 'user', reason: 'newer-format' })
  expect(failure.parts.fact).toMatch(/^lab\.lock has format 2, and lab \S+ reads formats up to 1$/)
  expect(failure.parts.wayOut).toContain('update lab')
})

test.each([
  ['no format', { ...LOCK, format: undefined }],
  ['another shape', { ...LOCK, images: [] }],
  ['a text', 'x'],
])('%s is no lock', async (_, lock) => {
  expect((await refused(lock)).parts).toMatchObject({ fact: 'this version of lab cannot read this lock' })
})
