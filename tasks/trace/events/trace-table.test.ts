import { expect, test } from 'vitest'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { traceLines, traceMarkdown } from './trace-table.ts'

const event = (part: Partial<TraceEvent>): TraceEvent => ({
  cpu: 1,
  timeNs: 8_498_202_400n,
  comm: 'readfile',
  pid: 95,
  flags: 'd...',
  event: 'print',
  message: 'ext4 file read',
  ...part,
})

test('a line has the columns of trace_pipe; of what a BPF program prints only the text', () => {
  expect(traceLines([event({}), event({ event: 'sched_process_exit', message: 'comm=x pid=1' })])).toEqual([
    '        readfile-95    [001] d...     8.498202: ext4 file read',
    '        readfile-95    [001] d...     8.498202: sched_process_exit: comm=x pid=1',
  ])
})

test('a clock that counts has no point', () => {
  expect(traceLines([event({ timeNs: 42n, ticks: true })])[0]).toContain('          42: ext4')
})

test('nothing in a line is obeyed by a terminal, or breaks it', () => {
  const [line = ''] = traceLines([event({ comm: '\u001b[31m', message: 'a\nb\u001b]0;title\u0007' })])
  // oxlint-disable-next-line no-control-regex -- that there are none
  expect(line).not.toMatch(/[\x00-\x1f]/)
})

test('R-0802-3 a slide: a fenced block as far to the left as it goes, whatever the messages hold', () => {
  expect(traceMarkdown([event({}), event({ pid: 4711, message: 'x' })])).toEqual([
    '```',
    'readfile-95    [001] d...     8.498202: ext4 file read',
    'readfile-4711  [001] d...     8.498202: x',
    '```',
  ])
  expect(traceMarkdown([event({ message: '```' })])[0]).toBe('````')
})
