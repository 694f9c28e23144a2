import { expect, test } from 'vitest'
import { checkExpectation } from './expectation.ts'
import { Processes } from '../events/processes.ts'
import { executed, said, trace } from '../events/trace.fixture.ts'

function forbidden(order: readonly string[], ...steps: ReturnType<typeof said>[]): [ok: boolean, matching: number] {
  const events = trace(...steps)
  const patterns = order.map((text) => ({ kind: 'text', text }) as const)
  const expected = { order: patterns, texts: order, per: 'sequence', unit: 'read', times: 0 } as const
  const { ok, matching } = checkExpectation(expected, events, new Set([7, 8]), new Processes(events))
  return [ok, matching]
}

test.each<[order: string, trace: string, matching: number]>([
  ['A A B', 'A A B', 1],
  ['A A B', 'A A A B', 1],
  ['A A B', 'A A A A B A B', 1],
  ['A B', 'X A B Y', 1],
  ['A B', 'A A A B A B', 2],
  ['A A', 'A A A A A', 2],
  ['A B', 'B A', 0],
  ['A B', 'A X B', 0],
  ['A B C', 'A B', 0],
])('times: 0: [%s] in %s is there %i times', (order, messages, matching) => {
  expect(forbidden(order.split(' '), said(7, ...messages.split(' ')))).toEqual([matching === 0, matching])
})

test('times: 0: an order of two processes, or of two programs, is none of one', () => {
  expect(forbidden(['A', 'B'], said(7, 'A'), said(8, 'B'))).toEqual([true, 0])
  expect(forbidden(['A', 'B'], said(7, 'X', 'A'), [executed(7, '/bin/x')], said(7, 'B'))).toEqual([true, 0])
  expect(forbidden(['A', 'B'], said(7, 'A'), said(8, 'A'), said(7, 'B'))).toEqual([false, 1])
})

test('lines count in the word of the experiment, and in runs where a run is one sequence', () => {
  const events = trace(said(7, 'A', 'B', 'A', 'B'))
  const order = ['A', 'B'].map((text) => ({ kind: 'text', text }) as const)
  const checked = (per: 'sequence' | 'run', times?: number) =>
    checkExpectation(
      { order, texts: ['A', 'B'], per, unit: 'query', times },
      events,
      new Set([7]),
      new Processes(events),
    )
  expect(checked('sequence').lines).toEqual(['2 queries, each 2 messages in the expected order'])
  expect(checked('sequence').expected).toMatch(/^1 query or more, each with exactly 2 messages/)
  expect(checked('sequence', 3).lines).toEqual(['expected 3 such queries, found 2'])
  expect(checked('run').lines[0]).toMatch(/^run 1 of .*, message 3: expected nothing more, found "A"$/)
})
