import { expect, test } from 'vitest'
import type { RunSplat } from '../../results/manifest.ts'
import { verdictOf } from './derived.ts'
import type { PrintedTests } from './kernel-log.ts'

const splat = (allowed: boolean) => ({ kind: 'warning', when: 'before', allowed }) as RunSplat
const tests = (failed: number, problems: string[] = []) =>
  ({ file: 'stdout', failed, problems }) as unknown as PrintedTests

type Analysis = Parameters<typeof verdictOf>[0]
const WELL = {
  expectations: [],
  notStarted: false,
  workloadMayFail: false,
  ledger: { completeness: 'complete' },
  damaged: undefined,
  splats: [],
  missing: [],
  tests: [],
} as unknown as Analysis

test.each<[string, Partial<Analysis>, string]>([
  ['nothing is wrong', {}, 'passed'],
  ['the kernel reported a bug, even before the run', { splats: [splat(false)] }, 'failed'],
  ['all reports are allowed', { splats: [splat(true)] }, 'passed'],
  ['one report is not allowed', { splats: [splat(true), splat(false)] }, 'failed'],
  ['a report, and the workload never started', { splats: [splat(false)], notStarted: true }, 'failed'],
  ['a report, and the trace is damaged', { splats: [splat(false)], damaged: 'cut off' }, 'failed'],
  ['a test failed, and the workload ended with 0', { tests: [tests(1)] }, 'failed'],
  ['a test has no result', { tests: [tests(0, ['the plan is 1..2, and 1 test has a result'])] }, 'failed'],
  ['all tests passed', { tests: [tests(0)] }, 'passed'],
  ['a test failed, as the experiment declares', { tests: [tests(1)], workloadMayFail: true }, 'passed'],
])('%s', (_, is, verdict) => {
  expect(verdictOf({ ...WELL, ...is }, { status: 0 }, 'fail')).toBe(verdict)
})
