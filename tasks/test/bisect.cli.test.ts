/**
 * `lab bisect` as a user calls it, on a tree that no kernel can be built from: what it refuses, and that it leaves
 * nothing behind. How it searches is in run/bisect/bisect.test.ts.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Rig } from './rig.ts'

const lab = new Rig()
const cache = join(lab.dir, 'cache')
const tree = join(lab.dir, 'linux')
const git = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=n', '-c', 'user.email=e@example.org', '-C', tree, ...words], {
    encoding: 'utf8',
  })

beforeAll(() => {
  mkdirSync(tree)
  git('init', '--quiet')
  for (const name of ['one', 'two', 'three']) {
    writeFileSync(join(tree, 'Makefile'), `# ${name}\n`)
    git('add', '.')
    git('commit', '--quiet', '-m', name)
  }
})
afterAll(() => lab.remove())

const bisect = (...words: string[]) => lab.lab(['bisect', ...words], { LAB_CACHE_DIR: cache })

test.each([
  [['readiter', 'HEAD~2', 'HEAD'], 'which tree is bisected?'],
  [['readiter', 'HEAD~2', 'HEAD', '--source', '.'], 'is not in a git repository'],
  [['readiter', 'HEAD~5', 'HEAD', '--source', 'linux'], 'HEAD~5: no commit of'],
  [['readiter', 'HEAD~2', 'HEAD', '--source', 'linux', '--metric', 'ns'], 'has no metric of this name'],
  [['cost', 'HEAD~2', 'HEAD', '--source', 'linux', '--metric', 'read_ns'], 'arms, and a number'],
  [['readiter', 'HEAD~2', 'HEAD', '--source', 'linux'], 'this end cannot be tested'],
  [['readiter', 'HEAD~2', 'HEAD', '--source', 'linux', '--kernel', 'debian-12'], '`lab bisect` needs a kernel that is'],
])('%j is refused', async (words, fact) => {
  const before = git('status', '--porcelain', '--branch') + git('for-each-ref')
  const { status, stderr } = await bisect(...words)
  expect(stderr).toContain(fact)
  expect(status, stderr).toBe(2)
  expect(git('status', '--porcelain', '--branch') + git('for-each-ref')).toBe(before)
  const places = join(cache, 'bisect')
  expect(existsSync(places) ? readdirSync(places) : []).toEqual([])
})
