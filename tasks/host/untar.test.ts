import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { pack, type Header } from 'tar-stream'
import { expect, onTestFinished, test } from 'vitest'
import { unpackUntrusted } from './untar.ts'

type Row = readonly [header: Partial<Header> & { name: string }, text?: string]

/** An archive of these entries, unpacked: the directory, and what was left out. */
async function unpacked(...rows: readonly Row[]): Promise<{ dir: string; leftOut: string[] }> {
  const top = mkdtempSync(join(tmpdir(), 'lab-untar-'))
  onTestFinished(() => rmSync(top, { recursive: true }))
  const archive = pack()
  for (const [header, text] of rows) archive.entry(header, text ?? '')
  archive.finalize()
  const dir = mkdtempSync(join(top, 'dir-'))
  return { dir, leftOut: await unpackUntrusted(Readable.from(archive), dir) }
}

test('files, directories and links that stay inside are made', async () => {
  const { dir, leftOut } = await unpacked(
    [{ name: 'd', type: 'directory' }],
    [{ name: 'd/sub/f', mode: 0o750 }, 'text'],
    [{ name: 'd/l', type: 'symlink', linkname: 'sub/f' }],
    [{ name: 'd/again', type: 'link', linkname: 'd/sub/f' }],
    [{ name: 'd/sub/up', type: 'symlink', linkname: '../l' }],
  )
  expect(leftOut).toEqual([])
  expect(readFileSync(join(dir, 'd/sub/up'), 'utf8')).toBe('text')
  expect(lstatSync(join(dir, 'd/sub/f')).mode & 0o777).toBe(0o750)
  expect(readFileSync(join(dir, 'd/again'), 'utf8')).toBe('text')
  expect(readlinkSync(join(dir, 'd/l'))).toBe('sub/f')
})

test('what a guest could do harm with is left out and named', async () => {
  const { dir, leftOut } = await unpacked(
    [{ name: '../out' }, 'x'],
    [{ name: '/tmp/lab-untar-absolute' }, 'x'],
    [{ name: 'd/../../out' }, 'x'],
    [{ name: 'd/device', type: 'character-device', devmajor: 1, devminor: 1 }],
    [{ name: 'd/fifo', type: 'fifo' }],
    [{ name: 'd/hard', type: 'link', linkname: '/etc/passwd' }],
    [{ name: 'd/absolute', type: 'symlink', linkname: '/etc/passwd' }],
    [{ name: 'd/up', type: 'symlink', linkname: '../../etc/passwd' }],
    [{ name: 'red\u001b[31m', type: 'fifo' }],
    [{ name: 'd/ok' }, 'fine'],
  )
  expect(leftOut).toHaveLength(9)
  expect(leftOut).toContain(String.raw`red\x1b[31m`)
  expect(readdirSync(join(dir, 'd'))).toEqual(['ok'])
  expect([existsSync(join(dir, '../out')), existsSync('/tmp/lab-untar-absolute')]).toEqual([false, false])
})

test('links that lead out only when other links are followed are left out as well', async () => {
  const { dir, leftOut } = await unpacked(
    [{ name: 'd/evil' }, 'x'],
    [{ name: 'd/a/b/c/s', type: 'symlink', linkname: '../../..' }],
    // As text it stays inside; behind s it leads out.
    [{ name: 'd/a/b/c/e', type: 'symlink', linkname: 's/../..' }],
    [{ name: 'd/a/b/c/e/out', type: 'symlink', linkname: '../d/evil' }],
    // Below a link it would stand where the link leads.
    [{ name: 'd/a/b/c/s/f', type: 'symlink', linkname: '../../../..' }],
  )
  expect(leftOut.toSorted()).toEqual(['d/a/b/c/e', 'd/a/b/c/s/f'])
  expect(readdirSync(join(dir, '..'))).toEqual([basename(dir)])
  expect(readdirSync(dir)).toEqual(['d'])
})

test('nobody but the owner gets more rights than the file says, and set-user-id is taken off', async () => {
  const { dir } = await unpacked([{ name: 'su', mode: 0o6755 }, 'x'])
  expect(lstatSync(join(dir, 'su')).mode & 0o7000).toBe(0)
})

test('nothing is written through a link of the archive, nor twice', async () => {
  await expect(unpacked([{ name: 'd/f' }, 'one'], [{ name: 'd/f' }, 'two'])).rejects.toThrow('EEXIST')
  // The link is made last, so the file stands where the link's own folder would be.
  await expect(
    unpacked([{ name: 'd/l', type: 'symlink', linkname: 'x' }], [{ name: 'd/l/f' }, 'through']),
  ).rejects.toThrow('EEXIST')
})

test('half an archive is an error', async () => {
  const archive = pack()
  archive.entry({ name: 'f' }, 'x'.repeat(2000))
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  const dir = mkdtempSync(join(tmpdir(), 'lab-untar-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  await expect(unpackUntrusted(Readable.from([Buffer.concat(chunks).subarray(0, 1500)]), dir)).rejects.toThrow()
})
