import { expect, test } from 'vitest'
import { right, wrong } from '../evidence/finding.ts'
import { answer } from './verify.ts'

const results = (...verdicts: string[]) =>
  verdicts.map((verdict, index) => ({ run: `x/r${index}`, verdict, findings: [right('trace', 'as recorded')] }))
const lastLine = (...verdicts: string[]) => {
  const { text, status } = answer(results(...verdicts), [])
  return [text.split('\n').at(-1), status]
}

test('results that are as recorded and did not pass are no success: the last line and the exit code say so', () => {
  expect(lastLine('failed', 'failed', 'incomplete')).toEqual([
    '3 results, all as recorded; NONE PASSED: 2 failed, 1 incomplete',
    1,
  ])
  expect(lastLine('failed')).toEqual(['1 result, all as recorded; NONE PASSED: 1 failed', 1])
})

test('where some passed, all verdicts are counted', () => {
  expect(lastLine('passed', 'failed', 'passed')).toEqual(['3 results, all as recorded; 2 passed, 1 failed', 0])
  expect(lastLine('imported')).toEqual(['1 result, all as recorded; 1 imported', 0])
})

test('the way out of what is wrong stands below the findings, once', () => {
  const findings = [wrong('stdout', 'is missing', 'take a copy'), wrong('stderr', 'is missing', 'take a copy')]
  const { text } = answer([{ run: 'x/r', verdict: 'passed', findings }], [])
  expect(text.split('\n').slice(1, 4)).toEqual([
    '  NOT OK  stdout: is missing',
    '  NOT OK  stderr: is missing',
    '  → take a copy',
  ])
})

test('what was changed is not relied on, whatever it says of itself', () => {
  const { text, status } = answer([{ run: 'x/r', verdict: 'passed', findings: [wrong('trace', 'is another')] }], [])
  expect([text.split('\n').at(-1), status]).toEqual(['this is not what was recorded: do not rely on it', 1])
})
