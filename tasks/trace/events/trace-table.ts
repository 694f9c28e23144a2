/** Events as people know them from trace_pipe, and as Markdown for slides. */
import { printable } from '../../engine/printable.ts'
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'

/** %16s, as the kernel sets it. */
const COMM_WIDTH = 16
/** A line of a terminal or a slide, not a record: the whole message is in the table of events. */
const MESSAGE_LENGTH = 200

/**
 * " %5lu.%06lu" rounded to microseconds, or " %12llu" for a clock that counts (kernel/trace/trace_output.c,
 * trace_print_context).
 */
function time({ timeNs, ticks }: TraceEvent): string {
  if (ticks) return String(timeNs).padStart(12)
  const us = (timeNs + 500n) / 1000n
  return `${String(us / 1_000_000n).padStart(5)}.${String(us % 1_000_000n).padStart(6, '0')}`
}

/**
 * Of a BPF program's line only the text: what kernels print in front of it (0x00000001, 0, bpf_trace_printk) says
 * nothing and differs.
 */
const content = (event: TraceEvent): string =>
  isPrintk(event)
    ? printable(event.message, MESSAGE_LENGTH)
    : `${printable(event.event, 64)}: ${printable(event.message, MESSAGE_LENGTH)}`

/** One line per event in the kernel's own columns; nothing in it that a terminal would obey. */
export const traceLines = (events: readonly TraceEvent[]): string[] =>
  events.map((event) => {
    const { comm, pid, cpu, flags } = event
    const task = `${printable(comm, COMM_WIDTH).padStart(COMM_WIDTH)}-${String(pid).padEnd(5)}`
    return `${task} [${String(cpu).padStart(3, '0')}] ${flags === undefined ? '' : `${printable(flags, 8)} `}${time(event)}: ${content(event)}`
  })

/** A fenced block that keeps the columns on a slide, as far to the left as they go. */
export function traceMarkdown(events: readonly TraceEvent[]): string[] {
  const lines = traceLines(events)
  const indent = Math.min(...lines.map((line) => line.length - line.trimStart().length))
  // A message may hold backticks; a fence ends only at one that is as long.
  const longest = Math.max(2, ...lines.flatMap((line) => Array.from(line.matchAll(/`+/g), ([run]) => run.length)))
  const fence = '`'.repeat(longest + 1)
  return [fence, ...lines.map((line) => line.slice(indent)), fence]
}
