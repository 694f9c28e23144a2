import { describe, expect, test, vi } from 'vitest'
import { Failure, type FailureKind } from '../../engine/error.ts'
import { afterFailure } from './after-failure.ts'

const failure = (kind: FailureKind, fact: string) => new Failure(kind, { place: 'run 1', fact, wayOut: 'try again' })
const died = failure('experiment', 'the VM died')
const refused = failure('user', 'the verifier refused it')
const ctrlC = failure('interrupted', 'interrupted')
const full = failure('lab', 'the disk is full')
const bug = new TypeError('x is undefined')

describe('after a failure', () => {
  test.each([
    ['a VM that died is replaced while retries are left', { error: died }, true, { next: 'retry' }],
    ['without retries the arm is given up', { error: died }, false, { next: 'give up the arm', cause: died }],
    ['what is refused is refused again', { error: refused }, true, { next: 'give up the arm', cause: refused }],
    ['nobody retries after Ctrl-C', { error: ctrlC }, true, { next: 'give up the arm', cause: ctrlC }],
    ['a bug of lab is not retried', { error: bug }, true, { next: 'give up the arm', cause: bug }],
    ['a full disk comes first', { error: died, hostFull: full }, true, { next: 'give up the arm', cause: full }],
    [
      'the run before it comes before all',
      { error: died, hostFull: full, previous: bug },
      true,
      { next: 'stop', cause: bug },
    ],
  ] as const)('%s', (_, trouble, retryLeft, expected) => {
    expect(afterFailure({ ...trouble, takeRetry: () => retryLeft })).toEqual(expected)
  })

  test.each([
    ['a refusal', { error: refused }],
    ['a full disk', { error: died, hostFull: full }],
    ['a failure of the run before', { error: died, previous: bug }],
  ])('%s uses up no retry', (_, trouble) => {
    const takeRetry = vi.fn(() => true)
    afterFailure({ ...trouble, takeRetry })
    expect(takeRetry).not.toHaveBeenCalled()
  })
})
