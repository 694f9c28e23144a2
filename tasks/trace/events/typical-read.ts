/** One read out of many, to be shown. */
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'

/**
 * Cuts messages wherever the first one comes again, and takes the group whose duration is the median; empty where there
 * are none.
 */
export function typicalRead(events: readonly TraceEvent[]): TraceEvent[] {
  const groups: TraceEvent[][] = []
  for (const event of events) {
    if (event.message === events[0]?.message) groups.push([])
    groups.at(-1)?.push(event)
  }
  const duration = (group: readonly TraceEvent[]) => Number((group.at(-1)?.timeNs ?? 0n) - (group[0]?.timeNs ?? 0n))
  return groups.toSorted((a, b) => duration(a) - duration(b))[Math.floor(groups.length / 2)] ?? []
}
