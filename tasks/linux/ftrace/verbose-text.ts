/**
 * Records in the latency format with the option `verbose`: trace_print_lat_context() of kernel/trace/trace_output.c.
 *   "        readfile    95   0 1 00000000 00000001 [0080e3fa] 12.345ms (+0.010ms): content"
 * comm in 16 columns, pid, CPU, flags as a number, preempt count, number of the record, then the time: in hexadecimal
 * microseconds of the clock, and relative to the start; clocks without seconds have their count instead
 * ("[0000000000001f40] 8000 (+12)").
 */
import { parseContent } from './trace-content.ts'
import type { TraceEvent } from './trace-event.ts'

const COMM_WIDTH = 16
const BLANK = ' '.charCodeAt(0)
const TAIL =
  /^ +(\d{1,10}) +(\d{1,5}) (\d{1,3}) ([0-9a-f]{8}) [0-9a-f]{8,16} \[([0-9a-f]{8,16})\] (?:\d+\.\d{3}ms \(\+-?\d+\.\d{3}ms\)|\d+( )\(\+-?\d+\)): (.*)$/s

/** enum trace_flag_type of include/linux/trace_events.h. */
const FLAG = {
  irqsOff: 0x01,
  noIrqs: 0x02,
  needResched: 0x04,
  hardirq: 0x08,
  softirq: 0x10,
  preemptResched: 0x20,
  nmi: 0x40,
}

/** As trace_print_lat_fmt() prints the same flags: "d.h1". */
function flagsText(flags: number, preempt: number): string {
  const has = (bit: number): boolean => (flags & bit) !== 0
  const irqs = has(FLAG.irqsOff) ? 'd' : has(FLAG.noIrqs) ? 'X' : '.'
  const [need, resched] = [has(FLAG.needResched), has(FLAG.preemptResched)]
  const reschedule = need && resched ? 'N' : need ? 'n' : resched ? 'p' : '.'
  const [hard, soft] = [has(FLAG.hardirq), has(FLAG.softirq)]
  const inside = has(FLAG.nmi) ? (hard ? 'Z' : 'z') : hard && soft ? 'H' : hard ? 'h' : soft ? 's' : '.'
  return `${irqs}${reschedule}${inside}${preempt > 0 ? preempt.toString(16) : '.'}`
}

/** undefined for any other line. */
export function verboseRecord(line: string): TraceEvent | undefined {
  if (line.charCodeAt(COMM_WIDTH) !== BLANK || !line.includes('] ', COMM_WIDTH)) return undefined
  const [, pid, cpu, flags, preempt = '', time = '', count, rest = ''] = TAIL.exec(line.slice(COMM_WIDTH)) ?? []
  const content = pid === undefined ? undefined : parseContent(rest)
  if (content === undefined) return undefined
  const { event, message, system } = content
  const stamp = BigInt(`0x${time}`)
  const record: { -readonly [Key in keyof TraceEvent]: TraceEvent[Key] } = {
    cpu: Number(cpu),
    timeNs: count === undefined ? stamp * 1000n : stamp,
    comm: line.slice(0, COMM_WIDTH).trimStart(),
    pid: Number(pid),
    flags: flagsText(Number(flags), Number.parseInt(preempt, 16)),
    event,
    message,
  }
  if (count !== undefined) record.ticks = true
  if (system !== undefined) record.system = system
  return record
}
