import { expect, test } from 'vitest'
import { summary } from '../../trace/stats/statistics.ts'
import type { Manifest } from '../../results/manifest.ts'
import { absentMetrics, enough, mediansSoFar, metricsOf, metricText, missingMetrics } from './metrics.ts'

test('a metric is the median of everything that matches in a run', () => {
  const own = [{ message: 'took 7 ns' }, { message: 'took 9 ns' }, { message: 'other' }]
  expect(
    metricsOf(
      { ns: { message: 'took ([0-9]+) ns' }, out: { stdout: 'n=([0-9.]+)' }, no: { stdout: 'x(y)' } },
      {},
      { stdout: 'n=1.5\nn=2\nn=9' },
      own,
    ),
  ).toEqual({ ns: 8, out: 2, no: null })
  expect(metricsOf({ bad: { stdout: '(a+)' } }, {}, { stdout: 'aaa' }, [])).toEqual({ bad: null })
})

test('a number of a probe with its own loader is read from what that printed', () => {
  const calls = { stdout: '^@calls: ([0-9]+)$', of: 'reclaim', output: 'reclaim.bt' }
  const outputs = { stdout: '@calls: 1\n', beside: new Map([['reclaim.bt', 'Attaching 2 probes...\n\n@calls: 516\n']]) }
  expect(metricsOf({ calls }, {}, outputs, [])).toEqual({ calls: 516 })
  expect(metricsOf({ calls }, {}, { stdout: '@calls: 1\n' }, [])).toEqual({ calls: null })
})

test('a number of a probe is missed only in arms that have the probe, and the message names it', () => {
  const metrics = { calls: { stdout: '@calls: ([0-9]+)', of: 'reclaim' } }
  const missing = (probes: readonly string[]) => missingMetrics(metrics, { calls: null }, 'v5.10', { probes })
  expect(missing([])).toEqual([])
  expect(missing(['other'])).toEqual([])
  expect(missing(['reclaim'])[0]?.lines[0]).toContain('in what probe reclaim printed (probe-*.out of the run)')
})

test('a group that captured nothing is no zero', () => {
  const out = 'took  ns\ntook 400 ns\ntook  ns\n'
  expect(
    metricsOf({ ns: { stdout: 'took ([0-9]*) ns' }, no: { stdout: 'took (?:([0-9]+)|) ns' } }, {}, { stdout: out }, []),
  ).toEqual({
    ns: 400,
    no: 400,
  })
  expect(metricsOf({ ns: { stdout: 'took ([0-9 ]*)ns' } }, {}, { stdout: 'took  ns' }, [])).toEqual({ ns: null })
})

test('a pattern means what it means in the other keys: slashes around it, ends of lines, parameters', () => {
  const out = 'n=16: 5\nn=64: 7\nsum 12\n'
  const value = (stdout: string) => metricsOf({ m: { stdout } }, { n: 64 }, { stdout: out }, [])['m']
  expect(value('/sum ([0-9]+)/')).toBe(12)
  expect(value('^n=16: ([0-9]+)$')).toBe(5)
  expect(value('/^n=${n}: ([0-9]+)$/')).toBe(7)
  expect(value('/^([0-9]+)$/')).toBe(null)
})

test('a required metric that matched nothing is an unmet expectation; one of messages only where probes can speak', () => {
  const metrics = {
    out: { stdout: '/took ([0-9]+)/' },
    message: { message: 'len ([0-9]+)' },
    rare: { stdout: 'retried ([0-9]+)', required: 'no' as const },
    found: { stdout: 'n ([0-9]+)' },
  }
  const values = { out: null, message: null, rare: null, found: 0 }
  const missing = (probes?: readonly string[]) =>
    missingMetrics(metrics, values, 'v5.10', probes === undefined ? {} : { probes }).map(({ ok, lines }) => [
      ok,
      lines[0]?.split(';')[0],
    ])
  const out = [false, 'metric out: nothing matches /took ([0-9]+)/ in what the workload printed (stdout)']
  expect(missing()).toEqual([out, [false, "metric message: nothing matches len ([0-9]+) in the workload's messages"]])
  expect(missing([])).toEqual([out])
  expect(missing(['p~empty'])).toEqual([out])
  expect(absentMetrics(metrics, values, 'v5.10', {})).toEqual([
    'metric rare (not required): nothing matches retried ([0-9]+) in what the workload printed (stdout)',
  ])
})

const runs = (...values: (number | null)[]) => values.map((ns) => ({ metrics: { ns } }) as unknown as Manifest)

test('enough is when the interval is narrow enough, and never before the minimum', () => {
  const until = { metric: 'ns', precision: 0.05, min: 5 }
  expect(enough(runs(100, 100, 100, 100), until)).toBe(false)
  expect(enough(runs(100, 100, 100, 100, null), until)).toBe(false)
  expect(enough(runs(100, 101, 100, 99, 100), until)).toBe(true)
  expect(enough(runs(100, 200, 50, 150, 90), until)).toBe(false)
})

test('medians so far keep the names and units of the lab file, and are shown in the unit of the summary', () => {
  const list = [
    { wait_ns: 3000, calls: 2 },
    { wait_ns: 5000, calls: null },
  ].map((metrics) => ({ metrics }) as unknown as Manifest)
  expect(mediansSoFar(list, { wait_ns: { stdout: 'x (.+)' }, calls: { stdout: 'y (.+)', unit: 'calls' } })).toEqual([
    { metric: 'wait_ns', median: 4000, unit: 'ns', runs: 2, shown: 'wait 4 µs' },
    { metric: 'calls', median: 2, unit: 'calls', runs: 1, shown: 'calls 2' },
  ])
})

test('the text says median, interval, outliers, and how many runs are missing', () => {
  expect(metricText('ns', summary([100, 100, 100]), 0.05)).toBe('ns 100 [100, 100], ±0.0 %, 3 runs')
  const wide = metricText('ns', summary([100, 200, 50, 150, 90, 5000]), 0.05)
  expect(wide).toMatch(/^ns 125 \[.*\], ±.* %, 6 runs; 1 far from the rest: 5000; ±5\.0 % would need about \d+$/)
  expect(metricText('ns', summary([100, 200, 50]), undefined)).not.toContain('would need')
})

test.each([
  [[412.1], undefined, 'ns 412.1, 1 run: too few for an interval'],
  [[400, 410], undefined, 'ns 405 (400 and 410), 2 runs: too few for an interval'],
  [[400], 0.05, 'ns 400, 1 run: too few for an interval; ±5.0 % needs 3 runs at least'],
])('%j has no interval', (values, wanted, text) => {
  expect(metricText('ns', summary(values), wanted)).toBe(text)
})

test('what loading took is the sum over the programs that are meant, and no number where one of them is not known', () => {
  const programs = [
    { program: 'a', loadNs: 100, verified: 10, jitBytes: 0 },
    { program: 'b', loadNs: 200, jitBytes: 64 },
  ]
  const metrics = {
    all: { load: 'ns' },
    one: { load: 'instructions', program: 'a' },
    some: { load: 'instructions' },
    code: { load: 'jit-bytes' },
    none: { load: 'ns', program: 'c' },
  } as const
  expect(metricsOf(metrics, {}, { stdout: '' }, [], programs)).toEqual({
    all: 300,
    one: 10,
    some: null,
    code: 64,
    none: null,
  })
})
