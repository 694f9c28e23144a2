import { expect, test } from 'vitest'
import { parseTraceText } from '../../linux/ftrace/trace-line.ts'
import { parseHolderLine, type HolderLine } from './holder.ts'
import { absentEnds, interferenceOf } from './interference.ts'

const line = (event: string, facts: object = {}): HolderLine => parseHolderLine(JSON.stringify({ event, ...facts }))
const started = line('started', { pid: 7 })
const exited = line('exited', { pid: 7, status: 0, ms: 1 })
const done = (lines: number) => line('done', { outcome: 'done', errno: 0, lines })
const losses = (...lines: readonly HolderLine[]) => interferenceOf(lines).losses.join('\n')

test('an honest run has no interference', () => {
  expect(interferenceOf([started, exited, done(3)])).toEqual({ losses: [], doubts: [], notes: [] })
})

test.each([
  ['a second end of the workload', [started, exited, exited, done(4)], /"exited" came 2 times/],
  ['an end before the start', [exited, started, done(3)], /not in the order of a run/],
  ['a line that the holder did not say', [started, exited, done(2)], /said 2 lines, and 3 came/],
])('%s is somebody else’s', (_, lines, reason) => {
  expect(losses(...lines)).toMatch(reason)
})

test('a file that was written and is not what it was is one fact, with whoever wrote it', () => {
  const file = 'set_event_pid'
  const written = line('touched', { file, how: 'written', pid: 9, comm: 'sh' })
  const changed = line('touched', { file, how: 'changed', was: '', now: '1\n2' })
  expect(losses(written, changed)).toBe(
    'set_event_pid was changed from "" to "1, 2" during the run by sh (pid 9): it leaves out processes',
  )
})

test('what could be reset is a note, and what could not is a loss', () => {
  const found = interferenceOf([
    line('reset', { setting: 'tracing_thresh', was: '5', worked: 1 }),
    line('reset', { setting: 'tracing_cpumask', was: '1', worked: 0 }),
    line('unwatched'),
  ])
  expect(found.notes).toEqual(['tracing_thresh was "5": it was reset before the run'])
  expect(found.losses).toEqual(['tracing_cpumask was "1" and could not be reset: it leaves out CPUs'])
  expect(found.doubts.length).toBe(1)
})

test('start and end of the workload are in every whole trace', () => {
  const event = (name: string) =>
    parseTraceText([`        readfile-7     [000]     1.000001000: ${name}: comm=readfile pid=7 prio=120`]).events
  const [exec, exit] = [event('sched_process_exec'), event('sched_process_exit')]
  const lines = [started, exited, done(3)]
  expect(absentEnds([...exec, ...exit], lines)).toEqual([])
  expect(absentEnds(exit, lines).join()).toContain('the start of the workload (sched_process_exec of process 7)')
  expect(absentEnds(exec, lines).join()).toContain('the end of the workload (sched_process_exit of process 7)')
  // A command that cannot be run.
  expect(absentEnds(exit, [started, line('exited', { pid: 7, status: 127, ms: 1 }), done(3)])).toEqual([])
  expect(absentEnds([], [done(1)])).toEqual([])
})
