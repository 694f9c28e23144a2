import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { openDatabase, parquet } from '../duckdb.ts'
import { writeEvents } from './events-parquet.ts'

const dir = mkdtempSync(join(tmpdir(), 'lab-events-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const events = (count: number, message: string): TraceEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    timeNs: BigInt(index),
    cpu: 0,
    pid: 1,
    comm: 'init',
    event: 'bpf_trace_printk',
    message,
  }))

async function messagesIn(file: string): Promise<unknown[][]> {
  using database = await openDatabase({ threads: '1' })
  const result = await database.connection.run(
    `SELECT message, count(*)::INT FROM ${parquet([file])} GROUP BY message ORDER BY message`,
  )
  return await result.getRows()
}

test('files that are written at the same time have their own events', async () => {
  const files = ['a', 'b', 'c'].map((name) => join(dir, `${name}.parquet`))
  await Promise.all(files.map((file, index) => writeEvents(file, events(10 + index, `of ${index}`))))
  for (const [index, file] of files.entries()) expect(await messagesIn(file)).toEqual([[`of ${index}`, 10 + index]])
})

test('a file that cannot be written, and events that cannot be read, do not spoil the next one', async () => {
  await expect(writeEvents(join(dir, 'missing', 'x.parquet'), events(1, 'x'))).rejects.toThrow(/missing/)
  const broken = function* () {
    yield* events(1, 'half')
    throw new Error('no more')
  }
  const file = join(dir, 'next.parquet')
  await expect(writeEvents(file, broken())).rejects.toThrow('no more')
  expect(await writeEvents(file, events(3, 'whole'))).toBe(3)
  expect(await messagesIn(file)).toEqual([['whole', 3]])
})
