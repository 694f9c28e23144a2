import { expect, test } from 'vitest'
import { comparisonHtml } from './compare.ts'
import { Exhibits } from './exhibits.ts'
import type { ReportRun } from './runs.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'

const runs = (values: readonly Readonly<Record<string, number | null>>[]): ReportRun[] =>
  values.map((metrics) => ({ metrics, node: '', verdict: 'passed', completeness: 'complete' }) as unknown as ReportRun)

/** The rows of the comparison, and its caption. */
function compared(...arms: readonly (readonly Readonly<Record<string, number | null>>[])[]) {
  const exhibits = new Exhibits()
  exhibits.hasSeveralArms('x')
  const experiment = experimentOf(...arms.map((values, index) => groupOf(`arm ${index}`, runs(values))))
  comparisonHtml({ ...experiment, units: { wait_ns: 'ns' } }, exhibits)
  return exhibits.tables[0]
}

test('a metric that is 0 in the first arm is compared by its difference', () => {
  const none = [
    { a: 2, b: 0 },
    { a: 2, b: 0 },
    { a: 2, b: 0 },
  ]
  const some = [
    { a: 4, b: 110 },
    { a: 4, b: 111 },
    { a: 4, b: 112 },
  ]
  const table = compared(none, some)
  expect(table?.columns.map(({ head }) => head)).toContain('difference')
  expect(table?.rows.map((row) => row.slice(1, 5))).toEqual([
    ['a', '3 and 3', 2, null],
    ['b', '3 and 3', null, 111],
  ])
  expect(table?.caption).toContain('Where the median of arm 0 is 0 there is no ratio')
})

test('a difference has the unit that the numbers of its metric are shown in', () => {
  const values = (...list: number[]) => list.map((ns) => ({ wait_ns: ns }))
  expect(compared(values(0, 0, 0), values(110_000, 111_000, 112_000))?.rows.map((row) => row.slice(1, 7))).toEqual([
    ['wait (µs)', '3 and 3', null, 111, 110, 112],
  ])
  expect(compared(values(1000, 1000, 1000), values(2000, 2000, 2000))?.rows.map((row) => row.slice(1, 4))).toEqual([
    ['wait_ns', '3 and 3', 2],
  ])
})

test('a metric that one arm has no value of keeps its row', () => {
  const table = compared(
    [
      { a: 2, b: 1 },
      { a: 3, b: 1 },
    ],
    [
      { a: 2, b: null },
      { a: 3, b: null },
    ],
  )
  expect(table?.rows.find(([, metric]) => metric === 'b')).toEqual(expect.arrayContaining(['0 and 2', 'no values']))
  expect(table?.columns.map(({ head }) => head)).not.toContain('difference')
})
