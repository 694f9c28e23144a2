import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { LabEvent } from '../../engine/event.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { Exhibits } from './exhibits.ts'
import { log2Figure, mapHistograms, mapHistogramsHtml } from './map-histograms.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'
import type { ReportRun } from './runs.ts'

function aRun(dir: string, run: string, text: string | undefined): ReportRun {
  mkdirSync(join(dir, 'x', run), { recursive: true })
  if (text !== undefined) writeFileSync(join(dir, 'x', run, 'maps.json'), text)
  return { experiment: 'x', run, table: true, completeness: 'complete' } as ReportRun
}

const maps = (slots: readonly number[], cut = false): string => {
  const raw = { key: '', value: '' }
  const sizes = { keySize: 4, valueSize: 512, maxEntries: 1, cpus: 0, keyType: null, valueType: null }
  const map = { object: 'x.bpf.o', name: 'wait_ns', type: 'array', cut, ...sizes }
  return JSON.stringify({ slots: [], maps: [{ ...map, entries: [{ key: 0, value: { slots }, raw }] }] })
}

test('the runs of an arm are added up; a run without maps has none, and a damaged file is named', async () => {
  const dir = tempDir()
  const all = experimentOf(
    groupOf('idle', [aRun(dir, 'a', maps([0, 0, 3])), aRun(dir, 'b', maps([0, 1])), aRun(dir, 'c', undefined)]),
    groupOf('busy', [aRun(dir, 'd', maps([0, 0, 0, 8])), aRun(dir, 'e', '{"maps": 5}')]),
  )
  const warnings: string[] = []
  const emit = (event: LabEvent) => void (event.type === 'notice' && warnings.push(event.place ?? ''))
  const found = await mapHistograms(all, { results: dir, mostRuns: 3, emit })
  expect(found.map(({ arm, name, slots, runs }) => [arm, name, slots, runs.length])).toEqual([
    ['idle', 'wait_ns', [0, 1, 3], 2],
    ['busy', 'wait_ns', [0, 0, 0, 8], 1],
  ])
  expect(warnings).toEqual(['results/x/e'])

  const { data } = log2Figure('wait_ns', found) as unknown as { data: { values: { arm: string; count: number }[] } }
  expect(data.values.filter(({ count }) => count > 0)).toEqual([
    { arm: 'idle', count: 1, from: 2, to: 4 },
    { arm: 'idle', count: 3, from: 4, to: 8 },
    { arm: 'busy', count: 8, from: 8, to: 16 },
  ])
  const exhibits = new Exhibits()
  expect(String(await mapHistogramsHtml('x', found, exhibits))).toContain('wait (ns)')
  expect(exhibits.warnings).toEqual([])

  const newest = await mapHistograms(all, { results: dir, mostRuns: 2, emit })
  const part = String(await mapHistogramsHtml('x', newest, new Exhibits()))
  expect(part).toContain('idle: the newest 2 of 3 runs.')
  expect(part).not.toContain('busy: the newest')
})

test('a run whose map had more entries than are kept is added up, and the caption says so', async () => {
  const dir = tempDir()
  const all = experimentOf(
    groupOf('idle', [aRun(dir, 'a', maps([0, 2], true)), aRun(dir, 'b', maps([0, 1]))]),
    groupOf('busy', [aRun(dir, 'c', maps([0, 5]))]),
  )
  const found = await mapHistograms(all, { results: dir, mostRuns: 9, emit: () => undefined })
  const text = String(await mapHistogramsHtml('x', found, new Exhibits()))
  expect(text).toContain('idle: in 1 of 2 runs the map had more entries than a result keeps; counts are too low.')
  expect(text).not.toContain('busy: in')
})
