import { expect, test } from 'vitest'
import { scaleOf, withUnit } from './units.ts'

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

test('a name with its unit, if there is one', () => {
  expect([withUnit('wait', 'ms'), withUnit('wait', undefined)]).toEqual(['wait (ms)', 'wait'])
  expect([withUnit('call_ns', 'µs'), withUnit('read_bytes', 'kB'), withUnit('bytes', 'B')]).toEqual([
    'call (µs)',
    'read (kB)',
    'bytes (B)',
  ])
  expect([withUnit('calls', 'calls'), withUnit('lines_ns', 'calls')]).toEqual(['calls', 'lines_ns (calls)'])
})
