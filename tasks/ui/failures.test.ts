import { describe, expect, it } from 'vitest'
import { experimentError, Failure, interrupted, labError, userError } from '../engine/error.ts'
import { type BugLog, exitCodeOf, reporter, reportLines } from './failures.ts'
import { painter } from '../engine/text.ts'

const plain = painter(false)
const say = (thrown: unknown, bugLog: BugLog = () => 'bugs/1.txt') =>
  reporter(bugLog)(thrown).flatMap((report) => reportLines(report, plain))

describe('a Failure', () => {
  it('has place, fact, way out, lines and log, in this order and without a stack', () => {
    const failure = labError({
      place: 'kernel v5.10',
      fact: 'the compiler stopped',
      wayOut: 'install gcc-12',
      lines: ['\tfoo.c:1: \x1b[1merror', '', '  ^'],
      log: '.lab/log/kernel.log',
    })
    expect(say(failure)).toEqual([
      'error: kernel v5.10: the compiler stopped',
      '  → install gcc-12',
      '            foo.c:1: \\x1b[1merror',
      '',
      '      ^',
      '  full log: .lab/log/kernel.log',
    ])
  })

  it.each([
    [userError({ fact: 'f' }), 'error: f'],
    [experimentError({ fact: 'f' }), 'failed: f'],
    [interrupted(), 'interrupted'],
  ])('is labelled by its kind (%#)', (failure, line) => expect(say(failure)).toEqual([line]))

  it('may have a fact of several lines', () => expect(say(userError({ fact: 'a\nb' }))).toEqual(['error: a', '  b']))
})

describe('a bug', () => {
  it('is called so, and its stack goes to a file', () => {
    const stacks: string[] = []
    const bug = new TypeError('x is undefined')
    expect(say(bug, (stack) => `bugs/${stacks.push(stack)}.txt`)).toEqual([
      'error: this is a bug in lab: x is undefined',
      '  stack: bugs/1.txt',
    ])
    expect(stacks[0]).toContain('failures.test.ts')
  })

  it('shows its stack when that cannot be written', () => {
    const lines = say(new Error('boom'), () => {
      throw new Error('ENOSPC')
    })
    expect(lines[1]).toContain('ENOSPC')
    expect(lines.join('\n')).toContain('failures.test.ts')
  })

  it('is not what the system refused, also where no step was at work', () => {
    const error = Object.assign(new Error("EACCES: permission denied, open '/lab/.lab/x'"), { code: 'EACCES' })
    expect(exitCodeOf(error)).toBe(69)
    expect(say(error)).toEqual([
      "error: EACCES: permission denied, open '/lab/.lab/x'",
      expect.stringContaining('make it writable for you'),
    ])
  })

  it('may be anything that was thrown', () => expect(say('text')[0]).toBe('error: this is a bug in lab: text'))
})

describe('several at once', () => {
  const first = experimentError({ fact: 'first' })
  const cleanup = labError({ fact: 'cleanup' })

  it('come in the order they happened, from `await using` too', async () => {
    const thrown = await (async () => {
      await using _ = { [Symbol.asyncDispose]: () => Promise.reject(cleanup) }
      throw first
    })().catch((error: unknown) => error)
    expect(say(thrown)).toEqual(['failed: first', 'error: cleanup'])
    expect(exitCodeOf(thrown)).toBe(1)
  })

  it('come from an AggregateError', () => {
    expect(say(new AggregateError([first, cleanup]))).toEqual(['failed: first', 'error: cleanup'])
  })
})

it('each is reported once', () => {
  const reports = reporter(() => 'log')
  const failure: Failure = interrupted()
  expect(reports(failure)).toHaveLength(1)
  expect(reports(new AggregateError([failure, userError({ fact: 'other' })]))).toHaveLength(1)
})

it('exit codes', () => {
  expect([userError({ fact: 'f' }), labError({ fact: 'f' }), interrupted(), new Error('bug')].map(exitCodeOf)).toEqual([
    2, 69, 130, 70,
  ])
})
