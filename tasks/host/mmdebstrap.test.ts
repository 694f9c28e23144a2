import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeScratch } from '../engine/scratch.ts'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { MOUNTS, NAMESPACE } from '../test/namespace.ts'
import { EXCLUDE, readTree, removeScratch } from './mmdebstrap.ts'
import { needsProgram } from '../test/needs.ts'

const never = new AbortController().signal
const PLACE = 'experiment exact'
const E2FSPROGS = needsProgram('mke2fs', '-V', 'e2fsprogs')

/** A directory, and an ext4 image with a large file in it. */
function setUp() {
  const dir = tempDir()
  const image = join(dir, 'image')
  mkdirSync(join(dir, 'files/d'), { recursive: true })
  writeFileSync(join(dir, 'files/d/large'), Buffer.alloc(3 * 2 ** 20, 'x'))
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', join(dir, 'files'), image, '16M'])
  return { dir, image, to: join(dir, 'to') }
}

test('the files of an image are brought into a directory', E2FSPROGS, async () => {
  const { image, to } = setUp()
  await readTree(image, to, PLACE, never)
  expect(readFileSync(join(to, 'd/large'))).toEqual(Buffer.alloc(3 * 2 ** 20, 'x'))
})

test.each([
  ['is none', (image: string) => writeFileSync(image, Buffer.alloc(2 ** 20))],
  ['is not there', (image: string) => execFileSync('rm', [image])],
  ['is cut off', (image: string) => truncateSync(image, 2 ** 20)],
])('an image that %s is a failure, although debugfs ends with status 0', E2FSPROGS, async (_name, damage) => {
  const { dir, image, to } = setUp()
  const damaged = join(dir, 'damaged')
  copyFileSync(image, damaged)
  damage(damaged)
  const failure = await failureOf(readTree(damaged, to, PLACE, never))
  expect(failure).toMatchObject({ kind: 'lab', parts: { place: PLACE, fact: `the image cannot be read: ${damaged}` } })
  expect(failure.parts.lines).not.toEqual([])
})

test('the scratch of a user without subordinate ids is removed: it holds nothing but their own files', async () => {
  const [bin, temp] = [tempDir(), tempDir()]
  writeFileSync(
    join(bin, 'unshare'),
    '#!/bin/sh\necho "unshare: failed to find entries in /etc/subuid" >&2\nexit 1\n',
    {
      mode: 0o755,
    },
  )
  vi.stubEnv('PATH', `${bin}:${process.env['PATH'] ?? ''}`)
  vi.stubEnv('TMPDIR', temp)
  const user = vi.spyOn(process, 'getuid').mockReturnValue(1000)
  onTestFinished(() => {
    user.mockRestore()
    vi.unstubAllEnvs()
  })
  const dir = await makeScratch('image')
  mkdirSync(join(dir, 'tree'))
  expect(await removeScratch(dir)).toBe(true)
  expect(readdirSync(temp)).toEqual([])
})

test('what is left out of an image is removed, and nothing that is mounted in it is looked into', MOUNTS, () => {
  const dir = tempDir()
  for (const path of ['etc/dpkg/dpkg.cfg.d', 'usr/share/doc/bash', 'proc/1/doc'])
    mkdirSync(join(dir, path), { recursive: true })
  for (const file of ['usr/share/doc/bash/README', 'usr/share/kept']) writeFileSync(join(dir, file), '')
  const excluded = join(dir, 'excluded')
  writeFileSync(excluded, '/usr/share/doc/*\n*/doc/*\n')
  const script = `mount -t tmpfs none "$1/proc" && mkdir "$1/proc/doc" && touch "$1/proc/doc/file" && (${EXCLUDE}) && cat "$1/proc/doc/file"`
  const argv = [...NAMESPACE.slice(1), 'sh', '-c', script, 'sh', dir]
  const { status, stderr } = spawnSync(NAMESPACE[0] ?? '', argv, {
    encoding: 'utf8',
    env: { ...process.env, LAB_EXCLUDED: excluded },
  })
  expect([status, stderr]).toEqual([0, ''])
  expect(readdirSync(join(dir, 'usr/share'), { recursive: true, encoding: 'utf8' }).toSorted()).toEqual(['doc', 'kept'])
  expect(readFileSync(join(dir, 'etc/dpkg/dpkg.cfg.d/lab-exclude'), 'utf8')).toContain('path-exclude=/usr/share/doc/*')
})
