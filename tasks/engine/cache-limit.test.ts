import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { cacheLimit, leastRecentlyUsed, piecesOf, pruneCache } from './cache-limit.ts'
import { lock } from './lock.ts'

const HOUR = 3600 * 1000
const MB = 2 ** 20

describe('LAB_CACHE_LIMIT', () => {
  test.each([
    ['500M', 500 * MB],
    ['20G', 20 * 2 ** 30],
    ['1T', 2 ** 40],
    ['', 30 * 2 ** 30],
    [undefined, 30 * 2 ** 30],
  ])('%j is %i bytes', (text, bytes) => {
    expect(cacheLimit({ LAB_CACHE_LIMIT: text })).toBe(bytes)
  })

  test.each(['0G', '10', '-1G', '1.5G', '10 GB', 'much'])('%j is refused', async (text) => {
    const { kind, parts } = await failureOf((async () => cacheLimit({ LAB_CACHE_LIMIT: text }))())
    expect(kind).toBe('user')
    expect(parts).toMatchObject({ place: 'LAB_CACHE_LIMIT', fact: `"${text}" is not a size` })
  })
})

describe('what goes', () => {
  const pieces = [
    { path: 'new', bytes: 10, used: 3 },
    { path: 'old', bytes: 10, used: 1 },
    { path: 'middle', bytes: 10, used: 2 },
  ]
  const gone = (limit: number, kept: string[] = []) =>
    leastRecentlyUsed(pieces, limit, ({ path }) => kept.includes(path)).map(({ path }) => path)

  test.each([
    [30, [], []],
    [29, [], ['old']],
    [10, [], ['old', 'middle']],
    [10, ['old'], ['middle', 'new']],
    [0, ['new', 'old', 'middle'], []],
  ])('limit %i, kept %j: %j', (limit, kept, expected) => {
    expect(gone(limit, kept)).toEqual(expected)
  })
})

/** A cache of two store entries and a build tree, 1 MB each, used two, three and four hours ago. */
function cacheWith() {
  const cache = tempDir()
  const now = Date.now()
  const make = (path: string, mark: string, hours: number) => {
    mkdirSync(join(cache, path, 'sub'), { recursive: true })
    writeFileSync(join(cache, path, 'sub/data'), Buffer.alloc(MB, 1))
    writeFileSync(join(cache, path, mark), '{}')
    const used = (now - hours * HOUR) / 1000
    utimesSync(join(cache, path, mark), used, used)
    return join(cache, path)
  }
  return {
    cache,
    now,
    kernel: make('store/kernel/aaaa', 'inputs.json', 2),
    probe: make('store/probe/bbbb', 'inputs.json', 4),
    tree: make('build/cccc-gcc12', 'build.log', 3),
  }
}

describe('pruning', () => {
  test('removes the least recently used until the rest fits, and leaves nothing half', async () => {
    const { cache, kernel, probe, tree } = cacheWith()
    const { removed, bytes } = await pruneCache(cache, 2.5 * MB, () => false)
    expect(removed.map(({ path }) => path)).toEqual([probe])
    expect(bytes).toBeLessThan(2.5 * MB)
    expect([kernel, probe, tree].map((path) => existsSync(path))).toEqual([true, false, true])
    expect(readdirSync(join(cache, 'store/probe'))).toEqual([])
  })

  test('goes on until it fits', async () => {
    const { cache, kernel, probe, tree } = cacheWith()
    const { removed } = await pruneCache(cache, 1.5 * MB, () => false)
    expect(removed.map(({ path }) => path)).toEqual([probe, tree])
    expect(existsSync(kernel)).toBe(true)
  })

  test('removes nothing that fits', async () => {
    const { cache } = cacheWith()
    expect((await pruneCache(cache, 10 * MB, () => false)).removed).toEqual([])
  })

  test('keeps what a VM uses, what is being built, and what was used in the last hour', async () => {
    const { cache, kernel, probe, tree, now } = cacheWith()
    await using _lock = await lock(join(tree, 'lock'), new AbortController().signal, () => undefined)
    const { removed } = await pruneCache(cache, 0, (path) => path === probe)
    expect(removed.map(({ path }) => path)).toEqual([kernel])
    const again = cacheWith()
    const at = now - 2.5 * HOUR
    expect((await pruneCache(again.cache, 0, () => false, { now: at })).removed.map(({ path }) => path)).toEqual([
      again.probe,
    ])
  })

  test('a dry run says the same and removes nothing', async () => {
    const { cache, probe } = cacheWith()
    expect((await pruneCache(cache, 2.5 * MB, () => false, { dry: true })).removed).toHaveLength(1)
    expect(existsSync(probe)).toBe(true)
  })

  test('unfinished entries are no pieces: they are for somebody else', async () => {
    const { cache } = cacheWith()
    mkdirSync(join(cache, 'store/kernel/.partial-1-ab'))
    expect(await piecesOf(cache)).toHaveLength(3)
  })
})
