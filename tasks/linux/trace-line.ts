/**
 * ftrace text as events: what `trace-cmd report` (3.1 to 3.3; plain, -t, -l) and `trace_pipe` (kernels 4.15 to 6.12) print. Text in, events
 * out; what is not understood is counted and kept.
 */
import { parseContent } from './trace-content.ts'

export interface TraceEvent {
  readonly cpu: number
  /** Nanoseconds of the trace's clock; ticks where `ticks` is set. */
  readonly timeNs: bigint
  /** The time is a plain count: the clocks `counter` and `x86-tsc` have no seconds. */
  readonly ticks?: true
  /** At most 15 bytes of the program's name; `<...>` where the kernel no longer knew it. */
  readonly comm: string
  readonly pid: number
  /**
   * irqs-off, need-resched, in an interrupt, preempt count (4 characters), migrate-disable depth (the fifth, since 5.18), as printed. Not
   * part of an event's identity: the same kprobe shows `d...` as int3 and `....` once it is optimised to a jump.
   */
  readonly flags?: string
  /**
   * `print` (a BPF program's printk before 5.9), `bpf_trace_printk` (since 5.9), `sched_process_exec`, ... Text of trace_printk() or
   * trace_marker has the function's name here (`tracing_mark_write`), as in trace_pipe: it is no probe's message.
   */
  readonly event: string
  /** The event's group, where the text has it or the name can mean nothing else. */
  readonly system?: string
  /** A BPF program's text without the prefix; of any other event its fields as printed. */
  readonly message: string
}

/** A gap that the text itself states. */
export interface LostMark {
  /** -1 where the text does not say which. */
  readonly cpu: number
  /** undefined where the text says that events were lost and not how many. */
  readonly count?: number | undefined
}

export interface TraceProblems {
  /** Lines that are no record, no marker and no heading; `line` counts from 1. */
  readonly notUnderstood: readonly { readonly line: number; readonly text: string }[]
  readonly lost: readonly LostMark[]
}

export interface ParsedTrace extends TraceProblems {
  readonly events: readonly TraceEvent[]
}

/** Whether an event is a line that a BPF program printed. */
export const isPrintk = ({ event }: Pick<TraceEvent, 'event'>): boolean =>
  event === 'print' || event === 'bpf_trace_printk'

/**
 * trace_print_lat_fmt() of kernel/trace/trace_output.c: three characters, then the preempt count in hexadecimal (up to two digits in 5.4);
 * migrate-disable depth (5.18) or libtraceevent's lock depth may follow.
 */
const FLAGS = String.raw`[.A-Za-z]{3}[.0-9a-f]{1,4}`
/** Seconds and their fraction, or a plain count; then the content. */
const TIME = String.raw`(\d+)(?:\.(\d{1,9}))?:(?: (.*))?$`
/** The option record-tgid adds "(  77)" or "(-----)". */
const TGID = String.raw`(?:\( *[-\d]+\) +)?`
/**
 * What follows the dash behind the comm; both have the groups pid, cpu, flags, seconds, fraction, content. By position: groups with names
 * take three times as long, and a trace has millions of lines.
 */
const TAILS = [
  /** "123   [000] d...  12.345678: ..."; trace-cmd leaves no blank between "]" and a count of 12 digits. */
  new RegExp(String.raw`^(\d+) *${TGID}\[(\d+)\] *(?:(${FLAGS}) +)?${TIME}`, 's'),
  /** "123     0d....    12.345678: ...", trace-cmd's -l: CPU and flags stand together. */
  new RegExp(String.raw`^(\d+) +(\d+)(${FLAGS}) +${TIME}`, 's'),
] as const

/** The kernel and trace-cmd set the comm right-aligned into 16 columns (%16s). */
const COMM_WIDTH = 16
const DASH = '-'.charCodeAt(0)
/** For lines that lost their alignment (pasted into a log), -l (8 columns), and a comm that is not ASCII: the first dash that fits. */
const LOOSE = new RegExp(String.raw`^\s*(.{0,16}?)-(?=\d+ *(?:${TGID}\[\d+\]| \d+[.A-Za-z]{3}))`, 's')

function eventOf(comm: string, tail: string): TraceEvent | undefined {
  const [, pid, cpu, flags, seconds, fraction, rest] = TAILS[0].exec(tail) ?? TAILS[1].exec(tail) ?? []
  if (seconds === undefined || rest === undefined) return undefined
  const content = parseContent(rest)
  if (content === undefined) return undefined
  const event: { -readonly [Key in keyof TraceEvent]: TraceEvent[Key] } = {
    cpu: Number(cpu),
    timeNs: BigInt(fraction === undefined ? seconds : seconds + fraction.padEnd(9, '0')),
    comm: comm.trimStart(),
    pid: Number(pid),
    event: content.event,
    message: content.message,
  }
  if (fraction === undefined) event.ticks = true
  if (flags !== undefined) event.flags = flags
  if (content.system !== undefined) event.system = content.system
  return event
}

/** One record, or undefined when the line is none. The line has no line end. */
export function parseTraceLine(line: string): TraceEvent | undefined {
  // A comm may hold anything, blanks, dashes and brackets too: the column decides before the pattern does.
  if (line.charCodeAt(COMM_WIDTH) === DASH) {
    const aligned = eventOf(line.slice(0, COMM_WIDTH), line.slice(COMM_WIDTH + 1))
    if (aligned) return aligned
  }
  const [start, comm] = LOOSE.exec(line) ?? []
  return start === undefined || comm === undefined ? undefined : eventOf(comm, line.slice(start.length))
}

/** trace_pipe: "CPU:1 [LOST 12 EVENTS]", without a number where the kernel cannot count (in 5.10, not yet in 5.4); trace-cmd: "[12 EVENTS DROPPED]". */
const LOST = /^\s*CPU:(\d+) \[(?:LOST (?:(\d+) )?EVENTS|(?:(\d+) )?EVENTS DROPPED)\]$/
const DROPPED_ANYWHERE = /^\s*\[(\d+) EVENTS DROPPED\]$/
/** Headings and blank lines: "# tracer: nop", "cpus=2", "CPU 1 is empty", "version = 6", "CPU:0 [SUBBUFFER START]". */
const HEADING = /^\s*(?:#.*|cpus=\d+|version = .*|CPU \d+ is empty|CPU:\d+ \[SUBBUFFER START\])?$/
/** A line below "<stack trace>": " => vfs_read", " => vfs_read (ffffffff811b0ab0)", " =>  <00007f1c2d3e4f50>". */
const STACK_ENTRY = /^\s*=> ?.+$/
const STACK = new Set(['kernel_stack', 'user_stack'])

function lostMark(line: string): LostMark | undefined {
  const marker = LOST.exec(line)
  const count = marker ? (marker[2] ?? marker[3]) : DROPPED_ANYWHERE.exec(line)?.[1]
  if (marker === null && count === undefined) return undefined
  return { cpu: Number(marker?.[1] ?? -1), count: count === undefined ? undefined : Number(count) }
}

/**
 * Where a further record or marker begins inside a line. Before 5.9 a printk without "\n" in its format ends no line, so that trace_pipe
 * runs records together; the 16 columns of the comm tell exactly where the text ends.
 */
const GLUED = new RegExp(
  String.raw`.{16}-\d+ +${TGID}\[\d{3,}\] +${FLAGS} +\d+\.\d{6}: |CPU:\d+ \[LOST (?:\d+ )?EVENTS\]$`,
  'gs',
)
/** Only a printed text without an event's name in front can have swallowed its neighbours. */
const MAY_BE_GLUED = /: 0(?:x[0-9a-f]+)?: .*(?:\[\d{3,}\] |\[LOST )/s

function recordsOf(line: string): string[] {
  // Nearly all lines have one "[" only; to find that out is cheap.
  if (line.lastIndexOf('[') === line.indexOf('[') || !MAY_BE_GLUED.test(line)) return [line]
  const starts = Array.from(line.matchAll(GLUED), ({ index }) => index).filter((index) => index > 0)
  return [0, ...starts].map((start, index) => line.slice(start, starts[index]))
}

/** Takes a text line by line. A record with a stack below it comes out when the next one begins: call `end` after the last line. */
export class TraceReader implements TraceProblems {
  readonly notUnderstood: { line: number; text: string }[] = []
  readonly lost: LostMark[] = []
  #line = 0
  #stack: TraceEvent | undefined

  /** Events that are whole after this line. */
  feed(line: string): TraceEvent[] {
    this.#line++
    const events: TraceEvent[] = []
    for (const record of recordsOf(line)) {
      const event = parseTraceLine(record)
      if (event === undefined) {
        this.#other(record)
        continue
      }
      if (this.#stack) events.push(...this.end())
      if (STACK.has(event.event)) this.#stack = event
      else events.push(event)
    }
    return events
  }

  /** The event that was still waiting for lines of its own, if any. */
  end(): TraceEvent[] {
    const last = this.#stack
    this.#stack = undefined
    return last ? [last] : []
  }

  #other(text: string): void {
    const mark = lostMark(text)
    if (mark) this.lost.push(mark)
    else if (this.#stack && STACK_ENTRY.test(text))
      this.#stack = { ...this.#stack, message: `${this.#stack.message}\n${text.trim()}` }
    else if (!HEADING.test(text)) this.notUnderstood.push({ line: this.#line, text })
  }
}

/** A whole text that is in memory anyway. Nothing is dropped in silence. */
export function parseTraceText(lines: Iterable<string>): ParsedTrace {
  const reader = new TraceReader()
  const events: TraceEvent[] = []
  for (const line of lines) events.push(...reader.feed(line))
  events.push(...reader.end())
  return { events, notUnderstood: reader.notUnderstood, lost: reader.lost }
}

/** A text of any length. What is no event is in `reader` when the iteration is over. */
export async function* readTrace(
  lines: AsyncIterable<string> | Iterable<string>,
  reader: TraceReader = new TraceReader(),
): AsyncGenerator<TraceEvent, void> {
  for await (const line of lines) yield* reader.feed(line)
  yield* reader.end()
}
