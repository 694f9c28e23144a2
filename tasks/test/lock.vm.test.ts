/**
 * lab.lock: an image from the locked packages is the same bytes in another cache, and one that cannot be had is
 * reported with a way out.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { LabLock } from '../config/lock-file.ts'
import { fetchedFile } from '../build/fetched.ts'
import { fetchedPackage } from '../build/image/locked-files.ts'
import { serve, SigningKey } from '../host/debian/archive.fixture.ts'
import { writeLocalArchive } from '../host/debian/local-archive.ts'
import { lockedFiles, parsePackages } from '../linux/package-list.ts'
import { Rig } from './rig.ts'
import { needsProgram } from './needs.ts'

const lab = new Rig()
const elsewhere = new Rig(false)
const empty = { LAB_CACHE_DIR: elsewhere.dir }
let lock: LabLock

const hashOf = async (file: string) => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

beforeAll(async () => {
  const { status, stderr } = await lab.lab(['lock', '--yes'])
  if (status !== 0) throw new Error(stderr)
  lock = JSON.parse(lab.read('lab.lock')) as LabLock
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
  expect(stdout).toContain('everything is as in lab.lock')
  expect(status).toBe(0)
})

test('an image that is built from it in an empty cache is the same, bit for bit', async () => {
  const built = (await lab.answer(['build', 'image', 'minimal'], empty)) as { path: string }[]
  expect(built[0]?.path).toContain(elsewhere.dir)
  expect(await hashOf(built[0]?.path ?? '')).toBe(lock.images['minimal']?.disk)
})

test('what a recipe leaves out is not in the image, and its list of archives is the same wherever the packages came from', async () => {
  const [built] = (await lab.answer(['build', 'image', 'minimal'], empty)) as { path: string }[]
  const read = (command: string) =>
    spawnSync('debugfs', ['-R', command, built?.path ?? ''], { encoding: 'utf8' }).stdout.trim()
  expect(read('ls -p /usr/share/doc').split('\n')).toHaveLength(2)
  expect(read('ls -p /usr/share/dpkg').split('\n').length).toBeGreaterThan(2)
  expect(read('cat /etc/apt/sources.list')).toMatch(/^# This guest has no network: [^\n]*$/)
})

test(
  'an archive whose index and key have expired is refused as a mirror of today; as one of the past it gives the same image',
  needsProgram('gpg', '--version', 'gnupg'),
  async () => {
    const ROOT = 'archive/debian/20200601T000000Z/'
    const other = new Rig()
    onTestFinished(() => other.remove())
    const dir = join(elsewhere.dir, 'archive')
    const files = lockedFiles(parsePackages(lock.images['minimal']?.packages.join('\n') ?? '')) ?? []
    const local = files.map((file) => ({ ...file, file: fetchedFile(fetchedPackage(file), elsewhere.dir) }))
    await writeLocalArchive(dir, 'trixie', local, 'the archive', new AbortController().signal)
    const key = new SigningKey('20200101')
    const release = readFileSync(join(dir, 'dists/trixie/Release'), 'utf8')
    const signed = key.sign(`Valid-Until: Mon, 01 Jun 2020 00:00:00 UTC\n${release}`)
    writeFileSync(join(dir, 'dists/trixie/InRelease'), signed)
    const found = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    const paths = found.map((one) => relative(dir, join(one.parentPath, one.name)))
    const at = (root: string) => paths.map((path) => [root + path, readFileSync(join(dir, path))] as const)
    const { base } = await serve(Object.fromEntries([...at(ROOT), ...at('debian/')]))
    const env = { LAB_CACHE_DIR: other.dir, LAB_DEBIAN_KEYRING: key.ring }

    const today = await other.lab(['build', 'image', 'minimal'], { ...env, LAB_DEBIAN_MIRROR: `${base}debian/` })
    expect(today.stderr).toMatch(/EXPKEYSIG|expired/)
    expect(today.status).toBe(69)
    const past = { ...env, LAB_DEBIAN_MIRROR: base + ROOT }
    const [built] = (await other.answer(['build', 'image', 'minimal'], past)) as { path: string }[]
    expect(await hashOf(built?.path ?? '')).toBe(lock.images['minimal']?.disk)
  },
)

describe('a line of lab.lock that is changed', () => {
  const text = () => lab.read('lab.lock')
  const line = () => lock.images['minimal']?.packages.find((one) => one.startsWith('strace ')) ?? ''
  let before = ''
  beforeEach(() => (before = text()))
  afterEach(() => lab.write('lab.lock', before))

  test('to a version that the file is not', async () => {
    lab.edit('lab.lock', line(), line().replace(/^strace \S+/, 'strace 0.0-1'))
    const { status, stderr } = await lab.lab(['build', 'image', 'minimal'], empty)
    expect(stderr).toMatch(/lab\.lock names strace 0\.0-1 amd64, and the file with that sha256 is strace \d/)
    expect(status).toBe(2)
  })

  test('to a file that no archive has: each one is named, and what the suite has now', async () => {
    lab.edit('lab.lock', line(), `strace 0.0-1 amd64 ${'0'.repeat(64)} pool/main/s/strace/strace_0.0-1_amd64.deb`)
    const nobody = 'http://127.0.0.1:1/'
    const { status, stderr } = await lab.lab(['build', 'image', 'minimal'], {
      ...empty,
      LAB_DEBIAN_ARCHIVE: nobody,
      LAB_DEBIAN_SNAPSHOT: nobody,
    })
    expect(stderr).toMatch(/1 of \d+ packages of lab\.lock are no longer available/)
    expect(stderr).toMatch(/strace: locked 0\.0-1, trixie has \d/)
    expect(stderr).toMatch(/main \(.*\): it does not have this version/)
    expect(stderr).toContain('snapshot (http://127.0.0.1:1/)')
    expect(status).toBe(69)
  })

  test('to a path outside of the pool: the line is none', async () => {
    lab.edit('lab.lock', line(), line().replace(/ pool\/.*$/, ' pool/../../etc/x.deb'))
    const { status, stderr } = await lab.lab(['build', 'image', 'minimal'], empty)
    expect(stderr).toMatch(/images\.minimal\.packages\.\d+: is no line of a package/)
    expect(status).toBe(2)
  })
})

test('a lock that is none is reported', async () => {
  lab.write('lab.lock', '{"format": 2}')
  const { status, stderr } = await lab.lab(['check'])
  expect(stderr).toContain('lab.lock has format 2')
  expect(status).toBe(2)
})
