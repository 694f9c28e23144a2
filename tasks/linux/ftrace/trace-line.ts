/**
 * ftrace text as events: what `trace-cmd report` (3.1 to 3.3; plain, -t, -l) and `trace_pipe` (kernels 4.15 to 6.12)
 * print. Text in, events out; what is not understood is counted and kept.
 */
import { FLAGS, recordsOf, TGID } from './glued-records.ts'
import { GraphText } from './graph-text.ts'
import { lostMark, type LostMark } from './lost-mark.ts'
import { PERF_STACK, perfRecord } from './perf-text.ts'
import { parseContent, printkContent } from './trace-content.ts'
import type { TraceEvent } from './trace-event.ts'
import { verboseRecord } from './verbose-text.ts'

export type { LostMark } from './lost-mark.ts'
export type { TraceEvent } from './trace-event.ts'

/** A line that is no record, no marker and no heading; `line` counts from 1. */
export interface OtherLine {
  readonly line: number
  readonly text: string
}

export interface TraceProblems {
  readonly notUnderstood: readonly OtherLine[]
  readonly lost: readonly LostMark[]
}

export interface ParsedTrace extends TraceProblems {
  readonly events: readonly TraceEvent[]
}

/** The name of a typed event (EVENTS of lab.bpf.h) begins so. No event of the kernel's has a colon in its name. */
export const TYPED = 'bpf:'

/** Whether an event is what a BPF program said: a line that it printed, or a typed event. */
export const isPrintk = ({ event }: Pick<TraceEvent, 'event'>): boolean =>
  event === 'print' || event === 'bpf_trace_printk' || event.startsWith(TYPED)

/** Seconds and their fraction, or a plain count; then the content. */
const TIME = String.raw`(\d+)(?:\.(\d{1,9}))?:(?: (.*))?$`
/**
 * What follows the dash behind the comm; both have the groups pid, cpu, flags, seconds, fraction, content. By position:
 * groups with names take three times as long, and a trace has millions of lines.
 */
const TAILS = [
  /** "123   [000] d...  12.345678: ..."; trace-cmd leaves no blank between "]" and a count of 12 digits. */
  new RegExp(String.raw`^(\d+) *${TGID}\[(\d+)\] *(?:(${FLAGS}) +)?${TIME}`, 's'),
  /** "123     0d....    12.345678: ...", trace-cmd's -l: CPU and flags stand together. */
  new RegExp(String.raw`^(\d+) +(\d+)(${FLAGS}) +${TIME}`, 's'),
] as const
/**
 * "123 0d..2 12us+: ...": the latency format of tracefs and of a dump of ftrace on the console. Microseconds since the
 * trace began (a dump: of the clock); the character behind them marks long delays.
 */
const LATENCY = new RegExp(String.raw`^(\d+) +(\d+)(${FLAGS}) +(\d+)us[ !+#*@$]?: (.*)$`, 's')

/** The kernel and trace-cmd set the comm right-aligned into 16 columns (%16s). */
const COMM_WIDTH = 16
const DASH = '-'.charCodeAt(0)
/**
 * For lines that lost their alignment (pasted into a log), -l (8 columns), and a comm that is not ASCII: the first dash
 * that fits.
 */
const LOOSE = new RegExp(String.raw`^[ \t]*(.{0,16}?)-(?=\d+ *(?:${TGID}\[\d+\]| \d+[.A-Za-z]{3}))`, 's')

/**
 * Beyond any kernel's, and what the columns of a table hold (16, 32 and 64 bits): a line with more is none of ftrace's.
 */
const MOST_CPU = 0xffff
const MOST_PID = 0xffff_ffff
const MOST_TIME = 0xffff_ffff_ffff_ffffn

const BLANK = ' '.charCodeAt(0)
const TAB = '\t'.charCodeAt(0)
const OPEN = '['.charCodeAt(0)
const CLOSE = ']'.charCodeAt(0)
const POINT = '.'.charCodeAt(0)
const COLON = ':'.charCodeAt(0)
const isDigit = (code: number): boolean => code >= 48 && code <= 57
const IS_FLAGS = new RegExp(`^${FLAGS}$`)
/** Up to here seconds and nanoseconds together are exact as one number. */
const EXACT_SECONDS = 9_000_000
const NS_DIGITS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1] as const
/** Hardly two lines in a row have other flags. */
let knownFlags = '....'

/**
 * The comm of a line whose dash is at `end`. Blanks and tabs only: in a text that was read byte by byte, what
 * JavaScript trims can be half of a letter (0xa0).
 */
function commOf(line: string, end: number): string {
  let start = 0
  while (start < end && (line.charCodeAt(start) === BLANK || line.charCodeAt(start) === TAB)) start++
  return line.slice(start, end)
}

/**
 * What the first of TAILS says of nearly every line ("123 [000] d... 12.345678: ..."), three times as fast. undefined:
 * not of this form, ask the patterns.
 */
function scan(line: string, comm: string, from: number): TraceEvent | undefined {
  let at = from
  let code = line.charCodeAt(at)
  let pid = 0
  for (; isDigit(code); code = line.charCodeAt(++at)) pid = pid * 10 + code - 48
  if (at === from || pid > MOST_PID) return undefined
  while (code === BLANK) code = line.charCodeAt(++at)
  if (code !== OPEN) return undefined
  let start = ++at
  let cpu = 0
  for (code = line.charCodeAt(at); isDigit(code); code = line.charCodeAt(++at)) cpu = cpu * 10 + code - 48
  if (code !== CLOSE || at === start || cpu > MOST_CPU) return undefined
  for (code = line.charCodeAt(++at); code === BLANK;) code = line.charCodeAt(++at)
  let flags: string | undefined
  if (!isDigit(code)) {
    start = at
    while (code !== BLANK && at - start < 8) code = line.charCodeAt(++at)
    flags = line.slice(start, at)
    if (code !== BLANK || (flags !== knownFlags && !IS_FLAGS.test(flags))) return undefined
    knownFlags = flags
    while (code === BLANK) code = line.charCodeAt(++at)
  }
  start = at
  let seconds = 0
  for (; isDigit(code); code = line.charCodeAt(++at)) seconds = seconds * 10 + code - 48
  if (code !== POINT || at === start || seconds > EXACT_SECONDS) return undefined
  start = ++at
  let fraction = 0
  for (code = line.charCodeAt(at); isDigit(code); code = line.charCodeAt(++at)) fraction = fraction * 10 + code - 48
  const digits = at - start
  if (digits === 0 || digits > 9 || code !== COLON || line.charCodeAt(at + 1) !== BLANK) return undefined
  const content = printkContent(line, at + 2) ?? parseContent(line.slice(at + 2))
  if (content === undefined) return undefined
  const { event, message, system } = content
  const timeNs = BigInt(seconds * 1e9 + fraction * (NS_DIGITS[digits] ?? 1))
  if (flags !== undefined && system !== undefined) return { cpu, timeNs, comm, pid, event, message, flags, system }
  const found: { -readonly [Key in keyof TraceEvent]: TraceEvent[Key] } = { cpu, timeNs, comm, pid, event, message }
  if (flags !== undefined) found.flags = flags
  if (system !== undefined) found.system = system
  return found
}

function eventOf(comm: string, tail: string): TraceEvent | undefined {
  const latency = LATENCY.exec(tail)
  const [, pid, cpu, flags, seconds, fraction, rest] = latency
    ? [...latency.slice(0, 5), undefined, latency[5]]
    : (TAILS[0].exec(tail) ?? TAILS[1].exec(tail) ?? [])
  if (seconds === undefined || rest === undefined) return undefined
  const content = parseContent(rest)
  const timeNs = latency
    ? BigInt(seconds) * 1000n
    : BigInt(fraction === undefined ? seconds : seconds + fraction.padEnd(9, '0'))
  if (content === undefined || Number(cpu) > MOST_CPU || Number(pid) > MOST_PID || timeNs > MOST_TIME) return undefined
  const event: { -readonly [Key in keyof TraceEvent]: TraceEvent[Key] } = {
    cpu: Number(cpu),
    timeNs,
    comm,
    pid: Number(pid),
    event: content.event,
    message: content.message,
  }
  if (fraction === undefined && !latency) event.ticks = true
  if (flags !== undefined) event.flags = flags
  if (content.system !== undefined) event.system = content.system
  return event
}

/** One record, or undefined if the line is not one. The line has no line end. */
export function parseTraceLine(line: string): TraceEvent | undefined {
  // A comm may hold anything, blanks, dashes and brackets too: the column decides before the pattern does.
  if (line.charCodeAt(COMM_WIDTH) === DASH) {
    const comm = commOf(line, COMM_WIDTH)
    const aligned = scan(line, comm, COMM_WIDTH + 1) ?? eventOf(comm, line.slice(COMM_WIDTH + 1))
    if (aligned) return aligned
  }
  const [start, comm] = LOOSE.exec(line) ?? []
  return start === undefined || comm === undefined
    ? undefined
    : eventOf(commOf(comm, comm.length), line.slice(start.length))
}

/** Headings and blank lines: "# tracer: nop", "cpus=2", "CPU 1 is empty", "version = 6", "CPU:0 [SUBBUFFER START]". */
const HEADING = /^\s*(?:#.*|cpus=\d+|version = .*|CPU \d+ is empty|CPU:\d+ \[SUBBUFFER START\])?$/
/** A line below "<stack trace>": " => vfs_read", " => vfs_read (ffffffff811b0ab0)", " =>  <00007f1c2d3e4f50>". */
const STACK_ENTRY = /^\s*=> ?.+$/
/**
 * "[ 12.345678] ", "<0>[ 12.345678] ", "kern :emerg : [ 12.345678] ", with the caller ("[ T123]") or without: dmesg and
 * consoles.
 */
const CONSOLE_PREFIX = /^(?:<\d+>|\w+ *:\w+ *: )?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? +/
/** What stands around a dump of ftrace on a console. */
const DUMP_HEADING = /^(?:Dumping ftrace buffer:|-{20,}|\(ftrace buffer empty\))/
const STACK = new Set(['kernel_stack', 'user_stack'])

/**
 * A record somewhere in a line of prose, of a log with its own prefix, or behind a mark of quotation: only the kernel's
 * own form with flags and microseconds, and a comm without blanks, since nothing tells where it would begin.
 */
const IN_PROSE = new RegExp(
  String.raw`(?<![^\s"'(>|\`])[^\s"'(>|\`]{1,16}-\d+ +\[\d{3,}\] +${FLAGS} +\d+\.\d{6}: (?!\s*$)`,
  's',
)

/**
 * Who is told what a line was. All four together are every record and line of the text: nothing is dropped in silence.
 */
export interface TraceSink {
  readonly event: (event: TraceEvent, line: number) => void
  readonly lost: (mark: LostMark, line: number) => void
  readonly other: (line: OtherLine) => void
  /** A heading of a tool or a blank line: not of a probe, as far as the text can say. */
  readonly heading?: (line: OtherLine) => void
  /** Text in front of a record in the same line. */
  readonly prose?: (line: OtherLine) => void
}

/** So many lines one stack can have (PERF_MAX_STACK_DEPTH is 127): the memory for a record has a bound. */
const MOST_STACK_LINES = 1024

/**
 * Takes a text line by line. A record with a stack below it comes out when the next one begins: call `end` after the
 * last line.
 */
export class TraceParser {
  readonly #sink: TraceSink
  /** Text of the function_graph tracer, once there is some. */
  readonly graph = new GraphText()
  #line = 0
  #stack: { event: TraceEvent; line: number; below: string[] } | undefined

  constructor(sink: TraceSink) {
    this.#sink = sink
  }

  /** Lines so far. */
  get lines(): number {
    return this.#line
  }

  /** One line without its end. */
  take(line: string): void {
    this.#line++
    // Nearly all lines have one "[" only; to find that out is cheap.
    if (line.includes('[', line.indexOf('[') + 1)) for (const record of recordsOf(line)) this.#record(record)
    else this.#record(line)
  }

  /** Counts a line that the caller cannot give whole. */
  skip(text: string): void {
    this.#sink.other({ line: ++this.#line, text })
  }

  /** Gives the event that was still waiting for lines of its own, if any. */
  end(): void {
    const last = this.#stack
    this.#stack = undefined
    if (last === undefined) return
    const { event, below } = last
    this.#sink.event({ ...event, message: [event.message, ...below].join('\n') }, last.line)
  }

  #record(record: string): void {
    const event = parseTraceLine(record)
    if (event === undefined) return this.#other(record)
    if (this.#stack) this.end()
    if (STACK.has(event.event)) this.#stack = { event, line: this.#line, below: [] }
    else if (event.event.startsWith('funcgraph_')) this.#graphRecord(event)
    else this.#sink.event(event, this.#line)
  }

  /** What trace-cmd's plugin made of a call is turned back into the form in which calls are recorded. */
  #graphRecord(event: TraceEvent): void {
    for (const one of this.graph.record(event) ?? [event]) this.#sink.event(one, this.#line)
  }

  /** A line of another layout than that of records; false if it is not one of these. */
  #otherLayout(text: string, line: number): boolean {
    const graph = text.includes('|') || text.includes('=>') || text.includes('---') ? this.graph.line(text) : undefined
    if (graph) {
      if (graph.events.length === 0) this.#sink.heading?.({ line, text })
      for (const event of graph.events) this.#sink.event(event, line)
      return true
    }
    const perf = perfRecord(text)
    if (perf) {
      this.#stack = { event: perf, line, below: [] }
      return true
    }
    const verbose = verboseRecord(text)
    if (verbose) {
      this.#sink.event(verbose, line)
      return true
    }
    const prefix = CONSOLE_PREFIX.exec(text)?.[0]
    if (prefix === undefined) return false
    const rest = text.slice(prefix.length)
    const event = parseTraceLine(rest)
    const mark = lostMark(rest)
    if (event) this.#sink.event({ ...event, prefix: prefix.trimEnd() }, line)
    else if (mark) this.#sink.lost(mark, line)
    else if (DUMP_HEADING.test(rest)) this.#sink.heading?.({ line, text })
    else return false
    return true
  }

  #other(text: string): void {
    const line = this.#line
    const mark = lostMark(text)
    if (mark) return this.#sink.lost(mark, line)
    if (this.#stack && this.#stack.below.length < MOST_STACK_LINES && (STACK_ENTRY.test(text) || PERF_STACK.test(text)))
      return void this.#stack.below.push(text.trim())
    if (HEADING.test(text)) return this.#sink.heading?.({ line, text })
    if (this.#stack) this.end()
    if (text.length <= LONGEST_PROSE && this.#otherLayout(text, line)) return
    const start = text.length > LONGEST_PROSE ? -1 : text.search(IN_PROSE)
    const event = start > 0 ? parseTraceLine(text.slice(start)) : undefined
    if (event === undefined) return this.#sink.other({ line, text })
    if (this.#stack) this.end()
    this.#sink.prose?.({ line, text: text.slice(0, start) })
    this.#sink.event({ ...event, prefix: text.slice(0, start).trim() }, line)
  }
}

/** Longer lines are no prose; to look for a record anywhere in them takes too long. Characters. */
const LONGEST_PROSE = 4096

/** `TraceParser` with its findings in memory. */
export class TraceReader implements TraceProblems {
  readonly notUnderstood: OtherLine[] = []
  readonly lost: LostMark[] = []
  #events: TraceEvent[] = []
  readonly #parser = new TraceParser({
    event: (event) => this.#events.push(event),
    lost: (mark) => this.lost.push(mark),
    other: (line) => this.notUnderstood.push(line),
  })

  /** Events that are whole after this line. */
  feed(line: string): TraceEvent[] {
    this.#parser.take(line)
    return this.#taken()
  }

  /** The event that was still waiting for lines of its own, if any. */
  end(): TraceEvent[] {
    this.#parser.end()
    return this.#taken()
  }

  #taken(): TraceEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }
}

/** A whole text that is in memory anyway. Nothing is dropped in silence. */
export function parseTraceText(lines: Iterable<string>): ParsedTrace {
  const events: TraceEvent[] = []
  const notUnderstood: OtherLine[] = []
  const lost: LostMark[] = []
  const parser = new TraceParser({
    event: (event) => events.push(event),
    lost: (mark) => lost.push(mark),
    other: (line) => notUnderstood.push(line),
  })
  for (const line of lines) parser.take(line)
  parser.end()
  return { events, notUnderstood, lost }
}
