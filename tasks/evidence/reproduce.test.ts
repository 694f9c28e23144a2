import { expect, test } from 'vitest'
import type { Manifest } from '../results/manifest.ts'
import { sameMetrics } from './reproduce.ts'

const runs = (values: readonly (number | null)[]) =>
  values.map((value) => ({ metrics: { read_ns: value } })) as unknown as Manifest[]

test.each([
  ['one value on each side', [412.1], [412.2], { ok: true, open: true }],
  ['two now', [412.1, 412.3, 412.2], [900, 901], { ok: true, open: true }],
  ['intervals that meet', [410, 412, 414], [411, 413, 415], { ok: true }],
  ['intervals that do not', [410, 411, 412, 413], [510, 511, 512, 513], { ok: false }],
  ['so few that chance does that', [410, 411, 412], [510, 511, 512], { ok: true, open: true }],
  ['a metric that is gone', [410, 411, 412], [null], { ok: false }],
])('metrics, %s', (_, before, now, expected) => {
  const [finding] = sameMetrics(runs(before), runs(now))
  expect(finding).toMatchObject(expected)
  expect(finding?.open).toBe('open' in expected ? true : undefined)
})
