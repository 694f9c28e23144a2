import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Column, Field } from '../../linux/objects/event-record.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { openDatabase, quoted } from '../duckdb.ts'
import { columnNames, mergeByTime, typedEvents, writeTyped, type Channel } from './typed-parquet.ts'
import { typedSummary } from './typed-summary.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-typed-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const column = (path: string, type: string): Column => ({ path, type, read: () => 0, show: String })
const channel = (columns: readonly Column[], rows: readonly (readonly Field[])[]): Channel => ({
  name: 'seen',
  type: 'struct seen',
  columns,
  records: rows.map((values, index) => ({ timeNs: BigInt(index), thread: 7, cpu: 0, comm: 'a "b"', values })),
})

async function read(file: string): Promise<unknown> {
  using database = await openDatabase({})
  const found = await database.connection.runAndReadAll(`SELECT * EXCLUDE (time_ns, cpu) FROM ${quoted(file)}`)
  return found.getRowObjectsJS()
}

test('every kind of value comes back out of the table as it was', async () => {
  const file = join(dir, 'all.parquet')
  const columns = [
    column('big', 'UBIGINT'),
    column('text', 'VARCHAR'),
    column('on', 'BOOLEAN'),
    column('list', 'UBIGINT[]'),
    column('rest', 'VARCHAR'),
    column('pid', 'INTEGER'),
    column('half', 'DOUBLE'),
    column('none', 'DOUBLE'),
  ]
  const values = [2n ** 64n - 1n, 'it\'s \u0001 "\n', true, [1, 2n ** 63n], { json: { a: [1] } }, -5, 0.5, Number.NaN]
  await writeTyped(file, channel(columns, [values]))
  expect(await read(file)).toEqual([
    {
      pid: 7,
      comm: 'a "b"',
      big: 2n ** 64n - 1n,
      text: 'it\'s \u0001 "\n',
      on: true,
      list: [1n, 2n ** 63n],
      rest: '{"a":[1]}',
      field_pid: -5,
      half: 0.5,
      none: Number.NaN,
    },
  ])
})

test('what the fields of several tables are like: numbers in their range, addresses and texts by how many there are', async () => {
  const columns = [
    column('length', 'UINTEGER'),
    column('to', 'UBIGINT'),
    column('text', 'VARCHAR'),
    column('list', 'UBIGINT[]'),
  ]
  const rows = (...lengths: number[]) =>
    lengths.map((length) => [length, 2n ** 63n + BigInt(length), `t${length % 2}`, [length]])
  const files = ['one', 'two'].map((name) => join(dir, `${name}.parquet`))
  await writeTyped(files[0] ?? '', channel(columns, rows(5, 1)))
  await writeTyped(files[1] ?? '', channel(columns, rows(9, 1, 2)))
  const summaries = await typedSummary(files, join(dir, 'spill'))
  expect(summaries.map(({ field, records, different, range }) => ({ field, records, different, range }))).toEqual([
    { field: 'length', records: 5, different: 4, range: { least: 1, median: 2, most: 9 } },
    { field: 'to', records: 5, different: 4, range: null },
    { field: 'text', records: 5, different: 2, range: null },
    { field: 'list', records: 5, different: 4, range: null },
  ])
  const [length, to, text] = summaries
  expect([...(length?.values ?? [])].toSorted((a, b) => a - b)).toEqual([1, 1, 2, 5, 9])
  expect(length?.counts[0]).toEqual(['1', 2])
  expect([to?.values.length, to?.counts]).toEqual([0, []])
  expect(text?.counts).toEqual([
    ['t1', 4],
    ['t0', 1],
  ])
  expect(await typedSummary([], dir)).toEqual([])
})

test('records of the lab itself are counted, and are in no number', async () => {
  const file = join(dir, 'own.parquet')
  const { records, ...rest } = channel([column('length', 'UINTEGER')], [[4], [900], [6]])
  await writeTyped(file, {
    ...rest,
    records: records.map((record, i) => (i === 1 ? { ...record, comm: 'lab-holder' } : record)),
  })
  const [length] = await typedSummary([file], join(dir, 'spill'))
  expect(length).toMatchObject({ records: 2, ofHolder: 1, range: { least: 4, median: 5, most: 6 } })
})

test('a channel through which nothing came has a table of its columns', async () => {
  const file = join(dir, 'none.parquet')
  await writeTyped(file, channel([column('n', 'UINTEGER')], []))
  expect(await read(file)).toEqual([])
})

test('names of columns are different from each other for SQL', () => {
  const names = columnNames(['pid', 'PID', 'pos.x', 'pos_x', 'run', 'n'].map((path) => ({ path })))
  expect(names).toEqual(['field_pid', 'field_PID_2', 'pos_x', 'field_pos_x', 'field_run', 'n'])
})

describe('typed events in the trace', () => {
  const at = (timeNs: bigint, event: string): TraceEvent => ({ timeNs, event, cpu: 0, pid: 1, comm: 'c', message: '' })

  test('stand where they belong by time, behind those of the same time', () => {
    const trace = [at(1n, 'a'), at(3n, 'b'), at(9n, 'c')]
    const merged = mergeByTime(trace, [at(0n, 'x'), at(3n, 'y'), at(10n, 'z')])
    expect(merged.map(({ event }) => event).join('')).toBe('xabycz')
    expect(mergeByTime(trace, [])).toBe(trace)
  })

  test('are called bpf:NAME and say their fields', () => {
    const [event] = typedEvents(channel([column('n', 'UINTEGER'), column('m', 'UINTEGER')], [[3, 4]]))
    expect(event).toMatchObject({ event: 'bpf:seen', pid: 7, message: 'n=3 m=4' })
  })
})
