/** `lab cache pull` of entries that are damaged, forged or not the ones that the lab wants. */
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { FIRST_LINE, type Head } from '../build/share/head.ts'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { Rig } from './rig.ts'
import { tempDir } from './temp-dir.ts'
import { LAB, rig, debian, built, FILES, plant, entryIn, sha256, pushed, pull, stored } from './cache-kit.ts'

/** An entry as a forger writes it. */
function forge(file: string, change: (head: Head, bytes: Buffer) => readonly [unknown, Buffer]): void {
  const plain = zstdDecompressSync(readFileSync(file).subarray(FIRST_LINE.length))
  const end = plain.indexOf(0x0a)
  const [head, bytes] = change(JSON.parse(plain.subarray(0, end).toString()) as Head, plain.subarray(end + 1))
  const stream = zstdCompressSync(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]))
  writeFileSync(file, Buffer.concat([Buffer.from(FIRST_LINE), stream]))
}

const twice = (head: Head) => ({ ...head, files: [...head.files, ...head.files] })
const withFile = (head: Head, path: string) => {
  const [first, ...rest] = head.files
  return { ...head, files: [{ ...first, path }, ...rest] }
}

test.each<[string, (file: string) => void, RegExp, number]>([
  [
    'a changed bit',
    (file) => {
      const bytes = readFileSync(file)
      bytes[bytes.length - 30] = (bytes.at(-30) ?? 0) ^ 1
      writeFileSync(file, bytes)
    },
    /damaged/,
    69,
  ],
  ['an empty file', (file) => truncateSync(file, 0), /its first line is not/, 69],
  ['another file', (file) => writeFileSync(file, 'A text.\n'), /its first line is not/, 69],
  ['a format of the future', (file) => writeFileSync(file, 'lab cache entry 7\n...'), /has format 7/, 2],
  ['another file in it', (file) => forge(file, (head, bytes) => [head, bytes.fill(0x41, 0, 9)]), /another SHA-256/, 69],
  ['one file too few', (file) => forge(file, (head, bytes) => [head, bytes.subarray(0, -3)]), /ends within/, 69],
  [
    'one file too many',
    (file) => forge(file, (head, bytes) => [head, Buffer.concat([bytes, Buffer.from('x')])]),
    /longer than its head says/,
    69,
  ],
  ['bytes behind its end', (file) => appendFileSync(file, 'more'), /bytes behind its end/, 69],
  ['another stream behind its end', (file) => appendFileSync(file, zstdCompressSync('')), /bytes behind its end/, 69],
  ['megabytes behind its end', (file) => appendFileSync(file, Buffer.alloc(3e6, 7)), /bytes behind its end/, 69],
  ['a file twice', (file) => forge(file, (head, bytes) => [twice(head), bytes]), /a path occurs twice/, 69],
  ['other inputs', (file) => forge(file, (head, bytes) => [{ ...head, inputs: {} }, bytes]), /other fingerprint/, 69],
  [
    'another kernel under its name',
    (file) =>
      forge(file, (head, bytes) => [{ ...head, inputs: { a: 'b' }, fingerprint: fingerprintOf({ a: 'b' }) }, bytes]),
    /it holds kernel [0-9a-f]{12}/,
    69,
  ],
  ...['../../outside', '/etc/outside', 'a/../../b', '.hidden', 'a//b', 'inputs.json'].map(
    (path): [string, (file: string) => void, RegExp, number] => [
      `the path ${path}`,
      (file) => forge(file, (head, bytes) => [withFile(head, path), bytes]),
      /is not a path of an entry/,
      69,
    ],
  ),
])('%s is refused, and nothing of it is kept', async (_, damage, words, code) => {
  const dir = await pushed()
  damage(entryIn(dir))
  const { status, stderr, into } = await pull(dir)
  expect(stderr).toMatch(words)
  expect(stderr).toContain(entryIn(dir))
  expect(status).toBe(code)
  expect(stored(into)).toEqual([])
})

test('an entry that is whole and not that of lab.lock is refused', async () => {
  const dir = await pushed()
  const locked = new Rig(false)
  onTestFinished(() => locked.remove())
  locked.write('lab.yaml', LAB)
  const lock = (contents: string) =>
    locked.write(
      'lab.lock',
      JSON.stringify({
        format: 1,
        day: '2026-11-30',
        tools: {},
        kernels: {
          debian: { source: {}, fingerprint: debian.fingerprint, bzImage: sha256(FILES['bzImage']!), contents },
        },
        images: {},
      }),
    )
  const note = JSON.parse(readFileSync(entryIn(dir).replace('.entry', '.json'), 'utf8')) as { contents: string }
  const env = { LAB_CACHE_DIR: join(tempDir(), 'cache') }
  lock('0'.repeat(64))
  const refused = await locked.lab(['cache', 'pull', dir, 'debian'], env)
  expect(refused.stderr).toContain('this is not the kernel debian of lab.lock')
  expect(refused.stderr).toContain(note.contents)
  expect(refused.status).toBe(69)
  expect(stored(env.LAB_CACHE_DIR)).toEqual([])
  lock(note.contents)
  const { status, stdout } = await locked.lab(['cache', 'pull', dir, 'debian'], env)
  expect(status).toBe(0)
  expect(stdout).not.toContain('no lab.lock says')
})

test('a kernel that was built with another compiler does not fit, and the message says so', async () => {
  const other = join(tempDir(), 'cache')
  const inputs = { ...built.inputs, gcc: 'gcc 99' }
  await plant(other, { fingerprint: fingerprintOf(inputs), inputs })
  const dir = join(tempDir(), 'shared')
  const inThere = join(tempDir(), 'cache')
  await plant(inThere, built)
  expect((await rig.lab(['cache', 'push', dir, 'built'], { LAB_CACHE_DIR: inThere })).status).toBe(0)
  // As if the other host had pushed it: a note and an entry of other inputs.
  const note = JSON.parse(readFileSync(entryIn(dir, built).replace('.entry', '.json'), 'utf8')) as object
  renameSync(entryIn(dir, built), entryIn(dir, { fingerprint: fingerprintOf(inputs) }))
  writeFileSync(
    entryIn(dir, { fingerprint: fingerprintOf(inputs) }).replace('.entry', '.json'),
    JSON.stringify({ ...note, inputs }),
  )
  const { status, stderr } = await rig.lab(['cache', 'pull', dir, 'built'], { LAB_CACHE_DIR: join(tempDir(), 'c') })
  expect(status).toBe(69)
  expect(stderr).toMatch(/built with another toolchain: gcc \(gcc 99 there, .* here\)/)
})

test('a kernel that has changed in the store is not pushed', async () => {
  const own = join(tempDir(), 'cache')
  writeFileSync(join(await plant(own, debian), 'headers/include/linux/fs.h'), '')
  const dir = join(tempDir(), 'shared')
  const first = await rig.lab(['cache', 'push', dir, 'debian'], { LAB_CACHE_DIR: own })
  // The store keeps no hashes of files in subdirectories, so those travel as they are.
  expect(first.status).toBe(0)
  appendFileSync(join(own, 'store/kernel', debian.fingerprint.slice(0, 32), 'bzImage'), 'x')
  const { status, stderr } = await rig.lab(['cache', 'push', join(tempDir(), 's'), 'debian'], { LAB_CACHE_DIR: own })
  expect(status).toBe(2)
  expect(stderr).toContain('nothing of this lab is built here yet')
})
