import { describe, expect, test } from 'vitest'
import { LOG } from './trace-log.fixture.ts'
import { isPrintk, parseTraceLine, parseTraceText, TraceReader, type TraceEvent } from './trace-line.ts'

const counts = (values: readonly (string | undefined)[]) =>
  Object.fromEntries([...Map.groupBy(values, (one) => one ?? '')].map(([value, { length }]) => [value, length]))
const all = Object.values(LOG).flat()

describe('the log that the project began with', () => {
  const { events, notUnderstood, lost } = parseTraceText(all)

  test('is understood to the last line', () => {
    expect(events.length).toBe(60)
    expect(notUnderstood).toEqual([])
    expect(lost).toEqual([])
    expect(events.every(isPrintk)).toBe(true)
  })

  test('has the flags and the programs that it has', () => {
    expect(counts(events.map(({ flags }) => flags))).toEqual({ '....': 37, 'd...': 19, '.N..': 4 })
    expect(counts(events.map(({ comm }) => comm))).toEqual({
      readiter: 21,
      buffermap: 18,
      '<...>': 9,
      cat: 6,
      readbuff: 3,
      sshd: 3,
    })
  })

  test('has both prefixes of a printk, and neither is left in a message', () => {
    expect(all.filter((line) => / 0: /.test(line)).length).toBe(23)
    expect(all.filter((line) => / 0x00000001: /.test(line)).length).toBe(37)
    expect(events.filter(({ message }) => message.startsWith('0'))).toEqual([])
  })

  test('gives whole events', () => {
    expect(parseTraceLine(LOG['8/2'][1] ?? '')).toEqual({
      cpu: 0,
      timeNs: 5_644_654_636_000n,
      comm: 'readiter',
      pid: 2425,
      flags: '.N..',
      event: 'print',
      system: 'ftrace',
      message: 'generic file read',
    })
  })
})

/**
 * Line, then what of the event matters for it. Lines of trace-cmd were taken from 3.1.6, with real and with made-up
 * records.
 */
const RECORDS: readonly (readonly [string, string, Partial<TraceEvent>])[] = [
  [
    'trace-cmd report',
    '        readfile-95    [000]     8.498203: bpf_trace_printk:     ext4 file read',
    { cpu: 0, timeNs: 8_498_203_000n, comm: 'readfile', pid: 95, event: 'bpf_trace_printk', message: 'ext4 file read' },
  ],
  [
    'trace-cmd report -t',
    '        readfile-95    [001]     8.498202980: bpf_trace_printk:     ext4 file read',
    { cpu: 1, timeNs: 8_498_202_980n, message: 'ext4 file read', system: 'bpf_trace' },
  ],
  [
    'trace-cmd report -l: comm of 8, CPU and flags together',
    'lab-hold-94      1.....     8.399415: sched_process_fork:   comm=lab-holder pid=94 child_comm=lab-holder child_pid=96',
    {
      cpu: 1,
      comm: 'lab-hold',
      pid: 94,
      flags: '.....',
      event: 'sched_process_fork',
      system: 'sched',
      message: 'comm=lab-holder pid=94 child_comm=lab-holder child_pid=96',
    },
  ],
  ['trace-cmd report -l, CPU 12', 'readfile-95     12dN.3.   8.1: x_y:   z', { cpu: 12, flags: 'dN.3.', message: 'z' }],
  [
    'trace-cmd with the flags put in, or 3.3, which shows them',
    '        readfile-95    [000] d....     8.498202980: bpf_trace_printk:     ext4 file read',
    { flags: 'd....', message: 'ext4 file read' },
  ],
  [
    'ftrace:print of 5.4 in trace-cmd',
    '        readiter-123   [000]  1000.000000100: print:                0x0: ext4 file read',
    { event: 'print', system: 'ftrace', message: 'ext4 file read', timeNs: 1_000_000_000_100n },
  ],
  [
    'ftrace:print of 4.15 in trace-cmd',
    '        readiter-123   [000]  1000.000000: print:                0x1: one: two',
    { event: 'print', message: 'one: two' },
  ],
  [
    'an empty message whose blank was cut',
    '           <...>-128   [000]  1000.000001: print:                0x0:',
    { comm: '<...>', message: '' },
  ],
  [
    'blanks of the message itself',
    '           <...>-129   [000]  1000.000001: print:                0x0:   lead ',
    { message: '  lead ' },
  ],
  [
    'blanks of the message itself, event',
    '        readfile-95    [000]     8.498203: bpf_trace_printk:       lead',
    { message: '  lead' },
  ],
  [
    'trace_pipe of 5.9 and later',
    ' readfile-1  [000] d.Z.  8.1: bpf_trace_printk: a: b',
    { flags: 'd.Z.', message: 'a: b' },
  ],
  ['five flags, since 5.18', '  readfile-1      [000] d..21  8.100000: bpf_trace_printk: a', { flags: 'd..21' }],
  ['lazy preemption, 6.12', '  readfile-1      [000] Dbh1.  8.100000: bpf_trace_printk: a', { flags: 'Dbh1.' }],
  ['no flags: option irq-info is off', '  readfile-1      [000]  8.100000: bpf_trace_printk: a', { message: 'a' }],
  ['record-tgid', '  readfile-2  (    1) [000] ....  8.1: 0: a', { pid: 2, cpu: 0, comm: 'readfile', message: 'a' }],
  ['record-tgid, not known', '  readfile-2  (-----) [000] ....  8.1: 0: a', { pid: 2, cpu: 0, message: 'a' }],
  ['the idle task', '          <idle>-0     [003] d.h1   12.000001: 0: a', { comm: '<idle>', pid: 0, cpu: 3 }],
  ['a comm with all in it', '     my: com/m x-124   [000] .... 1.000001: 0: a', { comm: 'my: com/m x', pid: 124 }],
  ['a comm with a dash', ' kworker/0:1H-ev-125   [000] .... 1.000001: 0: a', { comm: 'kworker/0:1H-ev', pid: 125 }],
  ['a comm like a record', '       a-1 [000]-126   [001] .... 1.000001: 0: a', { comm: 'a-1 [000]', pid: 126, cpu: 1 }],
  ['a comm that ends in blanks', '          a  b  -127   [000] .... 1.000001: 0: a', { comm: 'a  b  ', pid: 127 }],
  ['an empty comm', '                -128   [000] .... 1.000001: 0: a', { comm: '', pid: 128 }],
  [
    'a comm of two-byte letters, set by bytes',
    '         näïve-9     [000] .... 1.000001: 0: a',
    { comm: 'näïve', pid: 9 },
  ],
  [
    'a message like a record',
    'readiter-2425  [000] ....  5644.654606: bpf_trace_printk: x-1 [001] .... 1.000000: 0: y',
    { comm: 'readiter', pid: 2425, cpu: 0, message: 'x-1 [001] .... 1.000000: 0: y' },
  ],
  ['a message with a line separator', ' a-1 [000] .... 1.0: 0: b\u2028c\rd', { message: 'b\u2028c\rd' }],
  ['clock counter', '        readiter-123   [000] ....            7: 0: a', { timeNs: 7n, ticks: true, flags: '....' }],
  [
    'clock x86-tsc in trace-cmd, which leaves no blank',
    '        readiter-123   [000]1000000000100: print:                0x0: a',
    { timeNs: 1_000_000_000_100n, ticks: true, cpu: 0, message: 'a' },
  ],
  [
    'trace_marker in trace_pipe: not a probe',
    '              sh-9     [000] .... 1.000001: tracing_mark_write: run 1',
    { event: 'tracing_mark_write', message: 'run 1' },
  ],
  [
    'trace_marker in trace-cmd: the same',
    '              sh-9     [000]     1.000001: print:                tracing_mark_write: run 1',
    { event: 'tracing_mark_write', message: 'run 1', system: 'ftrace' },
  ],
  [
    'trace_printk() of a module',
    '              sh-9     [000] .... 1.000001: f.isra.0+0x10/0x20 [mod]: text',
    { event: 'f.isra.0', message: 'text' },
  ],
  [
    'trace_printk() without symbols',
    '              sh-9     [000] .... 1.000001: 0xffffffff81234567: text',
    { event: '0xffffffff81234567', message: 'text' },
  ],
  [
    'a syscall enters',
    ' a-1 [000] .... 1.0: sys_read(fd: 3, buf: 7f00)',
    { event: 'sys_enter_read', system: 'syscalls' },
  ],
  ['a syscall returns', ' a-1 [000] .... 1.0: sys_read -> 0x10', { event: 'sys_exit_read', message: '0x10' }],
  [
    'the function tracer',
    ' a-1 [000] .... 1.0: vfs_read <-ksys_read',
    { event: 'function', message: 'vfs_read <-ksys_read' },
  ],
  [
    'a kprobe event',
    ' a-1 [000] d... 1.0: p1: (copyout+0x0/0x10) a=1',
    { event: 'p1', message: '(copyout+0x0/0x10) a=1' },
  ],
  ['system and event', ' a-1 [000] .... 1.0: sched:sched_switch: a ==> b', { system: 'sched', event: 'sched_switch' }],
  ['an event called like a property', ' a-1 [000] .... 1.0: constructor: a', { event: 'constructor', message: 'a' }],
]

describe('parseTraceLine', () => {
  test.each(RECORDS)('%s', (_, line, expected) => expect(parseTraceLine(line)).toMatchObject(expected))

  test('says nothing of flags, ticks and system if there are none', () => {
    expect(Object.keys(parseTraceLine(' a-1 [000] 1.000000: p1: x') ?? {})).toEqual([
      'cpu',
      'timeNs',
      'comm',
      'pid',
      'event',
      'message',
    ])
  })

  test('tells a probe’s message from a marker’s', () => {
    const of = (text: string) => isPrintk(parseTraceLine(` a-1 [000] .... 1.0: ${text}`) ?? { event: '' })
    expect([of('0: x'), of('0x00000001: x'), of('bpf_trace_printk: x')]).toEqual([true, true, true])
    expect([of('tracing_mark_write: x'), of('0xffffffff81234567: x'), of('sched_switch: x')]).toEqual([
      false,
      false,
      false,
    ])
  })

  test.each([
    [''],
    ['cpus=2'],
    ['b'],
    [' a-1 [000] .... 1.000001: Unknown type 300'],
    [' a-1 [000] ....'],
    ['CPU:0 [LOST 3 EVENTS]'],
    ['readiter-2425  5644.654606: 0: no CPU'],
  ])('takes %j for no record', (line) => expect(parseTraceLine(line)).toBeUndefined())
})

const PIPE = (text: string) => `        readiter-2425  [000] ....  5644.654606: ${text}`
const messages = (events: readonly TraceEvent[]) => events.map(({ message }) => message)

describe('parseTraceText', () => {
  test('counts what the text says was lost', () => {
    const { events, lost, notUnderstood } = parseTraceText([
      'CPU:1 [LOST 12 EVENTS]',
      PIPE('0: a'),
      'CPU:2 [LOST EVENTS]',
      'CPU:0 [EVENTS DROPPED]',
      'CPU:7 [204600 EVENTS DROPPED]',
      '[5 EVENTS DROPPED]',
    ])
    expect(messages(events)).toEqual(['a'])
    expect(lost).toEqual([
      { cpu: 1, count: 12 },
      { cpu: 2, count: undefined },
      { cpu: 0, count: undefined },
      { cpu: 7, count: 204600 },
      { cpu: -1, count: 5 },
    ])
    expect(notUnderstood).toEqual([])
  })

  test('knows headings and blank lines, and keeps the rest with its number', () => {
    const { events, notUnderstood } = parseTraceText([
      '# tracer: nop',
      '#',
      '##### CPU 1 buffer started ####',
      'version = 6',
      'cpus=2',
      'CPU 1 is empty',
      '',
      PIPE('0: a'),
      'second line of a',
      'CPU:0 [SUBBUFFER START]',
      PIPE('Unknown type 300'),
      '  ',
    ])
    expect(messages(events)).toEqual(['a'])
    expect(notUnderstood).toEqual([
      { line: 9, text: 'second line of a' },
      { line: 11, text: PIPE('Unknown type 300') },
    ])
  })

  test('takes the blank line after each record of 5.10 for what it is', () => {
    const { events, notUnderstood } = parseTraceText([PIPE('bpf_trace_printk: a'), '', PIPE('bpf_trace_printk: b'), ''])
    expect(messages(events)).toEqual(['a', 'b'])
    expect(notUnderstood).toEqual([])
  })

  test('separates records that a printk without a newline ran together', () => {
    const line = `${PIPE('0: ext4 file read')}${PIPE('0: generic file read')}           <...>-9     [001] d...  5644.654700: 0: [x] y`
    const { events } = parseTraceText([line, `${PIPE('0: z')}CPU:1 [LOST 4 EVENTS]`])
    expect(messages(events)).toEqual(['ext4 file read', 'generic file read', '[x] y', 'z'])
    expect(events.map(({ pid, cpu }) => [pid, cpu]).slice(1, 3)).toEqual([
      [2425, 0],
      [9, 1],
    ])
  })

  test('counts a marker that was run into a record', () => {
    const { lost } = parseTraceText([`${PIPE('0: z')}CPU:1 [LOST 4 EVENTS]`])
    expect(lost).toEqual([{ cpu: 1, count: 4 }])
  })

  test('cuts no record of an event with a name, which ends its own line', () => {
    const text = `bpf_trace_printk: said ${PIPE('0: b')}`
    expect(messages(parseTraceText([PIPE(text)]).events)).toEqual([text.slice('bpf_trace_printk: '.length)])
  })

  test('gives a stack to its event', () => {
    const { events, notUnderstood } = parseTraceText([
      PIPE('<stack trace>'),
      ' => vfs_read',
      ' => ksys_read',
      PIPE('0: a'),
      ' => nobody’s',
      '            bash-1   [000]     1.0: kernel_stack:         <stack trace >',
      '=> f (ffffffff811b0ab0)',
    ])
    expect(events.map(({ event, message }) => [event, message])).toEqual([
      ['kernel_stack', '<stack trace>\n=> vfs_read\n=> ksys_read'],
      ['print', 'a'],
      ['kernel_stack', '<stack trace >\n=> f (ffffffff811b0ab0)'],
    ])
    expect(notUnderstood).toEqual([{ line: 5, text: ' => nobody’s' }])
  })
})

describe('a reader that is fed line by line', () => {
  async function* lines(): AsyncGenerator<string> {
    yield* ['cpus=1', PIPE('0: a'), 'CPU:1 [LOST 2 EVENTS]', '???', PIPE('<stack trace>'), ' => f']
  }

  test('gives the same, event by event', async () => {
    const reader = new TraceReader()
    const events: TraceEvent[] = []
    for await (const line of lines()) events.push(...reader.feed(line))
    events.push(...reader.end())
    expect(messages(events)).toEqual(['a', '<stack trace>\n=> f'])
    expect(reader.lost).toEqual([{ cpu: 1, count: 2 }])
    expect(reader.notUnderstood).toEqual([{ line: 4, text: '???' }])
  })
})
