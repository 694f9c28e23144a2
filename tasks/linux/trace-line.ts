/**
 * One record of an ftrace text: `trace-cmd report` (plain, -t, -l) and `trace_pipe` of kernels 4.15 to 6.12. Text in, events out; what is
 * not understood is counted and kept.
 */
export interface TraceEvent {
  readonly cpu: number
  readonly timeNs: bigint
  readonly comm: string
  readonly pid: number
  /** irqs-off, need-resched, ... as the kernel prints them; 4 characters, 5 since 5.18. Not part of an event's identity. */
  readonly flags?: string
  /** `print`, `bpf_trace_printk`, `sched_process_exec`, ... */
  readonly event: string
  /** Text of a BPF program's printk without its prefix; fields of any other event. */
  readonly message: string
}

export interface ParsedTrace {
  readonly events: readonly TraceEvent[]
  readonly notUnderstood: readonly { readonly line: number; readonly text: string }[]
  readonly lost: readonly { readonly cpu: number; readonly count: number }[]
}

/** comm may hold anything, blanks and colons too; the pid is the digits after its last dash. */
const HEAD =
  /^\s*(.+)-(\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(\d+)\]\s+(?:([.dDnNhHsSzZbBpPlLXx0-9-]{4,5})\s+)?(\d+)\.(\d{6,9}):\s+(.*)$/
const EVENT = /^([A-Za-z_][A-Za-z0-9_]*):\s?(.*)$/
const LOST = /^\s*CPU:(\d+) \[LOST (\d+) EVENTS\]/
const DROPPED = /\[(\d+) EVENTS DROPPED\]/
const KNOWN = /^(\s*#|cpus=\d+$|\s*$|version = |CPU \d+ is empty)/

/** Prefixes of a BPF printk: the instruction pointer of 4.15 (fake, 1), of 5.4 (fake, 0), and the event's name since 5.9. */
const PRINTK_PREFIX = /^(?:0x[0-9a-f]+|0|bpf_trace_printk):\s*/

function eventOf(rest: string): { event: string; message: string } {
  const bare = PRINTK_PREFIX.exec(rest)
  if (bare)
    return {
      event: rest.startsWith('bpf_trace_printk') ? 'bpf_trace_printk' : 'print',
      message: rest.slice(bare[0].length).trimEnd(),
    }
  const [, event = '', text = ''] = EVENT.exec(rest) ?? []
  if (event === '') return { event: '', message: rest }
  const message = text.trim()
  // trace-cmd shows ftrace:print as "print: ADDRESS-OR-FUNCTION: text".
  return { event, message: event === 'print' ? message.replace(/^\S+: /, '') : message }
}

/** One line as an event, or undefined when it is none. */
export function parseTraceLine(line: string): TraceEvent | undefined {
  const [, comm, pid, cpu, flags, seconds, fraction, rest] = HEAD.exec(line) ?? []
  if (
    comm === undefined ||
    pid === undefined ||
    cpu === undefined ||
    seconds === undefined ||
    fraction === undefined ||
    rest === undefined
  )
    return undefined
  const { event, message } = eventOf(rest)
  if (event === '') return undefined
  const timeNs = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
  return { cpu: Number(cpu), timeNs, comm, pid: Number(pid), ...(flags === undefined ? {} : { flags }), event, message }
}

/** A whole text. Nothing is dropped in silence. */
export function parseTraceText(lines: Iterable<string>): ParsedTrace {
  const events: TraceEvent[] = []
  const notUnderstood: { line: number; text: string }[] = []
  const lost: { cpu: number; count: number }[] = []
  let number = 0
  for (const line of lines) {
    number++
    const event = parseTraceLine(line)
    const marker = LOST.exec(line)
    const dropped = DROPPED.exec(line)
    if (event) events.push(event)
    else if (marker) lost.push({ cpu: Number(marker[1]), count: Number(marker[2]) })
    else if (dropped) lost.push({ cpu: -1, count: Number(dropped[1]) })
    else if (!KNOWN.test(line)) notUnderstood.push({ line: number, text: line })
  }
  return { events, notUnderstood, lost }
}

/** Whether an event is a line that a BPF program printed. */
export const isPrintk = ({ event }: TraceEvent): boolean => event === 'print' || event === 'bpf_trace_printk'
