/** Every line of SQL in docs/sql.md answers something, on runs like those that the shipped lab makes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { said, trace } from '../../trace/events/trace.fixture.ts'
import { putRun } from '../run.fixture.ts'
import { queryStep } from './query.ts'

const SQL_PAGE = readFileSync(join(import.meta.dirname, '../../../docs/sql.md'), 'utf8')
const STATEMENTS = SQL_PAGE.split('\n').filter((line) => line.startsWith('SELECT '))

const dir = mkdtempSync(join(tmpdir(), 'lab-readme-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const results = join(dir, 'results')
const READ = ['ext4 file read', 'entering copyout', 'copyout to 0x12b96e0 from 0xffff8880036e0000 len 16']

beforeAll(async () => {
  const programs = [
    { program: 'copyout', section: 'kprobe/copyout', attached: 'kprobe', hits: 3, missed: 0 },
    { program: 'never', section: 'kprobe/never', attached: 'kprobe', hits: 0, missed: 0 },
  ]
  for (const [index, bytes] of [16, 64].entries()) {
    const events = trace(said(7, ...READ, ...READ), said(9, 'ext4 file read'))
    await putRun(results, {
      run: `r${index}`,
      events: events.map((event) => ({ ...event, event: 'bpf_trace_printk' })),
      files: { 'probes.json': JSON.stringify({ programs }) },
      manifest: {
        arm: { name: `bytes=${bytes},probe=none`, params: { bytes }, probes: index === 0 ? [] : ['readiter'] },
        metrics: { read_ns: 400 + index },
        plan: {
          id: 'p',
          index,
          warmup: false,
          attempt: 1,
          order: 'interleaved',
          seed: 1,
          start: 'warm',
          parallel: 1,
        },
      },
    })
  }
})

test('there are examples', () => expect(STATEMENTS.length).toBeGreaterThan(5))

test.each(STATEMENTS)('%s', async (sql) => {
  const outcome = await queryStep({ sql, results, parquet: undefined, emit: () => undefined, cache: results })
  const { rows, columns } = 'table' in outcome ? outcome.table : { rows: [], columns: [] }
  expect(rows.length).toBeGreaterThan(0)
  // An answer of nothing but NULL answers nothing.
  for (const [index, { name }] of columns.entries())
    expect(
      rows.some((row) => row[index] !== null),
      name,
    ).toBe(true)
})
