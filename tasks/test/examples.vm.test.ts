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

  test('each mode writes what the README says', async () => {
    const sql = 'SELECT arm, median(bytes)::INT / 4096 AS blocks FROM events_fsyncs JOIN runs USING (run) GROUP BY arm'
    const blocks = Object.fromEntries((await query(rig, sql)).map((row) => [row['arm'], row['blocks']]))
    expect(blocks).toEqual({ 'mode=none': 2, 'mode=writeback': 6, 'mode=ordered': 6, 'mode=journal': 7 })
  })
})
