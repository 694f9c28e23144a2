import { expect, test } from 'vitest'
import { Attempts } from './attempts.ts'

/** Number and buffers of each attempt, for these outcomes one after the other. */
function attempts(wanted: ConstructorParameters<typeof Attempts>[0], outcomes: readonly string[]): string[] {
  const tries = new Attempts(wanted)
  const made: string[] = []
  for (const outcome of outcomes) {
    made.push(`${tries.number} x${tries.buffers}`)
    const again = outcome === 'lost' ? tries.afterFailure() : tries.again(outcome as 'passed' | 'failed' | 'incomplete')
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
