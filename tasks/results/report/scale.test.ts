import { describe, expect, test } from 'vitest'
import type { Group, ReportRun } from './runs.ts'
import { shownMetric } from './scale.ts'

describe('a metric', () => {
  const group = (...values: readonly number[]) =>
    ({ counted: values.map((wait) => ({ metrics: { wait } }) as unknown as ReportRun) }) as unknown as Group

  test('has one unit for all arms: that of the largest median, whatever single values are', () => {
    const groups = [group(10, 20, 9e9), group(4000, 5000, 6000), group()]
    const { title, valuesOf } = shownMetric({ groups, units: { wait: 'ns' } }, 'wait')
    expect(title).toBe('wait (µs)')
    expect(groups.map(valuesOf)).toEqual([
      [expect.closeTo(0.01), expect.closeTo(0.02), expect.closeTo(9e6)],
      [4, 5, 6],
      [],
    ])
  })

  test('without a declared unit stays as it is', () => {
    const groups = [group(4000)]
    const { title, valuesOf } = shownMetric({ groups, units: {} }, 'wait')
    expect([title, groups.map(valuesOf)]).toEqual(['wait', [[4000]]])
  })
})
