import { expect, test } from 'vitest'
import type { CallNode } from '../events/call-graph.ts'
import { checkCalls } from './expect-calls.ts'

const call = (name: string, ...children: readonly CallNode[]): CallNode => ({ kind: 'call', name, ns: 1, children })
const message: CallNode = { kind: 'message', text: 'c' }
const tree = [call('other', call('c')), call('a', call('x', message, call('b', call('y'), call('c'))))]

test('functions inside each other, with others between them', () => {
  expect(checkCalls(['a', 'b', 'c'], tree)).toEqual({ ok: true, lines: ['a > b > c'] })
})

test('a function that calls itself is two of the chain only when it is there twice', () => {
  expect(checkCalls(['a', 'a'], tree).ok).toBe(false)
  expect(checkCalls(['a', 'a'], [call('a', call('a'))]).ok).toBe(true)
})

test.each([
  [['a', 'c', 'b'], 'expected a > c > b, found no call of b inside a > c'],
  [['b', 'a'], 'expected b > a, found no call of a inside b'],
  [['nothing', 'a'], 'expected nothing > a, found no call of nothing in 2 trees'],
])('%s are not inside each other', (chain, line) => {
  expect(checkCalls(chain, tree)).toEqual({ ok: false, lines: [line] })
})

test('no tree at all', () => {
  expect(checkCalls(['a', 'b'], [])).toEqual({ ok: false, lines: ['no call of the workload is in the call tree'] })
})
