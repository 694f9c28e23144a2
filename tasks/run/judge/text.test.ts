import { expect, test } from 'vitest'
import { MANIFEST } from '../../results/run.fixture.ts'
import type { RunOutcome } from '../outcome.ts'
import { runText, summaryText } from './text.ts'

const outcome = (more: object = {}, own: readonly object[] = []): RunOutcome =>
  ({ dir: '/r/readiter/a', manifest: { ...MANIFEST, ...more }, own }) as unknown as RunOutcome

const event = (text: string) => ({
  comm: 'cat',
  pid: 7,
  cpu: 0,
  flags: 'd...',
  timeNs: 1_000_000n,
  event: 'bpf_trace_printk',
  message: text,
})
const messages = (count: number) => Array.from({ length: count }, (_, at) => event(`message ${at}`))

test('the first messages, and how many more there are', () => {
  const text = runText(outcome({ metrics: {} }, messages(30)))
  expect(text.match(/message \d+/g)).toHaveLength(24)
  expect(text).toMatch(/\.\.\. 6 more: lab trace /)
})

test('numbers that were asked for are the point: no messages', () => {
  const text = runText(outcome({ metrics: { ns: 4 } }, messages(3)))
  expect(text).not.toContain('message 0')
  expect(text).toMatch(/^ {2}3 messages: lab trace /)
})

test('a program in the probed path has its pid, whatever it calls itself', () => {
  const others = [
    { comm: 'lab-holder', pid: 90, events: 2 },
    { comm: 'cat', pid: 91, events: 1 },
  ]
  const text = runText(outcome({ others }))
  expect(text).toContain('also in the probed path: lab-holder-90 (the recorder of the lab), 2 messages')
  expect(text).toContain('also in the probed path: cat-91, 1 message')
})

test('a failed run: last words, and the command to type next', () => {
  const workload = { ...MANIFEST.workload, pid: 7, status: 3, signal: null }
  const text = runText(outcome({ verdict: 'failed', workload }), ['oops'])
  expect(text).toMatch(/the workload ended with status 3\n {4}oops\n/)
  expect(text).toMatch(/`lab explain \S+` says what its messages mean/)
  expect(runText(outcome({ verdict: 'passed' }))).not.toContain('lab explain')
})

test('runs of one reason are one line, with the places of the first', () => {
  const workload = { ...MANIFEST.workload, pid: 7, status: 3, signal: null }
  const bad = Array.from({ length: 5 }, (_, at) => outcome({ verdict: 'failed', workload, repeat: at + 1 }))
  const text = summaryText(bad)
  expect(text.match(/the workload ended with status 3/g)).toHaveLength(1)
  expect(text).toMatch(/\(5 runs\)\n {4}repeat 1 {2}\/r\/readiter\/a\n/)
  expect(text).toContain('and 2 more: `lab results ')
})

test('numbers have the unit that suits the largest arm, and the precision that their experiment asks for', () => {
  const run = (experiment: string, name: string, ns: number) =>
    outcome({ experiment, arm: { name, params: {} }, metrics: { ns, calls: ns } })
  const list = [run('a', 'n=1', 5000), run('a', 'n=2', 3e6), run('b', '', 7000)]
  const metrics = { ns: { stdout: 'x (.+)', unit: 'ns' }, calls: { stdout: 'y (.+)' } }
  const until = { metric: 'ns', precision: 0.05, min: 5 }
  const lines = summaryText(
    list,
    new Map([
      ['a', { metrics }],
      ['b', { metrics, until }],
    ]),
  )
    .split('\n')
    .filter((line) => line.startsWith('    '))
  expect(lines).toEqual([
    '    ns (ms) 0.005, 1 run: too few for an interval',
    '    calls 5000, 1 run: too few for an interval',
    '    ns (ms) 3, 1 run: too few for an interval',
    '    calls 3000000, 1 run: too few for an interval',
    expect.stringMatching(/^ {4}ns \(µs\) 7, 1 run: too few for an interval; ±5\.0 % needs/),
    expect.stringMatching(/^ {4}calls 7000, 1 run/),
  ])
})

test('arms with numbers: the commands that compare them', () => {
  const run = (name: string, metrics: object) => outcome({ experiment: 'a', arm: { name, params: {} }, metrics })
  const shown = (first: string, second: string, metrics: object) =>
    summaryText([run(first, metrics), run(second, metrics)])
  expect(shown('n=1', 'n=2', { ns: 4 })).toContain('compare the arms: `lab diff a/n=1 a/n=2`, or `lab report a`')
  const long = 'x'.repeat(150)
  expect(shown(`n=${long}1`, `n=${long}2`, { ns: 4 })).toContain(`\`lab diff a/n=${long}1 a/n=${long}2\``)
  expect(shown('word="x,y"', 'word=z', { ns: 4 })).toContain('compare the arms: `lab report a`')
  expect(shown('n=1', 'n=2', { ns: null })).not.toContain('compare the arms')
  expect(shown('n=1', 'n=1', { ns: 4 })).not.toContain('compare the arms')
})

test('a trend is told in the unit of the number above it', () => {
  const runs = [2e6, 4e6, 6e6, 8e6, 1e7].map((ns, at) =>
    outcome({ experiment: 'a', started: `2026-01-01T00:00:0${at}.000Z`, metrics: { wait_ns: ns } }),
  )
  const text = summaryText(runs, new Map([['a', { metrics: { wait_ns: { stdout: 'x (.+)' } } }]]))
  expect(text).toMatch(/^ +wait \(ms\) 6 .*\n +it rises with every run \(2, 4, 6, \.\.\.\)/m)
})
