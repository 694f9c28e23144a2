/** The copy of many tables of events must never say anything that the runs themselves do not. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { said, trace } from '../../trace/events/trace.fixture.ts'
import { removeRun } from '../results.ts'
import { putRun } from '../run.fixture.ts'
import { compacted } from './compact.ts'
import { queryStep } from './query.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-compact-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

let results = ''
let count = 0
const tableOf = (run: string) => join(results, 'readiter', run, 'events.parquet')
const put = (run: string, ...texts: string[]) => putRun(results, { run, events: trace(said(7, ...texts)) })
const copies = () => readdirSync(join(results, '.compact')).filter((name) => name.endsWith('.parquet'))

/** Copies whatever there is. */
const copy = (...runs: string[]) => compacted(results, runs.map(tableOf), { loose: 0, few: 0 })

async function events(): Promise<unknown> {
  const sql = 'SELECT run, message FROM events ORDER BY run, time_ns'
  const outcome = await queryStep({ sql, results, parquet: undefined, emit: () => undefined, cache: dir })
  return 'table' in outcome ? outcome.table.rows : []
}

beforeEach(async () => {
  results = join(dir, `results${count++}`)
  await put('r1', 'a', 'b')
  await put('r2', 'c')
})

const BOTH = [
  ['r1', 'a'],
  ['r1', 'b'],
  ['r2', 'c'],
]

test('the events of many runs come from one file', async () => {
  const { compact, files } = await copy('r1', 'r2')
  expect(files).toEqual([])
  expect(compact).toMatchObject([{ without: [] }])
  expect(await events()).toEqual(BOTH)
  await put('r3', 'd')
  expect(await events()).toEqual([...BOTH, ['r3', 'd']])
  const more = await copy('r1', 'r2', 'r3')
  expect(more.files).toEqual([])
  expect(copies()).toHaveLength(1)
  expect(await events()).toEqual([...BOTH, ['r3', 'd']])
})

test('few tables are read themselves', async () => {
  const { compact, files } = await compacted(results, ['r1', 'r2'].map(tableOf))
  expect([compact, files]).toEqual([[], ['r1', 'r2'].map(tableOf)])
})

test('a run that was deleted or changed is noticed, and its part leaves the copy', async () => {
  await copy('r1', 'r2')
  await put('r2', 'changed', 'twice')
  const [, second] = [rmSync(join(results, 'readiter/r1'), { recursive: true }), await events()]
  expect(second).toEqual([
    ['r2', 'changed'],
    ['r2', 'twice'],
  ])
  expect((await copy('r2')).compact).toMatchObject([{ without: [] }])
  rmSync(join(results, 'readiter'), { recursive: true })
  await copy()
  expect(readdirSync(join(results, '.compact'))).toEqual([])
})

test('a run that is removed leaves no events behind, and the others are answered', async () => {
  await copy('r1', 'r2')
  await removeRun({ dir: join(results, 'readiter/r1') })
  expect(readdirSync(join(results, '.compact'))).toEqual([])
  expect(await events()).toEqual([['r2', 'c']])
})

test('the last runs were deleted by hand: a query removes the copy', async () => {
  await copy('r1', 'r2')
  rmSync(join(results, 'readiter'), { recursive: true })
  expect(await events()).toEqual([])
  expect(readdirSync(join(results, '.compact'))).toEqual([])
})

test('a copy of which no note tells, of a query that was killed or came second, goes with the next one', async () => {
  await copy('r1')
  writeFileSync(join(results, '.compact/readiter.0123abcd.parquet'), '')
  await Promise.all([copy('r1', 'r2'), copy('r1', 'r2')])
  expect(await events()).toEqual(BOTH)
  await put('r3', 'd')
  await copy('r1', 'r2', 'r3')
  expect(copies()).toHaveLength(1)
  expect(await events()).toEqual([...BOTH, ['r3', 'd']])
})

test.each(['parquet', 'json'])('a damaged copy (%s) changes no answer', async (kind) => {
  await copy('r1', 'r2')
  for (const name of readdirSync(join(results, '.compact')))
    if (name.endsWith(kind)) writeFileSync(join(results, '.compact', name), 'PAR1 not at all')
  expect(await events()).toEqual(BOTH)
})

test('a damaged table is not copied, and the others are answered', async () => {
  writeFileSync(tableOf('r1'), 'PAR1')
  const { compact, files } = await copy('r1', 'r2')
  expect([compact, files]).toEqual([[], ['r1', 'r2'].map(tableOf)])
  expect(await events()).toEqual([['r2', 'c']])
})
