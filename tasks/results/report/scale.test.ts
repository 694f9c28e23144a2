import { describe, expect, test } from 'vitest'
import type { Group, ReportRun } from './runs.ts'
import { scaleOf, shownMetric, withUnit } from './scale.ts'

test.each([
  ['ns', 999, 'ns', 1],
  ['ns', 1000, 'µs', 1e-3],
  ['ns', 2.5e9, 's', 1e-9],
  ['us', 0.5, 'ns', 1e3],
  ['s', 0.002, 'ms', 1e3],
  ['ns', 0.1, 'ns', 1],
  ['ns', -5000, 'µs', 1e-3],
  ['s', 1e6, 's', 1],
  ['KiB', 2000, 'MB', 1.024e-3],
  ['packets', 1e9, 'packets', 1],
  [undefined, 1e9, undefined, 1],
])('%s of a size of %d are shown in %s', (unit, size, shown, factor) => {
  const scale = scaleOf(unit, size)
  expect(scale.unit).toBe(shown)
  expect(scale.factor).toBeCloseTo(factor, 12)
})

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

test('a name with its unit, if there is one', () => {
  expect([withUnit('wait', 'ms'), withUnit('wait', undefined)]).toEqual(['wait (ms)', 'wait'])
})
