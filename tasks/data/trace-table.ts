/** Events as people know them from trace_pipe, and as Markdown for slides. */
import { printable } from '../engine/printable.ts'
import type { TraceEvent } from '../linux/trace-line.ts'

const seconds = (ns: bigint): string =>
  `${ns / 1_000_000_000n}.${String((ns % 1_000_000_000n) / 1000n).padStart(6, '0')}`

/** One line per event in the kernel's own columns. */
export const traceLines = (events: readonly TraceEvent[]): string[] =>
  events.map(({ comm, pid, cpu, flags, timeNs, message }) => {
    const task = `${printable(comm, 16)}-${pid}`.padStart(20)
    return `${task} [${String(cpu).padStart(3, '0')}] ${flags === undefined ? '' : `${flags} `}${seconds(timeNs).padStart(12)}: ${printable(message, 200)}`
  })

/** A fenced block that keeps the columns on a slide. */
export const traceMarkdown = (events: readonly TraceEvent[]): string[] => ['```', ...traceLines(events), '```']
