import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { lastWords, whyNot, withParams } from './why.ts'

type Run = Parameters<typeof whyNot>[0]

const run = (more: object): Run =>
  ({
    verdict: 'failed',
    workload: { argv: [], pid: 1, status: 0, signal: null, ms: 1 },
    expectations: [],
    failures: [],
    trace: { reasons: [] },
    arm: { name: '', params: { n: 4 } },
    ...more,
  }) as unknown as Run

const ended = (status: number | null, signal: number | null = null) => ({
  workload: { argv: [], pid: 1, status, signal, ms: 1 },
})
const unmet = {
  expectations: [
    { ok: true, lines: ['fine'] },
    { ok: false, lines: ['messages /read ${n}/: found 0', 'more'] },
  ],
}

test.each([
  ['a workload with a status', { ...ended(3), ...unmet }, 'the workload ended with status 3'],
  ['a workload that was killed', ended(null, 11), /^the workload was ended by .*SIGSEGV/],
  ['an expectation, with the values of its arm', unmet, 'messages /read 4/: found 0'],
  [
    'a trace that is not whole',
    { verdict: 'incomplete', trace: { reasons: ['5 events were lost'] }, ...unmet },
    '5 events were lost',
  ],
  ['another failure', { failures: [{ stage: 'load', program: null, fact: 'no' }] }, 'no'],
  ['a run that passed', { verdict: 'passed', ...unmet }, undefined],
])('%s', (_, more, why) => {
  if (why instanceof RegExp) expect(whyNot(run(more))).toMatch(why)
  else expect(whyNot(run(more))).toBe(why)
})

test('what cannot be filled in stays as it is', () => {
  expect(withParams('${n} of ${m} and ${', { n: 1 })).toBe('${n} of ${m} and ${')
})

test('last words: of stderr, else of stdout; none of a run that passed', async () => {
  const dir = tempDir()
  writeFileSync(join(dir, 'stdout'), 'out\n')
  writeFileSync(join(dir, 'stderr'), '\n')
  expect(await lastWords(dir, run(ended(1)))).toEqual(['out'])
  writeFileSync(join(dir, 'stderr'), `${'x\n'.repeat(10_000)}a\nb\u001b[2J\n\n`)
  expect(await lastWords(dir, run(ended(1)))).toEqual(['x', 'x', 'x', 'a', expect.stringMatching(/^b.*\[2J$/)])
  expect((await lastWords(dir, run(ended(1)))).join('')).not.toContain('\u001b')
  expect(await lastWords(dir, run({ verdict: 'passed', ...ended(1) }))).toEqual([])
  expect(await lastWords(join(dir, 'none'), run(ended(1)))).toEqual([])
})
