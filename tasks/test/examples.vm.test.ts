/** The labs of examples/: each copied as a user would copy it, run, and asked for the answer that its README gives. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Rig } from './rig.ts'

/** One arm's row of an SQL query. */
type Row = Readonly<Record<string, unknown>>

/** Copies an example into a lab of its own; its runs are there before the tests that are declared after it. */
function ran(name: string, options: readonly string[]): Rig {
  const rig = new Rig(false)
  beforeAll(async () => {
    expect(await rig.lab(['init', '--from', name])).toMatchObject({ status: 0 })
    const { status, stdout, stderr } = await rig.lab(['run', '--all', '--yes', ...options])
    expect(status, `${stdout}${stderr}`).toBe(0)
  })
  afterAll(async () => {
    await rig.lab(['down'])
    rig.remove()
  })
  return rig
}

const query = async (rig: Rig, sql: string): Promise<readonly Row[]> =>
  ((await rig.answer(['query', sql])) as { rows: Row[] }).rows

describe('fsync', () => {
  const rig = ran('fsync', ['--repeat', '2'])

  // A call may write a block more that was waiting, in half of all calls of a run: the median is not the same each time.
  test('each mode writes what the README says, and no call less', async () => {
    const sql = 'SELECT arm, min(bytes)::INT / 4096 AS blocks FROM events_fsyncs JOIN runs USING (run) GROUP BY arm'
    const blocks = Object.fromEntries((await query(rig, sql)).map((row) => [row['arm'], row['blocks']]))
    expect(blocks).toEqual({ 'mode=none': 2, 'mode=writeback': 6, 'mode=ordered': 6, 'mode=journal': 7 })
  })
})

describe('wakeup', () => {
  const rig = ran('wakeup', ['--repeat', '1'])

  test('every policy has its waits, with load and without', async () => {
    const sql =
      'SELECT arm, count(*)::INT AS waits, min(ns)::BIGINT AS least FROM events_wakeups JOIN runs USING (run) GROUP BY arm'
    const rows = await query(rig, sql)
    expect(rows).toHaveLength(6)
    for (const { waits, least } of rows) {
      expect(waits).toBeGreaterThan(24)
      expect(Number(least)).toBeGreaterThan(0)
    }
  })
})

describe('locks', () => {
  const rig = ran('locks', ['--repeat', '1'])

  test('writers wait for writers, in the function that the README names', async () => {
    const sql = `SELECT count(*)::INT AS waits, count(*) FILTER (waiter = holder)::INT AS own FROM events_waits
      WHERE taken_in = 'ext4_buffered_write_iter' AND waiter LIKE 'writer-%' AND holder LIKE 'writer-%'`
    const [row] = await query(rig, sql)
    expect(row?.['waits']).toBeGreaterThan(0)
    expect(row?.['own']).toBe(0)
  })
})

describe('faults', () => {
  const rig = ran('faults', ['--repeat', '1'])

  test('only the dynamic programs touch the C library, and they have more faults', async () => {
    const sql = `SELECT arm, count(*)::INT AS faults, count(*) FILTER (mapping = 'libc.so.6')::INT AS libc
      FROM events_faults JOIN runs USING (run) GROUP BY arm`
    const arms = new Map((await query(rig, sql)).map((row) => [row['arm'], row]))
    const [own, dynamic] = [arms.get('program=static'), arms.get('program=/bin/true')]
    expect(own?.['libc']).toBe(0)
    expect(dynamic?.['libc']).toBeGreaterThan(0)
    expect(dynamic?.['faults']).toBeGreaterThan(Number(own?.['faults']))
  })
})

describe('disk', () => {
  const rig = ran('disk', ['--repeat', '1'])

  test('the histogram holds a request for each read', async () => {
    const { stdout } = await rig.lab(['maps', 'last', '--full'])
    const slots = /slots: \[([\d, ]+)\]/.exec(stdout)?.[1]?.split(', ').map(Number) ?? []
    expect(slots).toHaveLength(64)
    expect(slots.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(199)
  })
})

describe('patch', () => {
  const rig = ran('patch', ['--repeat', '1'])

  test('with the patch no read of a pipe returns more than four pages', async () => {
    const sql =
      'SELECT kernel, max(bytes)::INT / 4096 AS pages FROM events_pipe_reads JOIN runs USING (run) GROUP BY kernel'
    const pages = Object.fromEntries((await query(rig, sql)).map((row) => [row['kernel'], row['pages']]))
    expect(pages['after']).toBe(4)
    expect(pages['before']).toBeGreaterThan(4)
  })
})
