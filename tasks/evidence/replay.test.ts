/**
 * A stored run of 0.1.0, looked at again as it is and after something of it was changed: each change is found, and
 * named.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { which } from '../host/which.ts'
import type { Manifest } from '../results/manifest.ts'
import { checkedRun } from '../results/checked-run.ts'
import { storedRun } from '../results/stored-manifest.ts'
import { readRaw } from './look-again.ts'
import { replay, type Raw } from './replay.ts'

const ROOT = join(import.meta.dirname, '../..')
const RUN = '20261130-005616-d22232d1'
const missing = ['trace-cmd', 'bwrap'].filter((program) => which(program) === undefined)
const TOOLS = missing.length === 0 ? {} : { skip: true, meta: { reason: `${missing.join(' and ')} is not installed` } }

describe('a run', TOOLS, () => {
  const dir = mkdtempSync(join(tmpdir(), 'lab-replay-'))
  let raw: Raw
  beforeAll(async () => {
    execFileSync('tar', ['-xzf', join(ROOT, 'tasks/test/stored/0.1.0/hello.pack'), '-C', dir])
    const found = checkedRun(await storedRun(join(dir, 'results/hello', RUN), RUN))
    const kept = { ...found, inputs: join(dir, 'results/.inputs'), toolRoot: ROOT }
    raw = await readRaw(kept, new AbortController().signal)
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  const wrongOf = (changed: Partial<Raw>) =>
    replay({ ...raw, ...changed }).findings.flatMap(({ ok, what }) => (ok ? [] : [what]))
  const withManifest = (change: (manifest: Manifest) => Partial<Manifest>) => ({
    manifest: { ...raw.manifest, ...change(raw.manifest) },
  })
  const withText = (name: string, change: (text: string) => string) => ({
    texts: { ...raw.texts, [name]: change(raw.texts[name] ?? '') },
  })

  test('as it was recorded: everything follows from the raw files', () => {
    expect(wrongOf({})).toEqual([])
    expect(replay(raw).messages).not.toEqual([])
  })

  test.each<[string, string, () => Partial<Raw>]>([
    [
      'the number of events',
      'trace',
      () => withManifest(({ trace }) => ({ trace: { ...trace, events: trace.events + 1 } })),
    ],
    [
      'the digest of the events',
      'digest of the events',
      () => withManifest(({ trace }) => ({ trace: { ...trace, digest: '0'.repeat(64) } })),
    ],
    ['the clock', 'clock and buffers', () => withManifest(({ trace }) => ({ trace: { ...trace, clock: 'x86-tsc' } }))],
    ['the exit status', 'workload', () => withManifest(({ workload }) => ({ workload: { ...workload, status: 3 } }))],
    ['the command', 'command', () => withManifest(({ workload }) => ({ workload: { ...workload, argv: ['true'] } }))],
    ['the start', 'start', () => withManifest(() => ({ started: '2026-01-01T00:00:00.000Z' }))],
    ['the lab file', 'lab file', () => withManifest(({ lab }) => ({ lab: { ...lab, text: `${lab.text}#` } }))],
    ['the release of the kernel', 'kernel release', () => ({ built: { ...raw.built, release: '6.6.6' } })],
    ['the table of events', 'events.parquet', () => ({ tableDigest: '0'.repeat(64) })],
    [
      'a file that is not there',
      'holder.ndjson',
      () =>
        withManifest(({ sha256 }) => ({
          sha256: Object.fromEntries(Object.entries(sha256).filter(([name]) => name !== 'holder.ndjson')),
        })),
    ],
  ])('%s that was changed is found', (_, what, change) => {
    expect(wrongOf(change())).toContain(what)
  })

  const forged = () => ({
    verdict: withManifest(() => ({ verdict: 'failed' as const })),
    expectations: withManifest(() => ({ expectations: [] })),
    'sequence.txt': withText('sequence.txt', (text) => `${text}more\n`),
  })

  test('a judgement is made again although the lab keeps no maps: nothing of it rests on them', () => {
    for (const [what, change] of Object.entries(forged())) expect(wrongOf(change)).toContain(what)
  })

  test('a judgement that the lab keeps too little to make again is left open, and the reason is given', () => {
    const text = readFileSync(raw.labFile, 'utf8')
    const [line] = /^ *collect: .*$/m.exec(text) ?? []
    const labFile = join(dir, 'results/.inputs/less.yaml')
    writeFileSync(
      labFile,
      text.replace(line ?? '    expect:', (all) =>
        line ? '    collect: [trace, dmesg]' : `    collect: [trace, dmesg]\n${all}`,
      ),
    )
    const { verdict, expectations, 'sequence.txt': sequence } = forged()
    for (const [what, change] of Object.entries({ verdict, expectations })) {
      const finding = replay({ ...raw, ...change, labFile }).findings.find((found) => found.what === what)
      expect(finding).toMatchObject({ ok: true, open: true, fact: expect.stringContaining('keeps no stdout') })
    }
    // The order of messages needs nothing but the trace.
    expect(wrongOf({ ...sequence, labFile })).toContain('sequence.txt')
  })

  test('a kernel that the lab does not declare is wrong; one built from a tree is left open', () => {
    const kernel = (parts: Partial<Manifest['kernel']>) =>
      withManifest((manifest) => ({ kernel: { ...manifest.kernel, ...parts } }))
    expect(wrongOf(kernel({ name: 'nobody', wanted: 'nobody' }))).toContain('kernel nobody')
    const tree = { ...kernel({ source: '~/linux' }), built: { ...raw.built, source: 'a tree' } }
    expect(wrongOf(tree).filter((what) => what.startsWith('kernel '))).toEqual([])
    expect(replay({ ...raw, ...tree }).findings.some((finding) => finding.open)).toBe(true)
  })
})
