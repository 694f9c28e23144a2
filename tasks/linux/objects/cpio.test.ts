import { spawnSync } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { cpio, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from './cpio.ts'

const ENTRIES = [
  { name: 'd', mode: S_IFDIR | 0o755 },
  { name: 'd/program', mode: S_IFREG | 0o755, data: Buffer.from('odd') },
  { name: 'd/empty', mode: S_IFREG | 0o600, data: Buffer.alloc(0) },
  { name: 'd/link', mode: S_IFLNK | 0o777, data: Buffer.from('program') },
]

const withBsdtar = spawnSync('bsdtar', ['--version']).status === 0

test('bsdtar reads what was written', ({ skip, task }) => {
  // `npm test` alone installs nothing; ./test does.
  Object.assign(task.meta, { reason: 'there is no bsdtar (package libarchive-tools)' })
  skip(!withBsdtar)
  const dir = tempDir()
  const { status } = spawnSync('bsdtar', ['-xf', '-', '-C', dir], { input: Buffer.concat(cpio(ENTRIES)) })
  expect(status).toBe(0)
  expect(readFileSync(join(dir, 'd/program'), 'utf8')).toBe('odd')
  expect(lstatSync(join(dir, 'd/program')).mode & 0o777).toBe(0o755)
  expect(readFileSync(join(dir, 'd/empty'), 'utf8')).toBe('')
  expect(readlinkSync(join(dir, 'd/link'))).toBe('program')
})

test('every part begins at a multiple of four, every archive is whole sectors, and the end is marked', () => {
  const chunks = cpio([...ENTRIES, { name: 'dev/console', mode: S_IFCHR | 0o600, device: [5, 1] }])
  let at = 0
  for (const chunk of chunks) {
    if (chunk.toString('latin1', 0, 6) === '070701') expect(at % 4).toBe(0)
    at += chunk.length
  }
  expect(at % 512).toBe(0)
  const text = Buffer.concat(chunks).toString('latin1')
  expect(text.match(/070701/g)?.length).toBe(6)
  expect(text).toContain('TRAILER!!!')
  // Documentation/driver-api/early-userspace/buffer-format.rst: c_rmaj and c_rmin are the tenth and eleventh field.
  const header = text.slice(text.indexOf('dev/console') - 110, text.indexOf('dev/console'))
  expect([header.slice(6 + 8, 6 + 16), header.slice(6 + 72, 6 + 80), header.slice(6 + 80, 6 + 88)]).toEqual([
    '00002180',
    '00000005',
    '00000001',
  ])
})

test('the same entries give the same bytes', () => {
  expect(Buffer.concat(cpio(ENTRIES)).equals(Buffer.concat(cpio(ENTRIES)))).toBe(true)
})
