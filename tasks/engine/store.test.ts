import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { pruneCache } from './cache-limit.ts'
import { fingerprintOf } from './fingerprint.ts'
import { diskFailure, noteDisk } from './disk.ts'
import { PARTIAL } from './process.ts'
import { Store } from './store.ts'

const systemError = (code: string) => Object.assign(new Error(`${code}: something`), { code })
const inputs = { version: '5.4' }
const id = fingerprintOf(inputs)
/** What is removed of a cache that has room for nothing but what is in use. */
const prunable = async (root: string): Promise<string[]> =>
  (await pruneCache(dirname(root), 0, () => false, { dry: true })).removed.map(({ path }) => path)
const fill = (content: string) => (dir: string) => writeFile(join(dir, 'file'), content)

describe('put', () => {
  test('an entry is visible only when it is whole', async () => {
    const store = new Store(tempDir())
    const { dir } = await store.put('kernel', id, inputs, async (partial) => {
      await writeFile(join(partial, 'file'), 'x')
      expect(await store.get('kernel', id)).toBeUndefined()
      expect(await store.newest('kernel', () => true)).toBeUndefined()
      expect(await readdir(join(store.root, 'kernel'))).toEqual([
        expect.stringMatching(`^${PARTIAL.replace('.', '\\.')}`),
      ])
    })
    expect(await store.get('kernel', id)).toEqual({ dir, inputs })
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('x')
    expect(await store.get('image', id)).toBeUndefined()
  })

  test('a failing write leaves nothing and its error passes through', async () => {
    const store = new Store(tempDir())
    const error = new Error('compiler crashed')
    const write = async (dir: string) => {
      await fill('half')(dir)
      throw error
    }
    await expect(store.put('kernel', id, inputs, write)).rejects.toBe(error)
    expect(await readdir(join(store.root, 'kernel'))).toEqual([])
    expect(await store.get('kernel', id)).toBeUndefined()
  })

  test.each([
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk is full'],
    ['EACCES', 'EACCES: something'],
  ])('%s becomes a failure with a way out', async (code, fact) => {
    const store = new Store(tempDir())
    noteDisk('cache', store.root)
    const failure = await failureOf(store.put('kernel', id, inputs, () => Promise.reject(systemError(code))))
    expect(failure).toMatchObject({ kind: 'lab', parts: { place: `cache ${store.root}`, fact } })
    expect(failure.parts.wayOut).toContain('LAB_CACHE_DIR')
    expect(await readdir(join(store.root, 'kernel'))).toEqual([])
  })

  test('of two at once, one stays, whole, and both callers can use it', async () => {
    const store = new Store(tempDir())
    const bothWrite = Promise.withResolvers<void>()
    let writing = 0
    const write = (content: string) => async (dir: string) => {
      if (++writing === 2) bothWrite.resolve()
      await bothWrite.promise
      await writeFile(join(dir, 'one'), content)
      await writeFile(join(dir, 'two'), content)
    }
    const entries = await Promise.all(['a', 'b'].map((name) => store.put('kernel', id, inputs, write(name))))
    const [dir] = entries.map((entry) => entry.dir)
    expect(entries[1]?.dir).toBe(dir)
    expect(await readFile(join(dir ?? '', 'one'), 'utf8')).toBe(await readFile(join(dir ?? '', 'two'), 'utf8'))
    expect(await readdir(join(store.root, 'kernel'))).toHaveLength(1)
  })
})

describe('get', () => {
  test.each([
    ['without its inputs', (dir: string) => rm(join(dir, 'inputs.json'))],
    ['with half an inputs file', (dir: string) => writeFile(join(dir, 'inputs.json'), '{"vers')],
    ['with a file cut short', (dir: string) => writeFile(join(dir, 'file'), 'ol')],
    ['with another file of the same size', (dir: string) => writeFile(join(dir, 'file'), 'odd')],
    ['that lost a file', (dir: string) => rm(join(dir, 'file'))],
    ['with half a list of contents', (dir: string) => writeFile(join(dir, 'contents.json'), '{"fi')],
  ])('an entry %s is reported, removed, and can be built again', async (_name, damage) => {
    const told: string[] = []
    const store = new Store(tempDir(), (what) => told.push(what))
    const { dir } = await store.put('kernel', id, inputs, fill('old'))
    await damage(dir)
    expect(await store.get('kernel', id)).toBeUndefined()
    expect(existsSync(dir)).toBe(false)
    expect(told).toEqual([`kernel/${id.slice(0, 32)}`])
    await store.put('kernel', id, inputs, fill('new'))
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('new')
  })
})

test('a file that was only touched is as good as before', async () => {
  const store = new Store(tempDir())
  const { dir } = await store.put('kernel', id, inputs, fill('old'))
  await utimes(join(dir, 'file'), 1, 1)
  expect(await store.get('kernel', id)).toEqual({ dir, inputs })
})

test('what a long command was handed, it can say it uses still', async () => {
  const mine = new Store(join(tempDir(), 'store'))
  const theirs = new Store(mine.root)
  const other = fingerprintOf({ version: '6.1' })
  const [{ dir }, unused] = [
    await mine.put('kernel', id, inputs, fill('a')),
    await theirs.put('kernel', other, {}, fill('b')),
  ]
  await theirs.get('kernel', id)
  for (const path of [dir, unused.dir]) await utimes(join(path, 'inputs.json'), 1, 1)
  await mine.renew()
  const idle = await prunable(mine.root)
  expect(idle).toEqual([unused.dir])

  await rm(dir, { recursive: true })
  await mine.renew()
  expect(existsSync(dir)).toBe(false)
})

describe('newest', () => {
  test('is the one last used of those that match; strangers do not disturb', async () => {
    const store = new Store(tempDir())
    const put = async (name: string, time: number) => {
      const { dir } = await store.put('kernel', fingerprintOf({ name }), { name, of: 'v5.4' }, fill(name))
      await utimes(join(dir, 'inputs.json'), time, time)
    }
    await put('old', 1000)
    await put('new', 3000)
    await put('middle', 2000)
    await mkdir(join(store.root, 'kernel/stranger'))
    await writeFile(join(store.root, 'kernel/file'), '')
    expect((await store.newest('kernel', () => true))?.inputs).toEqual({ name: 'new', of: 'v5.4' })
    expect((await store.newest('kernel', ({ name }) => name !== 'new'))?.inputs['name']).toBe('middle')
    expect(await store.newest('kernel', () => false)).toBeUndefined()
    expect(await store.newest('nothing', () => true)).toBeUndefined()
    await store.get('kernel', fingerprintOf({ name: 'old' }))
    expect((await store.newest('kernel', () => true))?.inputs['name']).toBe('old')
  })
})

test('diskFailure leaves other errors as they are', () => {
  const error = systemError('ENOENT')
  expect(diskFailure(error, 'here')).toBe(error)
  expect(diskFailure('text', 'here')).toBe('text')
})
