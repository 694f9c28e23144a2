import { expect, test } from 'vitest'
import { compareMessages } from './divergence.ts'
import { said, trace } from '../events/trace.fixture.ts'

const READ = (address: string) => ['enter', 'middle', `copyout to ${address} len 16`]

test('addresses and pids differ from boot to boot, and are no difference', () => {
  const first = trace(said(95, ...READ('0x1'), ...READ('0x1')))
  const second = trace(said(133, ...READ('0xffff88'), ...READ('0xffff99')))
  expect(compareMessages(first, second)).toMatchObject({ messages: [6, 6], divergence: undefined, kinds: [] })
})

test('the first message that differs, in its context', () => {
  const first = trace(said(1, ...READ('0x1'), ...READ('0x1'), 'end'))
  const second = trace(said(1, ...READ('0x1'), 'enter', 'copyout to 0x1 len 8'))
  expect(compareMessages(first, second)).toEqual({
    messages: [7, 5],
    processes: [1, 1],
    divergence: {
      process: 1,
      message: 5,
      before: ['middle', 'copyout to 0x… len 16', 'enter'],
      first: ['middle', 'copyout to 0x… len 16', 'end'],
      second: ['copyout to 0x… len 8'],
    },
    kinds: [
      { kind: 'middle', counts: [2, 1] },
      { kind: 'end', counts: [1, 0] },
    ],
  })
})

test('a number that differs is a difference, although the kind of message is the same', () => {
  const { divergence, kinds } = compareMessages(trace(said(1, 'len 16')), trace(said(1, 'len 64')))
  expect(divergence).toMatchObject({ message: 1, before: [], first: ['len 16'], second: ['len 64'] })
  expect(kinds).toEqual([])
})

test('one that ends early differs where it ends', () => {
  const { divergence } = compareMessages(trace(said(1, 'a', 'b')), trace(said(1, 'a')))
  expect(divergence).toMatchObject({ message: 2, before: ['a'], first: ['b'], second: [] })
})

test('processes are compared one by one, however they were interleaved', () => {
  const first = trace(said(1, 'a'), said(2, 'x'), said(1, 'b'), said(2, 'y'))
  const second = trace(said(7, 'a', 'b'), said(8, 'x', 'y'))
  expect(compareMessages(first, second).divergence).toBeUndefined()
  expect(compareMessages(first, trace(said(7, 'a', 'b'))).divergence).toMatchObject({ process: 2, first: ['x', 'y'] })
})
