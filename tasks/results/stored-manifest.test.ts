/** Manifests of older formats, and of newer ones. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { checkedRun } from './checked-run.ts'
import { MANIFEST_FORMAT } from './manifest-format.ts'
import { ManifestSchema } from './manifest.ts'
import { indexRuns } from './run-index.ts'
import { MANIFEST, putRun } from './run.fixture.ts'
import { storedRun } from './stored-manifest.ts'

const STORED = join(import.meta.dirname, '../test/stored')

/** Manifests of 0.1.0: of a VM's run, and of the first imports. */
function stored(): string[] {
  const dir = tempDir()
  execFileSync('tar', ['-xzf', join(STORED, '0.1.0/hello.pack'), '-C', dir])
  return [join(dir, 'results/hello'), join(STORED, '0.1.0/results/notes')].flatMap((experiment) =>
    readdirSync(experiment).map((run) => readFileSync(join(experiment, run, 'manifest.json'), 'utf8')),
  )
}

async function put(manifest: object) {
  const dir = join(tempDir(), 'run')
  mkdirSync(dir)
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest))
  return await storedRun(dir, 'run')
}

describe('format 1', () => {
  test('manifests of 0.1.0 have no field that the schema does not describe', async () => {
    for (const text of stored()) {
      const { manifest, olderFormat } = checkedRun(await put(JSON.parse(text) as object))
      expect([manifest.format, olderFormat, manifest.writtenBy]).toEqual([MANIFEST_FORMAT, 1, 'lab 0.1.0'])
      // A schema drops what it does not describe.
      expect(ManifestSchema.parse(manifest)).toEqual(manifest)
    }
  })

  test('the first days had no failures, no compat rows and no events beside the probes', async () => {
    const { failures: _, tracedEvents: __, kernel, writtenBy: ___, ...rest } = MANIFEST
    const { compat: ____, ...first } = kernel
    const { manifest } = checkedRun(await put({ ...rest, kernel: first, format: 1 }))
    expect([manifest.failures, manifest.tracedEvents, manifest.kernel.compat]).toEqual([[], [], []])
  })
})

test('a manifest of the current format is read as it is', async () => {
  const run = await put(MANIFEST)
  expect(checkedRun(run).manifest).toEqual(MANIFEST)
  expect(run.olderFormat).toBeUndefined()
})

test('a newer format is refused by its number, with the way out; the list of runs says why it leaves it out', async () => {
  const newer = { ...MANIFEST, format: MANIFEST_FORMAT + 1 }
  const failure = await failureOf(Promise.resolve().then(async () => checkedRun(await put(newer))))
  expect(failure).toMatchObject({ kind: 'user', reason: 'newer-format' })
  expect(failure.parts.fact).toMatch(/^manifest\.json has format 3, and lab \S+ reads formats up to 2$/)
  expect(failure.parts.wayOut).toContain('update lab')
  const results = tempDir()
  const { dir } = await putRun(results, { run: 'a' })
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(newer))
  const { skipped } = await indexRuns(results)
  expect(skipped).toEqual([{ name: 'readiter/a', why: failure.parts.fact }])
})

test.each([
  ['a format that nobody wrote', { format: 0 }],
  ['no format', { format: undefined }],
  ['a format that is no number', { format: '1' }],
  ['a part that is missing', { trace: undefined }],
])('%s is no manifest', async (_, odd) => {
  const failure = await failureOf(Promise.resolve().then(async () => checkedRun(await put({ ...MANIFEST, ...odd }))))
  expect(failure.parts.fact).toContain('this version of lab cannot read')
})
