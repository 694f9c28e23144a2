/**
 * Text of `perf script`: "comm pid[/tid] [cpu] seconds.fraction: [period] group:event: fields", samples without fields,
 * stacks below them.
 */
import type { TraceEvent } from './trace-event.ts'

/** Groups: comm, pid, tid, cpu, flags, seconds, fraction, group, event, fields. */
const RECORD =
  /^\s*(\S.{0,30}?)\s+(\d+)(?:\/(\d+))?\s+\[(\d{3,})\]\s+(?:([.A-Za-z]{3,4}[.0-9a-f]{1,4})\s+)?(\d+)\.(\d{6,9}):\s+(?:\d+\s+)?([A-Za-z_][\w-]*(?::[A-Za-z_][\w-]*)?):\s*(.*)$/
/** man perf-list, event modifiers. */
const MODIFIERS = /^[ukhIGHpPSDWeb]{1,6}$/
/** "\tffffffff8123 vfs_read+0x10 ([kernel.kallsyms])". */
export const PERF_STACK = /^\s+[0-9a-f]{4,16} .+ \(.+\)$/

/** The same without a CPU: perf was not asked for it, and a table of events has a column for it. */
export const PERF_WITHOUT_CPU = /^\s*\S.{0,30}?\s+\d+(?:\/\d+)?\s+\d+\.\d{6,9}:\s+(?:\d+\s+)?[A-Za-z_][\w:-]*:/

export function perfRecord(line: string): TraceEvent | undefined {
  const [, comm = '', pid, tid, cpu, flags, seconds, fraction = '', name = '', message = ''] = RECORD.exec(line) ?? []
  if (seconds === undefined) return undefined
  const [first = '', rest] = name.split(':')
  // "cycles:u": what is counted and where, not a group and its event.
  const second = rest !== undefined && MODIFIERS.test(rest) ? undefined : rest
  return {
    cpu: Number(cpu),
    timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')),
    comm,
    // As ftrace counts: a thread.
    pid: Number(tid ?? pid),
    event: second ?? first,
    message,
    ...(flags !== undefined && { flags }),
    ...(second !== undefined && { system: first }),
  }
}
