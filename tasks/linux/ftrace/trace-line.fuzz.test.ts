/** Any bytes at all: no crash, no hang, nothing lost in silence. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GraphCalls } from './graph-calls.ts'
import { LOG } from './trace-log.fixture.ts'
import { parseTraceLine, TraceParser, type TraceEvent } from './trace-line.ts'

interface Account {
  readonly events: readonly TraceEvent[]
  readonly lines: ReadonlySet<number>
}

/** What became of each line. */
function account(text: readonly string[]): Account {
  const lines = new Set<number>()
  const events: TraceEvent[] = []
  const parser = new TraceParser({
    event: (event, line) => {
      events.push(event)
      lines.add(line)
      // A stack's lines are in its event.
      for (let below = event.message.split('\n').length - 1; below > 0; below--) lines.add(line + below)
    },
    lost: (_mark, line) => lines.add(line),
    other: ({ line }) => lines.add(line),
    heading: ({ line }) => lines.add(line),
    prose: ({ line }) => lines.add(line),
  })
  for (const line of text) parser.take(line)
  parser.end()
  return { events, lines }
}

const byte = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})
const oneLine = byte.map((text) => text.replaceAll('\n', ''))
/** Pieces that a parser could stumble over. */
const shard = fc.constantFrom(
  '[000]',
  '....',
  'd..21',
  '5.000001:',
  '0:',
  '0x00000001:',
  'bpf_trace_printk:',
  'a-1',
  '-',
  ' ',
  '  ',
  '<...>-18727',
  'CPU:1 [LOST 12 EVENTS]',
  '<stack trace>',
  ' => vfs_read',
  '# tracer: nop',
  'cpus=2',
  '(-----)',
  '{',
  '}',
  '99999999999999999999',
)
const shards = fc.array(fc.oneof(shard, oneLine), { maxLength: 12 }).map((parts) => parts.join(''))
const real = fc.constantFrom(...Object.values(LOG).flat())

/** A line of the log with some of its characters changed, lost or doubled. */
const mutated = fc
  .tuple(
    real,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('change', 'lose', 'double', 'cut'), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    }),
  )
  .map(([line, changes]) => {
    let text: string = line
    for (const [where, how, code] of changes) {
      const at = where % (text.length + 1)
      const character = String.fromCharCode(code === 10 ? 11 : code)
      if (how === 'change') text = text.slice(0, at) + character + text.slice(at + 1)
      else if (how === 'lose') text = text.slice(0, at) + text.slice(at + 1)
      else if (how === 'double') text = text.slice(0, at) + text.slice(Math.max(0, at - 8))
      else text = text.slice(0, at)
    }
    return text
  })

test('every line of any text is an event, a mark, a heading, or said to be not understood', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(oneLine, shards, real, mutated), { maxLength: 30 }), (lines) => {
      expect(account(lines).lines.size).toBe(lines.length)
    }),
    { numRuns: 2000 },
  )
})

const comm = fc
  .string({ unit: fc.constantFrom(...'ab-:/<.>[] 0'.split('')), minLength: 1, maxLength: 15 })
  .filter((name) => !name.startsWith(' '))
const message = oneLine.filter((text) => !/\[\d{3,}\] |\[LOST /.test(text))
const record = fc.record({
  comm,
  message,
  pid: fc.nat({ max: 4_194_304 }),
  cpu: fc.nat({ max: 511 }),
  flags: fc.constantFrom('....', 'd...', '.N..', 'd.h1', 'd....', 'dNZff', undefined),
  seconds: fc.nat({ max: 100_000_000 }),
  micros: fc.nat({ max: 999_999 }),
  prefix: fc.constantFrom('0: ', '0x00000001: ', 'bpf_trace_printk: '),
})

test('a record as the kernel sets it comes back, whatever its comm and its message hold', () => {
  fc.assert(
    fc.property(record, ({ comm: name, message: text, pid, cpu, flags, seconds, micros, prefix }) => {
      // A text that begins with the blanks that trace-cmd pads a name with is taken for padded.
      fc.pre(!text.startsWith(' '))
      const time = `${String(seconds).padStart(5)}.${String(micros).padStart(6, '0')}`
      const line = `${name.padStart(16)}-${String(pid).padEnd(5)} [${String(cpu).padStart(3, '0')}] ${flags === undefined ? '' : `${flags} `}${time}: ${prefix}${text}`
      expect(parseTraceLine(line)).toMatchObject({
        comm: name,
        pid,
        cpu,
        message: text,
        timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1000n,
        ...(flags === undefined ? {} : { flags }),
      })
    }),
    { numRuns: 2000 },
  )
})

test('the fast way and the patterns say the same of a line', () => {
  fc.assert(
    fc.property(fc.oneof(real, mutated, shards), (line) => {
      // One blank more at the left moves the dash out of its column, so that the patterns must find it.
      const fast = parseTraceLine(line)
      const slow = line.startsWith(' ') && line.charAt(16) === '-' ? parseTraceLine(line.trimStart()) : fast
      if (fast !== undefined && !/[-\s[]/.test(fast.comm)) expect(slow).toEqual(fast)
    }),
    { numRuns: 2000 },
  )
})

describe('a line of a million characters is read', () => {
  const million = (text: string) => text.repeat(Math.ceil(1_000_000 / text.length))
  test.each([
    ['of one letter', million('a')],
    ['of blanks', `${million(' ')}x`],
    ['of blanks within a message', `              sh-9     [000] .... 1.000001: f: a${million(' ')}b`],
    ['of beginnings of records', million('a-1 [000] .... 1.000001: 0: ')],
    ['of prefixes', `              sh-9     [000] .... 1.000001: 0: ${million(': 0: ')}`],
    ['of brackets', `              sh-9     [000] .... 1.000001: 0: ${million('[0001')}`],
    ['of digits', `              sh-${million('1')}`],
    ['of dashes', million('-')],
    ['of dashes and digits', `              sh-9     [000] .... 1.000001: 0: ${million('-1 (-')} [000] `],
    ['that is a message', `              sh-9     [000] .... 1.000001: 0: ${million('x')}`],
  ])('%s', (_, line) => expect(account([line]).lines.size).toBe(1))
})

test('a number that is too large for a CPU, a pid or a time is no record', () => {
  const line = (pid: string, cpu: string, time: string) => ` a-${pid} [${cpu}] .... ${time}: 0: x`
  expect(parseTraceLine(line('1', '000', '1.0'))).toBeDefined()
  expect(parseTraceLine(line('99999999999', '000', '1.0'))).toBeUndefined()
  expect(parseTraceLine(line('1', '99999', '1.0'))).toBeUndefined()
  expect(parseTraceLine(line('1', '000', '99999999999999.0'))).toBeUndefined()
})

test('a record in prose is found, and what comes before it is reported', () => {
  const prose: string[] = []
  const events: TraceEvent[] = []
  const none = () => undefined
  const parser = new TraceParser({
    event: (event) => events.push(event),
    lost: none,
    other: none,
    prose: ({ text }) => prose.push(text),
  })
  parser.take('today I saw this: readiter-4731  [001] d... 18410.507391: 0x00000001: copyout')
  parser.take('> readiter-4731  [001] d... 18410.507392: 0x00000001: copyout')
  expect(events.map(({ comm: name, message: text }) => [name, text])).toEqual([
    ['readiter', 'copyout'],
    ['> readiter', 'copyout'],
  ])
  expect(prose).toEqual(['today I saw this: '])
})

test('calls of function_graph without their other end are counted per process', () => {
  const calls = new GraphCalls()
  const lines = [
    ['1', 'funcgraph_exit:         1.0 us   |  }'],
    ['1', 'funcgraph_entry:                   |  vfs_read() {'],
    ['2', 'funcgraph_entry:                   |  vfs_write() {'],
    ['1', 'funcgraph_entry:        0.1 us     |    rw_verify_area();'],
    ['1', 'funcgraph_exit:         1.0 us     |  }'],
  ]
  for (const [pid, text] of lines) {
    const event = parseTraceLine(`              sh-${pid}     [000]     1.000001: ${text}`)
    if (event) calls.take(event)
  }
  expect([calls.seen, calls.unclosed, calls.unopened]).toEqual([5, 1, 1])
})

test('so they are where trace-cmd had no plugins', () => {
  const calls = new GraphCalls()
  const texts = [
    'funcgraph_exit: <-- f (2) (start: 1  end: 2) over: 0',
    'funcgraph_entry: --> g (0)',
    'funcgraph_entry: --> h (1)',
  ]
  for (const text of [...texts, 'funcgraph_exit: <-- h (1) (start: 1  end: 2) over: 0']) {
    const event = parseTraceLine(`              sh-1     [000]     1.000001: ${text}`)
    if (event) calls.take(event)
  }
  expect([calls.seen, calls.unclosed, calls.unopened]).toEqual([4, 1, 1])
})
