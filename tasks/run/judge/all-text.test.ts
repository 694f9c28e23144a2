import { expect, test } from 'vitest'
import { MANIFEST } from '../../results/run.fixture.ts'
import type { RunOutcome } from '../outcome.ts'
import { allText } from './all-text.ts'
import { stateLines } from './state-text.ts'

const outcome = (more: object = {}): RunOutcome =>
  ({ dir: '/r/readiter/a', manifest: { ...MANIFEST, ...more }, own: undefined }) as unknown as RunOutcome

const BAD = { verdict: 'failed', workload: { ...MANIFEST.workload, pid: 7, status: 3, signal: null } }

test('a row for each experiment, with the reason and the last words below one that did not pass', () => {
  const text = allText([
    { name: 'good', outcomes: [outcome(), outcome()] },
    { name: 'much-longer', outcomes: [outcome(), outcome(BAD), outcome(BAD)], words: ['no such file'] },
    { name: 'broken', outcomes: [], failed: 'it does not compile' },
    { name: 'later', outcomes: [], skipped: 'no hardware' },
  ])
  expect(text.split('\n')).toEqual([
    'EXPERIMENT   VERDICT  RUNS PASSED',
    'good         passed   2 of 2',
    'much-longer  failed   1 of 3',
    '  the workload ended with status 3 (2 runs)',
    '    no such file',
    `  → \`lab explain ${MANIFEST.run}\``,
    'broken       failed   -',
    '  it does not compile',
    'later        skipped  -',
    '  no hardware',
    '',
    '4 experiments: 1 passed, 2 failed, 1 skipped',
  ])
})

test('where an interrupted command stands: what is done with its numbers, and what was not begun', () => {
  const arm = (name: string, ns: number) => outcome({ arm: { name, params: {} }, metrics: { ns } })
  const state = {
    total: 8,
    outcomes: [arm('a=1', 3), arm('a=2', 5), outcome({ ...BAD, arm: { name: 'a=2', params: {} } })],
  }
  const declared = { metrics: { ns: { stdout: 'x (.+)', unit: 'ns' } } }
  const lines = stateLines([
    { name: 'readiter', declared, state },
    { name: 'x', declared, state: undefined },
    { name: 'y', declared, state: undefined },
  ])
  expect(lines[0]).toBe('readiter: 3 of 8 runs done, 1 did not pass')
  expect(lines).toContain('  readiter a=2  failed: 1 passed, 1 failed')
  expect(lines.some((line) => line.startsWith('      ns 3,'))).toBe(true)
  expect(lines.at(-1)).toBe('not begun: x, y')
})
