import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { EVIL, EVIL_TEXT } from './evil-pattern.fixture.ts'
import { everyMatch, GaveUp, groupsOf, inTime, matches, type Pattern } from './pattern.ts'

/** Milliseconds that an expression has in these tests, where nothing waits for the end of one. */
const most = vi.hoisted(() => ({ ms: 200 }))
vi.mock('../../engine/deadline.ts', async (original) => {
  const real = await original<typeof import('../../engine/deadline.ts')>()
  return { ...real, withDeadline: (ms: number, work: () => unknown) => real.withDeadline(Math.min(ms, most.ms), work) }
})

const pattern = (regex: RegExp): Pattern => ({ kind: 'regex', regex })

test('a text is the whole line, a regular expression may match anywhere in it', () => {
  expect([matches({ kind: 'text', text: 'ab' }, 'abc'), matches(pattern(/b/u), 'abc')]).toEqual([false, true])
})

test('^ and $ are the ends of each line', () => {
  expect(everyMatch('a 1\na 2\n', /^a (\d)$/u).map(([, number]) => number)).toEqual(['1', '2'])
})

describe('an expression that backtracks for ever is given up, and named', () => {
  test.each([
    ['matches', () => matches(pattern(EVIL), EVIL_TEXT)],
    ['everyMatch', () => everyMatch(EVIL_TEXT, EVIL)],
    ['many in one piece of work', () => inTime(() => [EVIL_TEXT].map((text) => matches(pattern(EVIL), text)))],
  ])('%s', (_, run) => {
    expect(run).toThrow(GaveUp)
    expect(run).toThrow(/^the regular expression .*\(a\+\)\+.* was not done after/)
  })
})

test('what is not an expression is not called one', () => {
  const forever = () => {
    for (;;);
  }
  expect(() => inTime(forever)).toThrow(/^the analysis was not done after/)
})

test('after one was given up, the next one runs', () => {
  expect(() => matches(pattern(EVIL), EVIL_TEXT)).toThrow(GaveUp)
  expect(matches(pattern(/a/u), EVIL_TEXT)).toBe(true)
})

test('one that needs more memory than V8 gives it is given up, too', () => {
  most.ms = 60_000
  onTestFinished(() => void (most.ms = 200))
  expect(() => matches(pattern(/(?:a|b)*c/u), 'ab'.repeat(2e7))).toThrow(/\(\?:a\|b\)\*c.* needs more memory/)
})

test('an error of the work itself is passed on', () => {
  const error = new RangeError('of somebody else')
  expect(() =>
    inTime(() => {
      throw error
    }),
  ).toThrow(error)
})

test('groups are counted, those of one that does not compile are not', () => {
  expect(['a', '(a)|(?:b)', '(a)(b)'].map(groupsOf)).toEqual([0, 1, 2])
  expect(() => groupsOf('(')).toThrow(SyntaxError)
})
