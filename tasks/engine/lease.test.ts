import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { pruneCache } from './cache-limit.ts'
import { fingerprintOf } from './fingerprint.ts'
import { Leases, withdraw } from './lease.ts'
import { PARTIAL, processTag } from './process.ts'
import { Store } from './store.ts'

/** A process that cannot be: pids end below it (PID_MAX_LIMIT). */
const GONE = processTag().replace(/^\d+/, '4194305')
const DAY = 24 * 3600 * 1000

/** A cache with one entry of the store, used long ago. */
async function cacheWithEntry() {
  const cache = tempDir()
  const root = join(cache, 'store')
  const fingerprint = fingerprintOf({ of: 'a test' })
  const { dir } = await new Store(root).put('kernel', fingerprint, {}, (to) => {
    writeFileSync(join(to, 'data'), 'x'.repeat(5000))
    return Promise.resolve()
  })
  // The one who made it has ended.
  for (const name of readdirSync(join(root, '.in-use'))) writeFileSync(join(root, '.in-use', name), '')
  const name = `kernel/${fingerprint.slice(0, 32)}`
  const mark = join(root, '.in-use', `${name.replace('/', '-')}.withdrawn`)
  const old = (Date.now() - DAY) / 1000
  utimesSync(join(dir, 'inputs.json'), old, old)
  return { cache, root, dir, name, mark, get: () => new Store(root).get('kernel', fingerprint) }
}

const nobody = () => false

describe('pruning and a process that uses an entry', () => {
  test('an entry that nobody uses goes', async () => {
    const { cache, dir } = await cacheWithEntry()
    expect((await pruneCache(cache, 0, nobody)).removed.map(({ path }) => path)).toEqual([dir])
    expect(existsSync(dir)).toBe(false)
  })

  test('what a living process was given stays, however long ago that was', async () => {
    const { cache, dir, get } = await cacheWithEntry()
    await get()
    const { removed, bytes } = await pruneCache(cache, 0, nobody, { now: Date.now() + 2 * DAY })
    expect(removed).toEqual([])
    expect(bytes).toBeGreaterThan(0)
    expect(readFileSync(join(dir, 'data'), 'utf8')).toHaveLength(5000)
  })

  test('a process that asks after the list was made, and before the removal, keeps it', async () => {
    const { cache, dir, get } = await cacheWithEntry()
    let asked: ReturnType<typeof get> | undefined
    // Called for each piece once the list is there: a lease is taken before `get` first waits.
    const { removed } = await pruneCache(cache, 0, () => {
      asked ??= get()
      return false
    })
    expect(removed).toEqual([])
    expect(await asked).toMatchObject({ dir })
    expect(existsSync(join(dir, 'data'))).toBe(true)
  })

  test('a process that asks while it is being removed waits, and is told that it is gone', async () => {
    const { root, dir, mark, get } = await cacheWithEntry()
    writeFileSync(mark, `${processTag()}-`)
    let answer: unknown = 'waits'
    const asked = get().then((entry) => (answer = entry))
    // Longer than it takes to read an entry: without the wait it would have it by now.
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(answer).toBe('waits')
    rmSync(dir, { recursive: true })
    rmSync(mark)
    expect(await asked).toBeUndefined()
    expect(await withdraw(root, dir)).toBe(false)
  })

  test('a removal whose process is gone holds nobody up, and is taken over', async () => {
    const { root, dir, mark, get } = await cacheWithEntry()
    writeFileSync(mark, `${GONE}-`)
    expect(await withdraw(root, dir)).toBe(true)
    expect(existsSync(mark)).toBe(false)
    writeFileSync(mark, `${GONE}-`)
    expect(await get()).toBeUndefined()
  })

  test('leases of a process that is gone count no more, and are removed', async () => {
    const { root, dir, name } = await cacheWithEntry()
    const file = join(root, '.in-use', `${GONE}-ab.leases`)
    writeFileSync(file, `${name}\n`)
    expect(await withdraw(root, dir)).toBe(true)
    expect(existsSync(file)).toBe(false)
  })

  test('leases of another pid namespace count for a day', async () => {
    const { root, dir, name } = await cacheWithEntry()
    const file = join(root, '.in-use', '1n1-ab.leases')
    writeFileSync(file, `${name}\n`)
    expect(await withdraw(root, dir)).toBe(false)
    const old = (Date.now() - 2 * DAY) / 1000
    utimesSync(file, old, old)
    expect(await withdraw(root, dir)).toBe(true)
  })

  test('what is found as the newest of its kind is used as well', async () => {
    const { root, dir } = await cacheWithEntry()
    expect(await new Store(root).newest('kernel', () => true)).toMatchObject({ dir })
    expect(await withdraw(root, dir)).toBe(false)
  })

  test('nothing of it counts as an entry', async () => {
    const { cache, root, get } = await cacheWithEntry()
    await get()
    mkdirSync(join(root, 'kernel', `${PARTIAL}1-ab`))
    expect(readdirSync(join(root, '.in-use')).length).toBeGreaterThan(0)
    expect((await pruneCache(cache, 0, () => true)).bytes).toBeLessThan(100_000)
  })

  test('many leases of one entry are one line', async () => {
    const { root, dir, name } = await cacheWithEntry()
    const leases = new Leases(root)
    for (let count = 0; count < 3; count++) await leases.take(dir)
    const texts = readdirSync(join(root, '.in-use')).map((file) => readFileSync(join(root, '.in-use', file), 'utf8'))
    expect(texts.filter((text) => text !== '')).toEqual([`${name}\n`])
  })
})
