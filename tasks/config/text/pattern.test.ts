import { describe, expect, test, vi } from 'vitest'
import { EVIL, EVIL_TEXT } from './evil-pattern.fixture.ts'
import { everyMatch, GaveUp, groupsOf, inTime, matches, type Pattern } from './pattern.ts'

/** Milliseconds that an expression has: more than any takes that comes to an end, on a loaded machine, too. */
const most = vi.hoisted(() => ({ ms: 60_000 }))
vi.mock('../../engine/deadline.ts', async (original) => {
  const real = await original<typeof import('../../engine/deadline.ts')>()
  return { ...real, withDeadline: (ms: number, work: () => unknown) => real.withDeadline(Math.min(ms, most.ms), work) }
})

/** What an expression that comes to no end throws, without a long wait for it. */
function givenUp(run: () => unknown): unknown {
  const { ms } = most
  most.ms = 200
  try {
    return run()
  } catch (error) {
    return error
  } finally {
    most.ms = ms
  }
}

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
    const error = givenUp(run)
    expect(error).toBeInstanceOf(GaveUp)
    expect(String(error)).toMatch(/the regular expression .*\(a\+\)\+.* was not done after/)
  })
})

test('what is not an expression is not called one', () => {
  const forever = () => {
    for (;;);
  }
  expect(String(givenUp(() => inTime(forever)))).toMatch(/the analysis was not done after/)
})

test('after one was given up, the next one runs', () => {
  expect(givenUp(() => matches(pattern(EVIL), EVIL_TEXT))).toBeInstanceOf(GaveUp)
  expect(matches(pattern(/a/u), EVIL_TEXT)).toBe(true)
})

test('one that needs more memory than V8 gives it is given up, too', () => {
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
