/**
 * What the ring buffers themselves count (per_cpu/cpuN/stats; kernel/trace/trace.c, tracing_stats_read) against the
 * events in the trace. The kernel counts an event as read whoever reads it, so a second reader shows as a difference.
 */
export interface RingStats {
  /** Events that were still in the buffer, read by nobody. */
  readonly entries: number
  readonly overrun: number
  readonly commitOverrun: number
  readonly dropped: number
  /** Events that were read out of it. */
  readonly read: number
}

/** One CPU's stats each, in order of the CPUs; null where the text could not be read. */
export type PerCpu = readonly (RingStats | null)[]

/**
 * Reads one CPU's stats; undefined when a counter is not there. Clocks without seconds change the lines of the times
 * only.
 */
export function parseRingStats(text: string): RingStats | undefined {
  const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  const stats = {
    entries: value('entries'),
    overrun: value('overrun'),
    commitOverrun: value('commit overrun'),
    dropped: value('dropped events'),
    read: value('read events'),
  }
  return Object.values(stats).some(Number.isNaN) ? undefined : stats
}

/** What a trace has of the events that went through the ring buffers. */
export interface Recorded {
  /** Events in the trace, of all kinds and CPUs. */
  readonly events: number
  /**
   * Whether the counters were read after the recorder had emptied the buffers, as the holder does. trace-cmd reads them
   * before that, so that `entries` of its CPUSTAT may well be in the file (seen in 6 of 13 public recordings).
   */
  readonly countersAreFinal: boolean
}

export interface RingBalance {
  /** Events that nobody read; undefined where the counters cannot tell. */
  readonly unread: number | undefined
  /** Events that somebody other than the recorder read. */
  readonly taken: number
  /** What shows that events are missing, without a number. */
  readonly losses: readonly string[]
  readonly doubts: readonly string[]
}

const sum = (perCpu: PerCpu, counter: 'entries' | 'read'): number =>
  perCpu.reduce((total, cpu) => total + (cpu?.[counter] ?? 0), 0)

/** Final counters: everything that was read is in the trace, or somebody else has it. */
function finalBalance(read: number, entries: number, events: number): RingBalance {
  const cleared = `the trace has ${events} events and the ring buffers count ${read}: somebody cleared or resized them during the run`
  return { unread: entries, taken: Math.max(0, read - events), losses: events > read ? [cleared] : [], doubts: [] }
}

/** Counters of trace-cmd: what it had read before it took them, and what it went on to read. */
function earlyBalance(read: number, entries: number, events: number): RingBalance {
  const none = { taken: 0, losses: [] }
  if (events === read + entries) return { ...none, unread: 0, doubts: [] }
  if (events === read) return { ...none, unread: entries, doubts: [] }
  const more = entries > 0 ? `, with ${entries} more still in them,` : ''
  const doubt = `the ring buffers gave ${read} events${more} and the trace has ${events}`
  return { ...none, unread: undefined, doubts: [doubt] }
}

/**
 * Compares what the buffers gave with what was recorded.
 * @param recorded undefined: there are no counters to compare with, or nobody counted the events
 */
export function ringBalance(perCpu: PerCpu, recorded: Recorded | undefined): RingBalance {
  const [read, entries] = [sum(perCpu, 'read'), sum(perCpu, 'entries')]
  const isWhole = perCpu.length > 0 && perCpu.every((cpu) => cpu !== null)
  if (recorded === undefined || !isWhole)
    return { unread: isWhole ? entries : undefined, taken: 0, losses: [], doubts: [] }
  return (recorded.countersAreFinal ? finalBalance : earlyBalance)(read, entries, recorded.events)
}
