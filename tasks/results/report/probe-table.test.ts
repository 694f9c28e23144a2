import { expect, test } from 'vitest'
import { Exhibits } from './exhibits.ts'
import { probeTable } from './probe-table.ts'
import type { ReportRun } from './runs.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'

/** The table of two runs, of which the second skipped some hits of its program. */
function tableOf(skipped: number) {
  const program = { program: 'p', section: 'kprobe/f', attached: 'kprobe event', hits: 10, missed: 0 }
  const runs = [{ probes: [program] }, { probes: [{ ...program, skipped }] }] as unknown as ReportRun[]
  const exhibits = new Exhibits()
  probeTable(experimentOf(groupOf('one', runs)), exhibits)
  const [table] = exhibits.tables
  return { heads: table?.columns.map(({ head }) => head), rows: table?.rows, caption: table?.caption }
}

test('hits for which the kernel did not run the program have a column', () => {
  const { heads, rows, caption } = tableOf(3)
  expect(heads?.slice(-3)).toEqual(['hits', 'missed', 'skipped'])
  expect(rows?.[0]?.slice(-3)).toEqual([20, 0, 3])
  expect(caption).toContain('Skipped are hits for which the kernel did not run the program')
})

test('where none was skipped there is no such column', () => {
  expect(tableOf(0).heads?.slice(-2)).toEqual(['hits', 'missed'])
})
