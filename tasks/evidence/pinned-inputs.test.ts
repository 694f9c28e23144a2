import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { directoryWith } from '../config/lab.fixture.ts'
import { hashText } from '../engine/fingerprint.ts'
import type { StoredRun } from '../results/manifest.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import { pinnedInputs, seedCache } from './pinned-inputs.ts'

const CONTENT = 'a package'
const SHA256 = hashText(CONTENT)

/** The inputs of an unpacked pack, and an empty cache. */
function unpacked(files: Readonly<Record<string, string>>) {
  const [from, cache] = [tempDir(), tempDir()]
  for (const [name, content] of Object.entries(files)) writeFileSync(join(from, name), content)
  return { from, cache }
}

test('files of a pack come to where the cache has them', async () => {
  const { from, cache } = unpacked({ [`${SHA256}-strace.deb`]: CONTENT })
  await seedCache(from, cache)
  expect(readFileSync(join(cache, 'sources', `${SHA256.slice(0, 16)}-strace.deb`), 'utf8')).toBe(CONTENT)
})

test('a pack without files seeds nothing', async () => {
  const cache = tempDir()
  await seedCache(join(cache, 'none'), cache)
  expect(readdirSync(join(cache, 'sources'))).toEqual([])
})

test.each([
  ['of other contents', `${'0'.repeat(64)}-strace.deb`],
  ['without a hash', 'strace.deb'],
  ['whose name leads elsewhere', `${SHA256}-.ssh`],
])('a file %s is refused', async (_name, name) => {
  const { from, cache } = unpacked({ [name]: CONTENT })
  const { kind, parts } = await failureOf(seedCache(from, cache))
  expect([kind, parts.place]).toEqual(['user', name])
  expect(parts.fact).toBe('this file of the pack is not what its name says')
  expect(readdirSync(join(cache, 'sources'))).toEqual([])
})

/** Of this tool, with an empty cache. */
const contextOf = () => ({ ...testContext(tempDir()), toolRoot: join(import.meta.dirname, '../..') })

/** A result of a lab with this source of its kernel, and what its image was made of. */
function resultOf(source: string, packages: string, arm: object = {}) {
  const results = directoryWith({
    '.inputs/lab-1/lab.yaml': [
      'lab: x',
      'kernels: {',
      `  k: { source: { ${source} }, config: [lab:base] },`,
      `  t: { source: { package: linux-source-8.8, suite: x, version: 8.8-1, sha256: ${OTHER} }, config: [lab:base] } }`,
      'images: { i: { recipe: lab:minimal } }',
      'vms: { v: { kernel: k, image: i } }',
      'probes: { p: { source: lab:corefile }, q: { source: lab:corefile, types: t } }',
      'experiments: { e: { vm: v, probes: [p], matrix: { probe: [p, q] }, workload: { run: "true" } } }',
      '',
    ].join('\n'),
    '.inputs/image-1/packages.txt': packages,
    '.inputs/image-1/inputs.json': '{"suite": "trixie"}',
  })
  const manifest = {
    experiment: 'e',
    arm: { name: '', params: {}, ...arm },
    kernel: { name: 'k' },
    image: { name: 'i' },
    inputs: { lab: 'lab-1', image: 'image-1' },
  }
  return { results, runs: [{ dir: '', run: 'r', manifest } as unknown as StoredRun] }
}

const PACKAGES = `strace 6.13-1 amd64 ${SHA256} pool/main/s/strace/strace_6.13-1_amd64.deb\n`
const HASH = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

test('a built kernel brings its source along, and the image its packages', async () => {
  const { results, runs } = resultOf(`package: linux-source-9.9, suite: x, version: 9.9-1, sha256: ${HASH}`, PACKAGES)
  const context = contextOf()
  mkdirSync(join(context.cache, 'sources'), { recursive: true })
  const files = [`${HASH.slice(0, 16)}-linux-source-9.9.deb`, `${SHA256.slice(0, 16)}-strace.deb`]
  for (const name of files) writeFileSync(join(context.cache, 'sources', name), '')
  const pinned = await pinnedInputs(runs, results, context)
  expect([...pinned.keys()]).toEqual([`inputs/${HASH}-linux-source-9.9.deb`, `inputs/${SHA256}-strace.deb`])
  expect([...pinned.values()]).toEqual(files.map((name) => join(context.cache, 'sources', name)))
})

test('the probes of an arm bring the kernel along whose types they are compiled with', async () => {
  const source = `package: linux-source-9.9, suite: x, version: 9.9-1, sha256: ${HASH}`
  const { results, runs } = resultOf(source, PACKAGES, { probes: ['q'] })
  const context = contextOf()
  mkdirSync(join(context.cache, 'sources'), { recursive: true })
  const files = [
    `${HASH.slice(0, 16)}-linux-source-9.9.deb`,
    `${OTHER.slice(0, 16)}-linux-source-8.8.deb`,
    `${SHA256.slice(0, 16)}-strace.deb`,
  ]
  for (const name of files) writeFileSync(join(context.cache, 'sources', name), '')
  const pinned = await pinnedInputs(runs, results, context)
  expect([...pinned.keys()]).toContain(`inputs/${OTHER}-linux-source-8.8.deb`)
})

test.each([
  ['a kernel from a tree', 'tree: /linux', PACKAGES, 'it comes from a tree on this host'],
  ['a kernel from git', 'git: "https://example.org/linux.git", ref: v6.1', PACKAGES, 'it comes from a git repository'],
  [
    'an image of an earlier version',
    `package: linux-source-9.9, suite: x, version: 9.9-1, sha256: ${HASH}`,
    `strace 6.13-1 amd64 ${SHA256}\n`,
    'it was not recorded where the packages of its image i came from',
  ],
])('%s cannot be brought along: the user is told what to do', async (_name, source, packages, fact) => {
  const { results, runs } = resultOf(source, packages)
  const { kind, parts } = await failureOf(pinnedInputs(runs, results, contextOf()))
  expect(kind).toBe('user')
  expect([parts.fact, ...(parts.lines ?? [])].join('\n')).toContain(fact)
  expect(parts.wayOut).toBeTruthy()
})
