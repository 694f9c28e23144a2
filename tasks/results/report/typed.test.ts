import { mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeTyped } from '../../trace/events/typed-parquet.ts'
import type { LabEvent } from '../../engine/event.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { Exhibits } from './exhibits.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'
import type { ReportRun } from './runs.ts'
import { typedFacts, type TypedFacts } from './typed-facts.ts'
import { ownRecordsText, typedHtml } from './typed.ts'

async function aRun(
  dir: string,
  run: string,
  lengths: readonly number[],
  more: Partial<ReportRun> = {},
  comm = 'c',
): Promise<ReportRun> {
  mkdirSync(join(dir, 'x', run), { recursive: true })
  const records = lengths.map((length) => ({ timeNs: 1n, thread: 7, cpu: 0, comm, values: [length] }))
  const columns = [{ path: 'length', type: 'UINTEGER', read: () => 0, show: String }]
  await writeTyped(join(dir, 'x', run, 'events.copied.parquet'), {
    name: 'copied',
    type: 'struct copied',
    columns,
    records,
  })
  return { experiment: 'x', run, typed: ['copied'], table: true, completeness: 'complete', ...more } as ReportRun
}

test('fields by arm, of the newest runs; what cannot be read is named, and what is incomplete is marked', async () => {
  const dir = tempDir()
  const runs = [
    await aRun(dir, 'a', [1, 2, 300]),
    await aRun(dir, 'b', [16], { completeness: 'incomplete' }),
    await aRun(dir, 'c', [20, 24]),
    await aRun(dir, 'd', [5]),
  ]
  truncateSync(join(dir, 'x/d/events.copied.parquet'), 20)
  const all = experimentOf(groupOf('one', runs.slice(0, 1)), groupOf('two', runs.slice(1)), groupOf('none', []))
  const said: string[] = []
  const emit = (event: LabEvent) => void (event.type === 'notice' && said.push(`${event.place ?? ''}: ${event.text}`))
  const facts = await typedFacts(all, { results: dir, temp: join(dir, 'spill'), mostRuns: 3, emit })
  expect(facts.map(({ label, fields }) => [label, fields[0]?.range?.median])).toEqual([
    ['one', 2],
    ['two', 20],
  ])
  expect(said).toEqual([expect.stringMatching(/^results\/x\/d: events\.copied\.parquet cannot be read/)])
  const exhibits = new Exhibits()
  const text = String(await typedHtml('x', facts, exhibits))
  expect(text).toContain('INCOMPLETE DATA: 1 of 3 runs')
  expect(exhibits.tables[0]?.rows).toEqual([
    ['one', 'copied', 'length', 1, 3, 3, 1, 2, 300],
    ['two', 'copied', 'length', 2, 3, 3, 16, 20, 24],
  ])
  expect(String(await typedHtml('x', [], exhibits))).toBe('')
})

test('a caption says how many records of the lab itself are left out, each once', () => {
  const facts = (ofHolder: number) => ({ fields: [{ ofHolder }, { ofHolder }] }) as unknown as TypedFacts
  expect(ownRecordsText([facts(0), facts(0)])).toBe('')
  expect(ownRecordsText([facts(2), facts(3)])).toContain(' 5 records of lab-holder')
})

test('an arm all of whose records are by the name of the loader is in the table, with what was left out', async () => {
  const dir = tempDir()
  const all = experimentOf(groupOf('one', [await aRun(dir, 'a', [1, 2], {}, 'lab-holder')]))
  const facts = await typedFacts(all, { results: dir, temp: join(dir, 'spill'), mostRuns: 3, emit: () => undefined })
  const exhibits = new Exhibits()
  expect(String(await typedHtml('x', facts, exhibits))).toContain(' 2 records of lab-holder')
  expect(exhibits.tables[0]?.rows).toEqual([['copied', 'length', 1, 0, 0, null, null, null]])
})
