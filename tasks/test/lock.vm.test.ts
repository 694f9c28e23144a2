/** lab.lock: an image from the locked packages is the same bytes in another cache, and one that cannot be had is told with a way out. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LockFile } from '../config/lock-file.ts'
import { parsePackages } from '../linux/package-list.ts'
import { Rig } from './rig.ts'

const lab = new Rig()
const elsewhere = new Rig(false)
const empty = { LAB_CACHE_DIR: elsewhere.dir }
let lock: LockFile

const hashOf = async (file: string) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

beforeAll(async () => {
  const { status, stderr } = await lab.lab(['lock', '--yes'])
  if (status !== 0) throw new Error(stderr)
  lock = JSON.parse(lab.read('lab.lock')) as LockFile
})
afterAll(() => {
  lab.remove()
  elsewhere.remove()
})

test('it names every package with the hash of its archive, every tool and every source', async () => {
  const packages = parsePackages(lock.images['minimal']?.packages.join('\n') ?? '')
  expect(packages.length).toBeGreaterThan(80)
  expect(packages.filter(({ sha256 }) => sha256 === undefined)).toEqual([])
  expect(lock.tools['qemu-system-x86_64']).toMatch(/version \d/)
  expect(lock.kernels['v5.10']?.source).toMatchObject({ package: 'linux-source-5.10', version: '5.10.223-1' })
  const { status, stdout } = await lab.lab(['lock', '--check'])
  expect(stdout).toContain('everything is as lab.lock has it')
  expect(status).toBe(0)
})

test('an image that is built from it in an empty cache is the same, bit for bit', async () => {
  const built = (await lab.answer(['build', 'image', 'minimal'], empty)) as { path: string }[]
  expect(built[0]?.path).toContain(elsewhere.dir)
  expect(await hashOf(built[0]?.path ?? '')).toBe(lock.images['minimal']?.disk)
})

test('a version that the mirror does not have is told, with what it has and a way out', async () => {
  const line = lock.images['minimal']?.packages.find((one) => one.startsWith('strace ')) ?? ''
  lab.edit('lab.lock', line, line.replace(/^strace \S+/, 'strace 0.0-1'))
  const { status, stderr } = await lab.lab(['build', 'image', 'minimal'], empty)
  expect(stderr).toMatch(/strace: locked 0\.0-1, the mirror gives \d/)
  expect(stderr).toContain('LAB_DEBIAN_MIRROR')
  expect(status).toBe(69)
})

test('a lock that is none is told', async () => {
  lab.write('lab.lock', '{"format": 2}')
  const { status, stderr } = await lab.lab(['check'])
  expect(stderr).toContain('this is no lock of this version')
  expect(status).toBe(2)
})
