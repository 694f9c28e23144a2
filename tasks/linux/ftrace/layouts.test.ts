/** Layouts of ftrace and perf beyond trace_pipe's usual one: each line is an event, or named as what it is. */
import { expect, test } from 'vitest'
import { otherText } from './other-text.ts'
import { parseTraceText } from './trace-line.ts'

const one = (line: string) => parseTraceText([line]).events[0]

test.each([
  ['            bash-109109  [007] d..h...   426.271265: irq_noise: local_timer:236 start 1.2', 'd..h...', 'irq_noise'],
  ['            bash-109109  [007] d......   426.271266: thread_noise: a:1 start 1.2', 'd......', 'thread_noise'],
  ['            bash-1       [007] dNLh2.1   426.271266: x: y', 'dNLh2.1', 'x'],
  ['            bash-1       [007] Db.21     426.271266: x: y', 'Db.21', 'x'],
])('flags of PREEMPT_RT and of 6.x: %s', (line, flags, event) => {
  expect(one(line)).toMatchObject({ flags, event, cpu: 7 })
})

test.each([
  ['      timerlat/5-79755   [005] .....   426.271226: #58634 context thread timer_latency     10823 ns', 'timerlat'],
  ['           <...>-12      [005] .....   426.271226: #3     inner/outer(us):   12/14    ts:1.2 count:1', 'hwlat'],
  [
    '       osnoise/0-12      [000] .....   426.271226: 1000000   190  99.98100       9     18      0   1007     18      1',
    'osnoise',
  ],
])('records of tracers that print no name: %s', (line, event) => {
  expect(one(line)).toMatchObject({ event, system: 'ftrace' })
})

test.each([
  ['    bash-1994    2d..1    0us : trace_hardirqs_off <-page_fault', 0n, 2, 'd..1'],
  ['  <idle>-0       0dNs3  171us+: _raw_spin_lock <-try_to_wake_up', 171_000n, 0, 'dNs3'],
  ['    bash-1994    2d..2. 12us!: sched_switch: prev_comm=bash', 12_000n, 2, 'd..2.'],
])('the latency format: %s', (line, timeNs, cpu, flags) => {
  expect(one(line)).toMatchObject({ timeNs, cpu, flags })
})

test.each([
  [
    '            bash  1994   2 1 00000001 00000012 [0080e3fa] 12.345ms (+0.010ms): trace_hardirqs_off <-page_fault',
    { timeNs: 8_446_970_000n, cpu: 2, pid: 1994, comm: 'bash', flags: 'd..1', event: 'function' },
  ],
  [
    '          <idle>     0  11 28 00000000 0000000a [100000000] 4294967.296ms (+0.000ms): sched_switch: prev_comm=x',
    {
      timeNs: 4_294_967_296_000n,
      cpu: 11,
      pid: 0,
      comm: '<idle>',
      flags: '.nH.',
      event: 'sched_switch',
    },
  ],
  [
    '        readfile    95   0 41 00010002 00000001 [0000000000001f40] 8000 (+12): 0: copyout',
    { timeNs: 8000n, ticks: true, flags: 'dph10002', event: 'print', message: 'copyout' },
  ],
])('the latency format with verbose: %s', (line, event) => {
  expect(one(line)).toMatchObject(event)
  expect(parseTraceText([line]).notUnderstood).toEqual([])
})

test('what comes before a record is its prefix', () => {
  const record = 'readfile-95      [000] d...     8.498202: bpf_trace_printk: x'
  for (const [before, prefix] of [
    ['2024-01-31T12:00:00.000Z ', '2024-01-31T12:00:00.000Z'],
    ['tracer-1  | ', 'tracer-1  |'],
    ['Jan 31 12:00:00 host tracer[77]: ', 'Jan 31 12:00:00 host tracer[77]:'],
    ['[   12.345680] ', '[   12.345680]'],
  ])
    expect(one(`${before}${record}`)).toMatchObject({ prefix, comm: 'readfile', pid: 95, message: 'x' })
  expect(one(`        ${record}`)).not.toHaveProperty('prefix')
})

test('a dump of ftrace in the log of a console', () => {
  const { events, lost, notUnderstood } = parseTraceText([
    '[   12.345678] Dumping ftrace buffer:',
    '[   12.345679] ---------------------------------',
    '[   12.345680]     bash-95      0d..2 12345678us : vfs_read <-ksys_read',
    '<0>[   12.345681][  T95]     bash-95      0d..2 12345679us : sched_switch: prev_comm=bash',
    '[   12.345682] CPU:1 [LOST 12 EVENTS]',
    '[   12.345683] ---------------------------------',
    '[   12.345684] usb 1-1: new device',
  ])
  expect(events.map(({ event, timeNs }) => [event, timeNs])).toEqual([
    ['function', 12_345_678_000n],
    ['sched_switch', 12_345_679_000n],
  ])
  expect([lost, notUnderstood.length]).toEqual([[{ cpu: 1, count: 12 }], 1])
})

test('perf script: tracepoints, samples and their stacks', () => {
  const { events, notUnderstood } = parseTraceText([
    'swapper     0 [000] 12345.678901: sched:sched_switch: prev_comm=swapper/0 prev_pid=0',
    'my prog  1234/1235 [001] 12345.678902:     250000 cycles:u:  55d0a1b2c3d4 main+0x14 (/usr/bin/prog)',
    'bash  95 [001] 12345.678903: probe:vfs_read: (ffffffff81234567)',
    '\tffffffff81234567 vfs_read+0x0 ([kernel.kallsyms])',
    '\tffffffff81234999 ksys_read+0x5f ([kernel.kallsyms])',
    '',
  ])
  expect(notUnderstood).toEqual([])
  expect(events.map(({ comm, pid, cpu, event, system }) => [comm, pid, cpu, event, system])).toEqual([
    ['swapper', 0, 0, 'sched_switch', 'sched'],
    ['my prog', 1235, 1, 'cycles', undefined],
    ['bash', 95, 1, 'vfs_read', 'probe'],
  ])
  expect(events[2]?.message.split('\n')).toHaveLength(3)
})

test('stacks of the function tracer belong to their event', () => {
  const { events } = parseTraceText([
    '             cat-95      [000] .....     1.000001: vfs_read <-ksys_read',
    '             cat-95      [000] .....     1.000002: <stack trace>',
    ' => vfs_read',
    ' => ksys_read',
  ])
  expect(events.map(({ event, message }) => [event, message.split('\n').length])).toEqual([
    ['function', 1],
    ['kernel_stack', 3],
  ])
})

test.each([
  ['Attaching 2 probes...', /bpftrace/],
  ['@reads[cat]: 12', /bpftrace/],
  ['bash  95 12345.678901: sched:sched_switch: x', /without the CPU/],
  ['# Overhead  Command', /report of perf/],
  ['read(3, "x", 16) = 1', /strace/],
  ['[    1.000001] usb 1-1: new device', /dmesg/],
])('%s is named', (line, what) => {
  expect(otherText(['', line])?.what).toMatch(what)
})
