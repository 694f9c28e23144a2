import { expect, test } from 'vitest'
import { agreements, controlText } from './control.ts'
import type { Manifest } from '../../results/manifest.ts'

/** Runs of one arm and start, one for each value; the sequence is of one letter. */
const runs = (arm: string, start: 'warm' | 'cold', values: readonly number[], sequences = 'a'): Manifest[] =>
  values.map(
    (ns, index) =>
      ({
        arm: { name: `${arm}${arm && ','}start=${start}` },
        plan: { start },
        workload: { ms: 5 },
        metrics: { ns },
        sequence: sequences[index % sequences.length],
      }) as unknown as Manifest,
  )

const NUMBERS = [10, 11, 12, 13, 14, 15]

test('agree: the same sequences, and numbers that chance explains', () => {
  const list = [...runs('bytes=1', 'warm', NUMBERS, 'ab'), ...runs('bytes=1', 'cold', NUMBERS, 'ba')]
  const [agreement] = agreements(list)
  expect(agreement).toMatchObject({ arm: 'bytes=1', agrees: true, runs: { warm: 6, cold: 6 } })
  expect(agreement?.sequences).toEqual([
    { id: 'a', warm: 3, cold: 3 },
    { id: 'b', warm: 3, cold: 3 },
  ])
  expect(controlText(list)[0]).toBe(
    'warm and cold agree, bytes=1 (6 and 6 runs): 2 sequences of messages, all in both; no difference seen (p 1.000)',
  )
})

test('agree: one rare sequence is what chance does', () => {
  const list = [...runs('', 'warm', NUMBERS, 'aaaaab'), ...runs('', 'cold', NUMBERS)]
  expect(agreements(list)[0]).toMatchObject({ agrees: true, tellable: true })
  expect(controlText(list)[0]).toBe(
    'warm and cold agree (6 and 6 runs): 2 sequences of messages, 1 only warm, 0 only cold; no difference seen (p 1.000)',
  )
})

test('differ: a sequence that only one of them has, and has always', () => {
  const list = [...runs('', 'warm', NUMBERS, 'b'), ...runs('', 'cold', NUMBERS)]
  expect(agreements(list)[0]?.agrees).toBe(false)
  expect(controlText(list)[0]).toMatch(
    /^warm and cold differ \(6 and 6 runs\): 2 sequences of messages, 1 only warm, 1 only cold; a difference \(p 0\.0[01]\d\)$/,
  )
})

test('two runs of each could not show a difference, whatever they do', () => {
  const list = [...runs('', 'warm', [10, 11], 'b'), ...runs('', 'cold', [50, 51])]
  expect(agreements(list)[0]).toMatchObject({ agrees: true, tellable: false })
  expect(controlText(list)[0]).toMatch(/^warm and cold do not differ, as far as so few runs can show \(2 and 2 runs\)/)
})

test('sequences of which no two are the same say nothing', () => {
  const list = [...runs('', 'warm', NUMBERS, 'abcdef'), ...runs('', 'cold', NUMBERS, 'ghijkl')]
  expect(agreements(list)[0]?.agrees).toBe(true)
  expect(controlText(list)[0]).toContain('no two runs have the same sequence of messages: they say nothing')
})

test('differ: a number that is another one', () => {
  const list = [
    ...runs('', 'warm', NUMBERS),
    ...runs(
      '',
      'cold',
      NUMBERS.map((value) => value + 100),
    ),
  ]
  const [agreement] = agreements(list)
  expect(agreement?.agrees).toBe(false)
  expect(agreement?.numbers.map(({ name, p }) => [name, p < 0.05])).toEqual([
    ['ns', true],
    ['workload ms', false],
  ])
  expect(controlText(list).join('\n')).toContain('ns: warm 12.5, cold 112.5; a difference (delta -1.00, p 0.00')
})

test('nothing is said of arms without a control, nor of half of one', () => {
  expect(agreements(runs('', 'warm', NUMBERS))).toEqual([])
  const plain = runs('', 'warm', NUMBERS).map((run) => ({ ...run, arm: { name: 'bytes=1' } }) as unknown as Manifest)
  expect(controlText(plain)).toEqual([])
})
