import { expect, test } from 'vitest'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { asDeclared } from './declared.ts'
import { experimentOf, groupOf } from './runs.fixture.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'

const runs = (...arms: readonly string[]) => experimentOf(...arms.map((arm) => groupOf(arm, [{ arm } as ReportRun])))
const declared = {
  name: 'x',
  params: { mode: ['slow', 'fast'] },
  metrics: {
    wait: { pattern: 'wait (\\d+)', unit: 'ns' },
    count: { pattern: 'count (\\d+)' },
    load: { load: 'jit-bytes' },
  },
} as unknown as ResolvedExperiment
const order = ({ groups }: ExperimentRuns) => groups.map(({ label }) => label)

test('arms have the order of the lab file, and those that it does not have come last, as they were', () => {
  const found = asDeclared(runs('mode=other', 'mode=fast', 'mode=another', 'mode=slow'), declared)
  expect(order(found)).toEqual(['mode=slow', 'mode=fast', 'mode=other', 'mode=another'])
})

test('units are those of the lab file, and what the lab measures has its own', () => {
  expect(asDeclared(runs(), declared).units).toEqual({ wait: 'ns', load: 'B' })
})

test('nothing changes where no lab file was kept', () => {
  const before = runs('mode=fast', 'mode=slow')
  expect(asDeclared(before, undefined)).toBe(before)
})
