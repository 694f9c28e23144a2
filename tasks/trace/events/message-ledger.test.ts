import { expect, test } from 'vitest'
import { messageLedger, patternOfFormat, type FiredProgram } from './message-ledger.ts'

const format = (text: string, least: number, most: number, open = false) => ({ text, open, least, most })
/** A program that was counted exactly. */
const program = (name: string, fired: number, ...formats: readonly ReturnType<typeof format>[]): FiredProgram => {
  const sum = (key: 'least' | 'most') => formats.reduce((total, format) => total + format[key], 0)
  return { program: name, least: fired, most: fired, prints: { least: sum('least'), most: sum('most'), formats } }
}
const repeat = (count: number, text: string) => Array.from({ length: count }, () => text)

const COPYOUT = format('copyout to 0x%lx from 0x%lx len %lu\n', 1, 1)
const MESSAGE = 'copyout to 0x12716e0 from 0xffff88803cc72000 len 16'

test('hits times messages is what was recorded: nothing to say', () => {
  const programs = [
    program('copyout', 3, COPYOUT, format('entering copyout', 1, 1)),
    program('filtered', 9, format('x %d', 0, 1)),
  ]
  expect(messageLedger(programs, [...repeat(3, MESSAGE), ...repeat(3, 'entering copyout'), 'x -5'], true)).toEqual([])
})

test('messages that are missing: the program, its hits, what they give and what was recorded', () => {
  expect(messageLedger([program('copyout', 3, COPYOUT)], repeat(2, MESSAGE), true)).toEqual([
    'copyout fired 3 times, which gives 3 messages "copyout to 0x%lx from 0x%lx len %lu", and 2 were recorded',
  ])
  expect(messageLedger([program('silent', 1, format('never', 1, 1))], ['other'], true)).toEqual([
    'silent fired 1 time, which gives 1 message "never", and 0 were recorded',
  ])
})

test('programs that print the same, or messages that could be of two formats, are counted together', () => {
  const same = [program('a', 2, format('same', 1, 1)), program('b', 3, format('same', 1, 1))]
  expect(messageLedger(same, repeat(5, 'same'), true)).toEqual([])
  expect(messageLedger(same, repeat(4, 'same'), true)).toEqual([
    'a fired 2 times, b fired 3 times, which gives 5 messages "same", and 4 were recorded',
  ])
  const alike = [program('a', 2, format('n %d', 1, 1)), program('b', 2, format('n %s', 1, 1))]
  expect(messageLedger(alike, repeat(4, 'n 7'), true)).toEqual([])
  expect(messageLedger(alike, repeat(3, 'n 7'), true)).toHaveLength(1)
})

test('one of several messages each time: their sum is what is known', () => {
  const either = { ...program('either', 4, format('yes', 0, 1), format('no', 0, 1)) }
  const programs = [{ ...either, prints: { least: 1, most: 1, formats: either.prints?.formats ?? [] } }]
  expect(messageLedger(programs, ['yes', 'no', 'no', 'yes'], true)).toEqual([])
  expect(messageLedger(programs, ['yes', 'no', 'no'], true)).toEqual([
    'either fired 4 times, which gives at least 4 messages, and 3 were recorded',
  ])
})

test('more than the programs can have printed is somebody else’s, unless somebody else is known to be there', () => {
  const programs = [program('copyout', 2, COPYOUT)]
  expect(messageLedger(programs, repeat(3, MESSAGE), true)).toEqual([
    expect.stringMatching(
      /^copyout fired 2 times, which gives at most 2 messages ".*", and 3 were recorded: somebody else/,
    ),
  ])
  expect(messageLedger(programs, repeat(3, MESSAGE), false)).toEqual([])
  // A program of which nothing is known can print anything, and one that nobody counted as often as it likes.
  expect(messageLedger([...programs, { ...program('loops', 1), prints: undefined }], repeat(3, MESSAGE), true)).toEqual(
    [],
  )
  expect(messageLedger([{ ...program('copyout', 2, COPYOUT), most: undefined }], repeat(3, MESSAGE), true)).toEqual([])
})

test('a format of which only the beginning is known takes whatever begins so', () => {
  const pattern = patternOfFormat({ text: 'copyout to 0x%l', open: true })
  expect([pattern.test(MESSAGE), pattern.test('other')]).toEqual([true, false])
  expect(patternOfFormat({ text: '', open: true }).test('anything\nat all')).toBe(true)
})

test('characters of a format that mean something in a regular expression mean themselves', () => {
  const pattern = patternOfFormat({ text: 'a.b (%s) [%5d] 100%%\n', open: false })
  expect([pattern.test('a.b (x y) [   12] 100%'), pattern.test('a-b (x) [1] 100%')]).toEqual([true, false])
})
