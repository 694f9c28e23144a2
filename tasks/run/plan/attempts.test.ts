import { expect, test } from 'vitest'
import { Attempts, type Attempted } from './attempts.ts'
import { MANIFEST } from '../../results/run.fixture.ts'

type Result = 'passed' | 'failed' | 'incomplete' | 'failed by a loss' | 'not started'

/** A result of this kind, as the attempt of this number. */
function result(kind: Result, attempt = 1) {
  const completeness = kind === 'passed' || kind === 'failed' ? 'complete' : 'incomplete'
  return {
    ...MANIFEST,
    verdict: kind === 'passed' || kind === 'incomplete' ? kind : 'failed',
    trace: { ...MANIFEST.trace, completeness },
    workload: { ...MANIFEST.workload, pid: kind === 'not started' ? null : 7 },
    plan: { attempt },
  } satisfies Attempted & { plan: { attempt: number } }
}

/** Number and buffers of each attempt, for these outcomes one after the other. */
function attempts(request: ConstructorParameters<typeof Attempts>[0], outcomes: readonly string[]): string[] {
  const tries = new Attempts(request)
  const made: string[] = []
  for (const outcome of outcomes) {
    made.push(`${tries.number} x${tries.buffers}`)
    const again = outcome === 'lost' ? tries.afterFailure() : tries.again(result(outcome as Result))
    if (!again) return made
  }
  return [...made, 'another']
}

test.each([
  ['a run that passes is made once', 2, 'retry', ['passed'], ['1 x1']],
  ['without retries a failure is final', 0, 'fail', ['failed'], ['1 x1']],
  ['a failure uses up a retry', 1, 'fail', ['failed', 'lost'], ['1 x1', '2 x1']],
  ['a loss is tried again once, with twice the buffer', 0, 'retry', ['incomplete', 'incomplete'], ['1 x1', '2 x2']],
  ['not without onLoss: retry', 0, 'fail', ['incomplete'], ['1 x1']],
  [
    'a loss that breaks an expectation is a loss',
    0,
    'retry',
    ['failed by a loss', 'failed by a loss'],
    ['1 x1', '2 x2'],
  ],
  ['a failure that lost nothing is none', 0, 'retry', ['failed'], ['1 x1']],
  ['a workload that was not started lost nothing', 0, 'retry', ['not started'], ['1 x1']],
  [
    'a loss uses up no retry: there is one left for the failure after it',
    1,
    'retry',
    ['incomplete', 'failed', 'failed'],
    ['1 x1', '2 x2', '3 x2'],
  ],
  [
    'a failure takes nothing from a loss after it',
    1,
    'retry',
    ['lost', 'incomplete', 'incomplete'],
    ['1 x1', '2 x1', '3 x2'],
  ],
] as const)('%s', (_name, retries, onLoss, outcomes, made) => {
  expect(attempts({ retries, onLoss }, outcomes)).toEqual(made)
})

test('a verdict is waited for where another attempt may follow', () => {
  const several = (retries: number, onLoss: 'fail' | 'warn' | 'retry') => new Attempts({ retries, onLoss }).several
  expect([several(0, 'fail'), several(0, 'warn'), several(1, 'fail'), several(0, 'retry')]).toEqual([
    false,
    false,
    true,
    true,
  ])
})

test.each([
  ['no attempt yet', 1, 'fail', [], '1 x1'],
  ['an attempt that passed', 1, 'retry', [['passed', 1]], 'done'],
  ['a failure with a retry left', 1, 'fail', [['failed', 1]], '2 x1'],
  [
    'a failure, and its retry',
    1,
    'fail',
    [
      ['failed', 1],
      ['failed', 2],
    ],
    'done',
  ],
  ['a loss that is to be tried again', 0, 'retry', [['failed by a loss', 1]], '2 x2'],
  [
    'a loss twice',
    0,
    'retry',
    [
      ['incomplete', 1],
      ['incomplete', 2],
    ],
    'done',
  ],
  ['a failure after an attempt that left no result', 1, 'fail', [['failed', 2]], 'done'],
  ['the same with one more retry', 2, 'fail', [['failed', 2]], '3 x1'],
] as const)('an interrupted run goes on after %s', (_name, retries, onLoss, made, next) => {
  const tries = new Attempts({ retries, onLoss })
  const another = tries.replay(made.map(([kind, attempt]) => result(kind, attempt)))
  expect(another ? `${tries.number} x${tries.buffers}` : 'done').toBe(next)
})
