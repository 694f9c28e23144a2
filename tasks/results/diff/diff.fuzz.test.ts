/**
 * Results that somebody edited, of other versions, half deleted: every view of them answers or says what is wrong, in
 * words.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { said, trace } from '../../trace/events/trace.fixture.ts'
import { diffStep } from './diff.ts'
import { side } from './side.ts'
import { diffText } from './text.ts'
import { Failure } from '../../engine/error.ts'
import { listRuns } from '../result.ts'
import type { StoredRun } from '../manifest.ts'
import { indexRuns } from '../run-index.ts'
import { MANIFEST, putRun } from '../run.fixture.ts'
import { isShown, readRunFiles, runDetails } from '../results.ts'
import { testContext } from '../../test/context.ts'
import { mutated, mutatedJson } from '../../test/mutate.ts'
import { exportStep } from '../export.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-fuzz-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
let count = 0

const FULL = {
  ...MANIFEST,
  metrics: { read_ns: 5 },
  sequence: 'abc',
  plan: { id: 'p', index: 0, warmup: false, attempt: 1, order: 'interleaved', seed: 1, start: 'warm', parallel: 1 },
  inputs: { lab: 'lab-1', kernel: 'kernel-1', image: 'image-1' },
  sha256: { 'trace.dat': 'f'.repeat(64) },
}
const IMPORTED = {
  ...FULL,
  imported: {
    file: 'a.dat',
    kept: 'trace.dat',
    bytes: 5,
    form: 'text',
    lines: 3,
    headings: 1,
    inProse: 0,
    backwards: 0,
    unclosedCalls: 1,
    unopenedReturns: 0,
    sameCaptureAs: {
      run: 'r1',
      experiment: 'e',
      by: 'events',
      provenance: { raw: 'f', release: '5.10', bootId: 'b', started: 's', command: 'c' },
    },
  },
}
const PROBES = { programs: [{ program: 'p', section: 'kprobe/f', attached: 'kprobe', hits: 3, missed: 0 }] }
const MAPS = {
  slots: [{ map: 'm', key: 1, value: 2 }],
  maps: [
    {
      object: 'o',
      name: 'm',
      type: 'hash',
      keyType: 'u32',
      valueType: 'u32',
      keySize: 4,
      valueSize: 4,
      maxEntries: 8,
      cpus: 0,
      cut: false,
      entries: [{ key: 1, value: 2, raw: { key: '', value: '' } }],
    },
  ],
}

async function survives(work: () => unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    // A sentence for a person; anything else would be shown as a bug of the lab.
    if (!(error instanceof Failure)) throw error
  }
}

async function everyView(results: string): Promise<void> {
  try {
    await views(results)
  } finally {
    rmSync(results, { recursive: true, force: true })
  }
}

async function views(results: string): Promise<void> {
  const context = testContext(dir)
  const { runs, skipped } = await indexRuns(results)
  expect(runs.length + skipped.length).toBe(2)
  const all = await listRuns(results)
  for (const run of all.filter(({ manifest }) => isShown(manifest)))
    await survives(async () => runDetails(run, await readRunFiles(run.dir)))
  const wanted = { comm: undefined, pid: undefined, probe: undefined, from: undefined, to: undefined, all: false }
  for (const run of all.filter(({ run: name }) => name === 'r2') satisfies StoredRun[])
    await survives(() =>
      exportStep({ run, format: 'chrome', file: join(results, 'out'), request: wanted, order: undefined }, context),
    )
  await survives(async () => {
    const found = await diffStep([side(all, 'r1'), side(all, 'r2')], results, context)
    return diffText(found, { width: 80, full: false })
  })
}

/** One good run, and one whose files are as given. */
async function runsWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const results = join(dir, `results${count++}`)
  const events = trace(said(7, 'enter', 'exit', 'enter'))
  const good = { 'probes.json': JSON.stringify(PROBES), 'maps.json': JSON.stringify(MAPS) }
  await putRun(results, { run: 'r1', events, manifest: FULL, files: good })
  const { dir: second } = await putRun(results, {
    run: 'r2',
    events,
    manifest: { ...FULL, started: '2026-11-24' },
    files: good,
  })
  mkdirSync(join(results, '.inputs'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(second, name), content)
  return results
}

test('manifests with other values in them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutatedJson(FULL), mutatedJson(IMPORTED)), async (manifest) => {
      await everyView(await runsWith({ 'manifest.json': JSON.stringify(manifest) ?? 'null' }))
    }),
    { numRuns: 60 },
  )
}, 120_000)

test('manifests, probes and maps that were damaged on the disk', async () => {
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value, null, 1))
  await fc.assert(
    fc.asyncProperty(
      mutated(bytes(FULL)),
      mutated(bytes(PROBES)),
      mutated(bytes(MAPS)),
      async (manifest, probes, maps) => {
        await everyView(await runsWith({ 'manifest.json': manifest, 'probes.json': probes, 'maps.json': maps }))
      },
    ),
    { numRuns: 25 },
  )
}, 120_000)
