/** A stored run of 0.1.0 whose raw files are damaged or missing: place, fact and way out. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashFile } from '../engine/fingerprint.ts'
import { which } from '../host/which.ts'
import { tempDir } from '../test/temp-dir.ts'
import { LACKING, REPLACED } from './finding.ts'
import { verifyRun } from './verify.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUN = '20261130-005616-d22232d1'
const missing = ['trace-cmd', 'bwrap'].filter((program) => which(program) === undefined)
const TOOLS = missing.length === 0 ? {} : { skip: true, meta: { reason: `${missing.join(' and ')} is not installed` } }

/** What is wrong with the run after a change; its manifest has the hash of `rehashed`, or no such file any more. */
async function wrongAfter(change: (dir: string) => void, rehashed?: string) {
  const top = tempDir()
  execFileSync('tar', ['-xzf', join(ROOT, 'tasks/test/stored/0.1.0/hello.pack'), '-C', top])
  const dir = join(top, 'results/hello', RUN)
  change(dir)
  const file = join(dir, 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { sha256: Record<string, string> }
  if (rehashed !== undefined) {
    const hash = await hashFile(join(dir, rehashed)).catch(() => undefined)
    if (hash === undefined) delete manifest.sha256[rehashed]
    else manifest.sha256[rehashed] = hash
  }
  writeFileSync(file, JSON.stringify(manifest))
  const found = await verifyRun(dir, join(top, 'results/.inputs'), ROOT, new AbortController().signal)
  return found.filter(({ ok }) => !ok)
}

test('a file that is gone, or another', async () => {
  expect(await wrongAfter((dir) => rmSync(join(dir, 'trace.dat')))).toEqual([
    { ok: false, what: 'trace.dat', fact: 'is missing', wayOut: REPLACED },
  ])
  expect(await wrongAfter((dir) => truncateSync(join(dir, 'trace.dat'), 5000))).toEqual([
    { ok: false, what: 'trace.dat', fact: 'is not what was recorded', wayOut: REPLACED },
  ])
})

test(
  'a trace that was damaged before its hash was taken: the file, the words of its reader, the way out',
  TOOLS,
  async () => {
    const [finding, ...more] = await wrongAfter((dir) => writeFileSync(join(dir, 'trace.dat'), 'junk'), 'trace.dat')
    expect(more).toEqual([])
    expect(finding).toMatchObject({ what: 'trace.dat', wayOut: expect.stringContaining('run the experiment again') })
    expect(finding?.fact).toMatch(/^cannot be computed again: .*trace-cmd.*: \S/)
  },
)

test('a file that the version which wrote the result did not record yet', TOOLS, async () => {
  const found = await wrongAfter((dir) => rmSync(join(dir, 'isolation.json')), 'isolation.json')
  expect(found).toContainEqual({
    ok: false,
    what: 'isolation.json',
    fact: 'is missing, although the lab collects it',
    wayOut: LACKING,
  })
})

test('a manifest that this version cannot read', async () => {
  const cut = (dir: string) => {
    const file = join(dir, 'manifest.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"verdict"', '"verdikt"'))
  }
  const [finding] = await wrongAfter(cut)
  expect(finding).toMatchObject({ what: 'manifest.json', wayOut: LACKING })
  expect(finding?.fact).toContain('verdict')
})
