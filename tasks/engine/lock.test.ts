import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { isLocked, lock, lockNow } from './lock.ts'
import { thisProcess } from './process.ts'

const never = new AbortController().signal
const silent = () => undefined
const ANOTHER_HOST = { bootId: 'another', host: 'n2', machine: '' }

test('the second holder waits for the first and is told so once', async () => {
  const path = join(tempDir(), 'deep/er/tree')
  const order: string[] = []
  const first = await lock(path, never, silent)
  expect(await isLocked(path)).toBe(true)
  const second = lock(path, never, () => order.push('waits')).then(async (held) => {
    order.push('second')
    await held.release()
  })
  await expect.poll(() => order).toEqual(['waits'])
  order.push('first ends')
  await first.release()
  await second
  expect(order).toEqual(['waits', 'first ends', 'second'])
  expect(await isLocked(path)).toBe(false)
})

test('a lock ends with its block and may be released twice', async () => {
  const dir = tempDir()
  {
    await using held = await lock(join(dir, 'a'), never, silent)
    await held.release()
  }
  expect(await readdir(dir)).toEqual([])
})

test('two paths do not wait for each other', async () => {
  const dir = tempDir()
  let waited = false
  await using _one = await lock(join(dir, 'a'), never, silent)
  await using _two = await lock(join(dir, 'b'), never, () => (waited = true))
  expect(waited).toBe(false)
})

test('the lock of an owner that was killed falls to the next one', async () => {
  const path = join(tempDir(), 'a')
  await mkdir(`${path}.lock`)
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(`${path}.lock`, longAgo, longAgo)
  expect(await isLocked(path)).toBe(false)
  await using _held = await lock(path, never, () => expect.unreachable('a stale lock is nobody’s'))
  expect(await isLocked(path)).toBe(true)
})

test('an owner that lives keeps its lock, even if it was stopped for long', async () => {
  const path = join(tempDir(), 'a')
  await using held = await lock(path, never, silent)
  const longAgo = new Date(Date.now() - 3_600_000)
  await utimes(`${path}.lock`, longAgo, longAgo)
  expect(await isLocked(path)).toBe(true)
  const control = new AbortController()
  const failure = await failureOf(lock(path, control.signal, () => setTimeout(() => control.abort(), 500)))
  expect(failure.kind).toBe('interrupted')
  await held.release()
  expect(await isLocked(path)).toBe(false)
})

test('the lock of a process that is known to be gone falls to the next one early', async () => {
  const path = join(tempDir(), 'a')
  await mkdir(`${path}.lock`)
  const sixSecondsAgo = new Date(Date.now() - 6000)
  await utimes(`${path}.lock`, sixSecondsAgo, sixSecondsAgo)
  // Nobody's start time: the pid was given out again.
  const gone = { ...thisProcess(), startTime: '1', pidNamespace: readlinkSync('/proc/self/ns/pid') }
  // Of a container or another host: whether it lives cannot be seen, so that only its silence counts.
  for (const elsewhere of [{ pidNamespace: 'pid:[1]' }, ANOTHER_HOST]) {
    await writeFile(`${path}.owner`, JSON.stringify({ ...gone, ...elsewhere }))
    expect(await isLocked(path)).toBe(true)
  }
  await writeFile(`${path}.owner`, JSON.stringify(gone))
  expect(await isLocked(path)).toBe(false)
  await using _held = await lock(path, never, () => expect.unreachable('its owner is gone'))
  expect(await isLocked(path)).toBe(true)
})

test('a lock of another host goes by its sign of life, whatever the clocks say', async () => {
  const path = join(tempDir(), 'a')
  await mkdir(`${path}.lock`)
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)
  // The owner's clock is five minutes behind: its lock looks old, and it is at work.
  await utimes(`${path}.lock`, minutesAgo(5), minutesAgo(5))
  await writeFile(`${path}.owner`, JSON.stringify({ ...thisProcess(), ...ANOTHER_HOST }))
  expect([await isLocked(path), await lockNow(path)]).toEqual([true, undefined])
  await utimes(`${path}.owner`, minutesAgo(5), minutesAgo(5))
  expect(await isLocked(path)).toBe(false)
  await using held = await lockNow(path)
  expect(held).toBeDefined()
})

test('an abort ends the waiting as an interruption and leaves the lock to its owner', async () => {
  const path = join(tempDir(), 'a')
  const control = new AbortController()
  await using _held = await lock(path, never, silent)
  const failure = await failureOf(lock(path, control.signal, () => control.abort()))
  expect(failure.kind).toBe('interrupted')
  expect(existsSync(`${path}.lock`)).toBe(true)
})

test('a command that is ended while it takes a lock leaves none behind', () => {
  const dir = tempDir()
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  // Ended after so many turns of its loop: before, while and after the lock is made.
  const script = `
    const [{ lock }, { undoAll }] = await Promise.all([import(${url('./lock.ts')}), import(${url('./interruption.ts')})])
    const [, path, turns] = process.argv
    void lock(path, new AbortController().signal, () => {}).catch(() => {})
    for (let turn = 0; turn < Number(turns); turn++) await new Promise((resolve) => setImmediate(resolve))
    undoAll()
    process.exit()`
  for (let turns = 0; turns < 12; turns++) {
    const argv = ['--input-type=module', '-e', script, join(dir, String(turns)), String(turns)]
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
  }
  expect(readdirSync(dir)).toEqual([])
})
