import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { gitCommit, gitExport } from './git.ts'
import { run } from './sh.ts'

async function repository(): Promise<string> {
  const dir = join(tempDir(), 'linux')
  mkdirSync(dir)
  writeFileSync(join(dir, 'Makefile'), 'VERSION = 5\n')
  const git = (...words: string[]) =>
    run(['git', '-c', 'user.name=n', '-c', 'user.email=e@example.org', '-C', dir, ...words])
  await git('init', '--quiet')
  await git('add', '.')
  await git('commit', '--quiet', '-m', 'one')
  await git('tag', 'v5.4')
  return dir
}

test('a ref is fetched, named by its commit, and written as a tree', async () => {
  const url = await repository()
  const context = testContext(tempDir())
  const commit = await gitCommit(url, 'v5.4', context, 'kernel k')
  expect(commit).toMatch(/^[0-9a-f]{40}$/)
  const to = tempDir()
  await gitExport(url, commit, to, context, 'kernel k')
  expect(await readFile(join(to, 'Makefile'), 'utf8')).toBe('VERSION = 5\n')
})

test('a ref that is not there is the user’s mistake; only a repository that is not there lets a fallback be taken', async () => {
  const context = testContext(tempDir())
  const noRef = await failureOf(gitCommit(await repository(), 'v5.5', context, 'kernel k'))
  expect([noRef.kind, noRef.parts.fact]).toEqual(['user', expect.stringMatching(/has no ref v5\.5$/)])
  const nowhere = await failureOf(gitCommit(join(tempDir(), 'nothing'), 'v5.4', context, 'kernel k'))
  expect(nowhere.reason).toBe('unavailable')
})
