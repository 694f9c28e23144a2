import { expect, test } from 'vitest'
import { kindOfMessage, stepsOf } from './steps.ts'
import { said, trace } from './trace.fixture.ts'

test.each([
  ['copyout to 0x7ffe12 from 0xffff888003 len 16', 'copyout to 0x… from 0x… len N'],
  ['ext4 file read', 'ext4 file read'],
  ['copyout took -5 ns, 1.25 of 3', 'copyout took N ns, N of N'],
  ['v5.10.3 stays, a_1 too', 'v5.10.3 stays, a_1 too'],
])('%s is of the kind %s', (message, kind) => {
  expect(kindOfMessage(message)).toBe(kind)
})

test('gaps are those of one process, whatever others print between', () => {
  const events = trace(said(1, 'enter 1'), said(2, 'other'), said(1, 'exit 1', 'enter 2', 'exit 2'))
  expect(stepsOf(events)).toEqual({
    steps: [
      { from: 'enter N', to: 'exit N', gaps: [2000, 1000] },
      { from: 'exit N', to: 'enter N', gaps: [1000] },
    ],
    others: 0,
  })
})

test('a program that prints something else each time does not fill the memory, and nothing is lost in silence', () => {
  const words = Array.from({ length: 3000 }, (_, index) => `word_${index}`)
  const { steps, others } = stepsOf(trace(said(1, ...words)))
  expect([steps.length, others]).toEqual([2000, 999])
})
