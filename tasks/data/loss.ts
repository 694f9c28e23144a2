/** The loss ledger: every layer where an event can vanish, and what it adds up to. A run that cannot prove that it is complete says so. */
export interface RingStats {
  readonly entries: number
  readonly overrun: number
  readonly commitOverrun: number
  readonly dropped: number
}

/** Reads per_cpu/cpuN/stats (kernel/trace/trace.c, tracing_stats_read); undefined when a counter is not there. */
export function parseRingStats(text: string): RingStats | undefined {
  const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN)
  const stats = {
    entries: value('entries'),
    overrun: value('overrun'),
    commitOverrun: value('commit overrun'),
    dropped: value('dropped events'),
  }
  return Object.values(stats).some(Number.isNaN) ? undefined : stats
}

export interface LossInput {
  /** Text of each CPU's stats, read after the recording. */
  readonly stats: readonly string[]
  /** Per program; negative where the kernel does not count. */
  readonly missed: readonly { readonly program: string; readonly missed: number }[]
  /** LOST and DROPPED markers in the text. */
  readonly markers: readonly { readonly count: number }[]
  readonly notUnderstood: number
  /** Why the recorder stopped early, if it did. */
  readonly captureError?: string | undefined
}

export interface Ledger {
  readonly completeness: 'complete' | 'incomplete' | 'unknown'
  readonly losses: Readonly<Record<'overrun' | 'commitOverrun' | 'dropped' | 'missed' | 'lostMarkers', number | null>>
  readonly reasons: readonly string[]
}

const WHY = {
  overrun: 'events were overwritten in the ring buffer before they were read: raise `trace: { buffer: ... }`',
  commitOverrun: 'events were lost because an interrupt wrote while another write was open: raise the buffer',
  dropped: 'events were dropped because the ring buffer was full: raise `trace: { buffer: ... }`',
  missed: 'hits of a kprobe were missed (it was hit inside another probe, or on a CPU that was in one)',
  lostMarkers: 'the trace itself says that events were lost',
} as const

/** Adds up all layers. */
export function lossLedger(input: LossInput): Ledger {
  const stats = input.stats.map(parseRingStats)
  const known = stats.length > 0 && stats.every((one) => one !== undefined)
  const sum = (pick: (one: RingStats) => number) =>
    known ? stats.reduce((total, one) => total + (one ? pick(one) : 0), 0) : null
  const losses = {
    overrun: sum((one) => one.overrun),
    commitOverrun: sum((one) => one.commitOverrun),
    dropped: sum((one) => one.dropped),
    missed: input.missed.reduce((total, { missed }) => total + Math.max(0, missed), 0),
    lostMarkers: input.markers.reduce((total, { count }) => total + count, 0),
  }
  const lost = (Object.keys(losses) as (keyof typeof losses)[]).filter((layer) => (losses[layer] ?? 0) > 0)
  const reasons = lost.map((layer) => `${losses[layer] ?? 0}: ${WHY[layer]}`)
  if (input.captureError !== undefined) reasons.push(`the recording ended early: ${input.captureError}`)
  const doubts = [
    ...(known ? [] : ['the loss counters of the ring buffer could not be read']),
    ...(input.notUnderstood > 0 ? [`${input.notUnderstood} lines of the trace were not understood`] : []),
  ]
  const completeness = reasons.length > 0 ? 'incomplete' : doubts.length > 0 ? 'unknown' : 'complete'
  return { completeness, losses, reasons: [...reasons, ...doubts] }
}

/** Programs that were hit while no line of any program is in the trace: their printk was refused, and the kernel says nothing about it. */
export function silentPrintk(
  hits: readonly { readonly program: string; readonly hits: number }[],
  printed: number,
): string[] {
  if (printed > 0) return []
  return hits
    .filter((one) => one.hits > 0)
    .map(
      ({ program, hits: count }) =>
        `${program} was hit ${count} times and printed nothing: bpf_trace_printk refuses a format that it does not know (%c before 6.x) with -EINVAL and no message`,
    )
}
