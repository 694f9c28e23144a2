import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { changed, open } from '../../config/lab.fixture.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { incomparable, publishedReports, type ComparedRun } from './evaluate.ts'
import { publishedLines } from './text.ts'

function experimentWith(published: string): ResolvedExperiment {
  const { lab } = open(
    changed(
      ['params: { bytes: [16], count: [3] }', 'params: { bytes: [16, 64], count: [3] }'],
      [
        '    repeat: 5\n',
        `    repeat: 5\n    metrics: { took: { stdout: 'took ([0-9]+)', unit: us } }\n    published: ${published}\n`,
      ],
    ),
  )
  const found = lab.experiments['readiter']
  if (found === undefined) throw new Error('the example has no experiment readiter')
  return found
}

const run = (bytes: number, took: number, more: Partial<ComparedRun> = {}): ComparedRun => ({
  arm: `bytes=${bytes},count=3`,
  node: 'n1',
  kernel: 'v5.4',
  accel: 'kvm',
  clocksource: 'tsc',
  deterministic: false,
  metrics: { took },
  ...more,
})
const RUNS = [0, 1, 2, 3, 4].flatMap((step) => [run(16, 1000 + step), run(64, 3000 + step)])

test('measured numbers are converted to the unit of the published ones', () => {
  const [report] = publishedReports(
    experimentWith(
      '[{ source: a paper, metric: took, unit: ms, values: { "bytes=16,count=3": [1, 0.1], "count=3,bytes=64": 3 }, claims: [{ equal: 5% }, { shape: 5% }] }]',
    ),
    RUNS,
  )
  expect(report?.arms).toMatchObject([
    { arm: 'bytes=16,count=3', published: { value: 1, spread: 0.1 }, median: 1.002, count: 5 },
    { arm: 'bytes=64,count=3', published: { value: 3, spread: null }, count: 5 },
  ])
  expect(report?.arms[0]?.ratio).toBeCloseTo(1.002)
  expect(report?.claims.map(({ verdict }) => verdict)).toEqual(['holds', 'holds'])
  expect(publishedLines(report!).join('\n')).toMatch(/bytes=16,count=3 +1 ± 0\.1 +1\.002 \[1, 1\.004\] +1\.002 ×/)
})

test('absolute times are not compared under TCG or with another clock; how arms compare with one another is', () => {
  const claim = { equal: '5%' } as const
  const ratio = { ratio: [1, 2], of: 'a=1', to: 'a=2' } satisfies Parameters<typeof incomparable>[0]
  const kvm = { accel: 'kvm', clocksource: 'tsc', deterministic: false }
  expect(incomparable(claim, 'ms', {}, kvm)).toBeUndefined()
  expect(incomparable(claim, 'ms', {}, { ...kvm, accel: 'tcg' })).toContain('TCG')
  expect(incomparable(ratio, 'ms', {}, { ...kvm, accel: 'tcg' })).toBeUndefined()
  expect(incomparable(claim, 'calls', {}, { ...kvm, accel: 'tcg' })).toBeUndefined()
  expect(incomparable(claim, 'ms', { clock: 'kvm-clock' }, kvm)).toContain('another clock (kvm-clock, here tsc)')
  expect(incomparable(ratio, 'ms', {}, { ...kvm, deterministic: true })).toContain('instructions')
})

test('runs of two kernels or accelerators are never pooled', () => {
  const experiment = experimentWith(
    '[{ source: a paper, metric: took, claims: [{ ratio: [2.9, 3.1], of: bytes=64, to: bytes=16 }] }]',
  )
  const slow = RUNS.map((run) => ({ ...run, accel: 'tcg' }))
  const reports = publishedReports(experiment, [...RUNS, ...slow])
  expect(reports.map(({ accel, claims, arms }) => [accel, claims[0]?.verdict, arms[0]?.count])).toEqual([
    ['kvm', 'holds', 5],
    ['tcg', 'holds', 5],
  ])
})

test('values from a CSV file, and a file that is gone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lab-published-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const csv = join(dir, 'values.csv')
  writeFileSync(csv, 'arm,value,spread\n"bytes=16,count=3",1000,10\n')
  const experiment = experimentWith('[{ source: a paper, metric: took, claims: [{ atLeast: 1 }] }]')
  const published = experiment.published.map((values) => ({ ...values, csv }))
  const [report] = publishedReports({ ...experiment, published }, RUNS)
  expect(report?.arms[0]?.published).toEqual({ value: 1000, spread: 10 })
  rmSync(csv)
  expect(() => publishedReports({ ...experiment, published }, RUNS)).toThrow(/cannot be read/)
})

test('a single run has no interval, and arms that were not measured are counted and not listed', () => {
  const [report] = publishedReports(
    experimentWith(
      '[{ source: a paper, metric: took, values: { "bytes=16,count=3": 1, "bytes=64,count=3": 3 }, claims: [{ ratio: [2.9, 3.1], of: bytes=64, to: bytes=16 }, { atMost: 2000, arm: bytes=16 }] }]',
    ),
    [run(16, 1000)],
  )
  const lines = publishedLines(report!)
  expect(lines).toContain('  1 published arm not measured')
  expect(lines.join('\n')).not.toContain('no value')
  expect(lines.slice(-6)).toEqual([
    expect.stringContaining('cannot tell     took of bytes=64 is 2.9 to 3.1 times that of bytes=16'),
    '                  no run measured all arms of bytes=64,count=3 to bytes=16,count=3',
    expect.stringContaining('cannot tell     took is at most 2000 us'),
    '                  an arm has 1 run, and a claim needs 5',
    '                  1000 for bytes=16,count=3',
    '  2 claims: 2 cannot be told',
  ])
})
