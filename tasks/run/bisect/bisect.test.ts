import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BisectTree, outcomeIn } from '../../host/git-bisect.ts'
import { run } from '../../host/sh.ts'
import { identify } from '../../build/kernel/source.ts'
import { testContext } from '../../test/context.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { bisect, type Known } from './bisect.ts'
import type { Judgement } from './judge.ts'

const SIGNAL = new AbortController().signal

/**
 * A repository whose file `value` counts from 0 in as many commits; a hook that must not run; a change not committed.
 */
async function repository(commits: number): Promise<{ source: string; ids: string[]; state: () => Promise<string> }> {
  const source = tempDir()
  const git = async (...words: string[]) =>
    (await run(['git', '-c', 'user.name=n', '-c', 'user.email=e@example.org', '-C', source, ...words])).stdout.trim()
  await git('init', '--quiet')
  writeFileSync(join(source, '.git', 'hooks', 'post-checkout'), '#!/bin/sh\ntouch "$0.ran"\n', { mode: 0o755 })
  const ids: string[] = []
  for (let value = 0; value < commits; value++) {
    writeFileSync(join(source, 'value'), `${value}\n`)
    await git('add', 'value')
    await git('commit', '--quiet', '-m', `value ${value}`)
    ids.push(await git('rev-parse', 'HEAD'))
  }
  writeFileSync(join(source, 'value'), 'being edited\n')
  const state = async () =>
    [
      await git('status', '--porcelain', '--branch'),
      await git('for-each-ref'),
      await git('worktree', 'list'),
      readdirSync(join(source, '.git')).toSorted().join(' '),
      readFileSync(join(source, 'value'), 'utf8'),
    ].join('\n')
  return { source, ids, state }
}

const openTree = (source: string) => BisectTree.open(source, join(tempDir(), 'tree'), SIGNAL)

/** Looks at the file that is checked out, as a build would. */
const byValue = (tree: BisectTree, judge: (value: number) => Judgement['mark']) => (): Promise<Judgement> => {
  const value = Number(readFileSync(join(tree.dir, 'value'), 'utf8'))
  return Promise.resolve({ mark: judge(value), why: `value ${value}` })
}

const nothing = (): void => undefined

describe('in a repository', () => {
  test('finds the first bad commit; the repository and its checkout stay as they were', async () => {
    const { source, ids, state } = await repository(17)
    const before = await state()
    const known: Known[] = []
    await using tree = await openTree(source)
    const [good, bad] = [await tree.commit('HEAD~16'), await tree.commit('HEAD')]
    const test = byValue(tree, (value) => (value < 11 ? 'good' : 'bad'))
    const found = await bisect({ tree, good: good.id, bad: bad.id, test, note: (_, at) => known.push(at) })
    expect(found.first).toEqual([ids[11]])
    expect(found.known).toEqual({ good: ids[10], bad: ids[11] })
    expect(found.looked.length).toBeLessThanOrEqual(5)
    expect(found.looked.map(({ subject, why }) => subject === why)).not.toContain(false)
    expect(known.at(-1)).toEqual(found.known)
    expect(await tree.describe(ids[11] ?? '')).toContain('value 11')
    expect(await state()).toBe(before)
    expect(existsSync(join(source, '.git', 'hooks', 'post-checkout.ran'))).toBe(false)
  })

  test('a kernel of the same commit is the same in each bisection, and of another one it is another', async () => {
    const { source, ids } = await repository(2)
    const identities: string[] = []
    for (const id of [ids[0], ids[1], ids[0]]) {
      await using tree = await openTree(source)
      await tree.checkout(id ?? '')
      for (const name of ['Makefile', 'Kconfig']) writeFileSync(join(tree.dir, name), '')
      const found = await identify({ tree: tree.dir }, testContext(tempDir()), 'kernel k')
      expect(found.title).toBe(`${id?.slice(0, 12)} of ${source}`)
      identities.push(found.id)
    }
    expect(identities[2]).toBe(identities[0])
    expect(identities[1]).not.toBe(identities[0])
  })

  test('leaves nothing behind, whatever happens on the way', async () => {
    const { source, ids, state } = await repository(9)
    const before = await state()
    let dir = ''
    const stopped = async () => {
      await using tree = await openTree(source)
      dir = tree.dir
      const test = () => Promise.reject(new Error('stopped'))
      await bisect({ tree, good: ids[0] ?? '', bad: ids[8] ?? '', test, note: nothing })
    }
    await expect(stopped()).rejects.toThrow('stopped')
    expect(existsSync(dir)).toBe(false)
    expect(await state()).toBe(before)
  })

  test('what cannot be tested is gone round; where nothing else is left, the commits that it may be are named', async () => {
    const { source, ids } = await repository(9)
    await using tree = await openTree(source)
    const ends = { good: ids[0] ?? '', bad: ids[8] ?? '' }
    const aside = byValue(tree, (value) => (value === 4 ? 'skip' : value < 6 ? 'good' : 'bad'))
    expect((await bisect({ tree, ...ends, test: aside, note: nothing })).first).toEqual([ids[6]])
    const dark = byValue(tree, (value) => (value === 4 || value === 5 ? 'skip' : value < 4 ? 'good' : 'bad'))
    const { first } = await bisect({ tree, ...ends, test: dark, note: nothing })
    expect(new Set(first)).toEqual(new Set(ids.slice(4, 7)))
  })

  test('a shallow clone ends where it ends', async () => {
    const { source, ids } = await repository(9)
    const clone = join(tempDir(), 'clone')
    await run(['git', 'clone', '--quiet', '--depth=4', `file://${source}`, clone])
    await using tree = await openTree(clone)
    const test = byValue(tree, (value) => (value < 7 ? 'good' : 'bad'))
    expect((await bisect({ tree, good: ids[5] ?? '', bad: ids[8] ?? '', test, note: nothing })).first).toEqual([ids[7]])
    expect((await failureOf(tree.commit('HEAD~6'))).parts.wayOut).toContain('shallow')
  })

  test('wrong input is reported as that: no repository, no such commit, no history between the two', async () => {
    expect((await failureOf(openTree(tempDir()))).kind).toBe('user')
    const { source, ids } = await repository(3)
    await using tree = await openTree(source)
    expect(await failureOf(tree.commit('nowhere'))).toMatchObject({ kind: 'user', parts: { place: 'nowhere' } })
    expect((await failureOf(tree.commit('--all'))).kind).toBe('user')
    const backwards = bisect({
      tree,
      good: ids[2] ?? '',
      bad: ids[0] ?? '',
      test: () => Promise.reject(new Error('x')),
      note: nothing,
    })
    expect((await failureOf(backwards)).kind).toBe('user')
  })
})

test('a log that decides nothing has no outcome', () => {
  expect(outcomeIn(`# bad: [${'a'.repeat(40)}] x\n# good: [${'b'.repeat(40)}] first bad commit: [y]\n`)).toBeUndefined()
})
