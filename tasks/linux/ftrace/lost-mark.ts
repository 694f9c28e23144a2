/** Marks of events that were lost, as texts of ftrace have them. */

/** A gap that the text itself states. */
export interface LostMark {
  /** -1 where the text does not say which. */
  readonly cpu: number
  /** undefined where the text says that events were lost and not how many. */
  readonly count?: number | undefined
}

/**
 * trace_pipe: "CPU:1 [LOST 12 EVENTS]", without a number where the kernel cannot count (in 5.10, not yet in 5.4);
 * trace-cmd: "[12 EVENTS DROPPED]".
 */
const LOST = /^\s*CPU:(\d+) \[(?:LOST (?:(\d+) )?EVENTS|(?:(\d+) )?EVENTS DROPPED)\]$/
const DROPPED_ANYWHERE = /^\s*\[(\d+) EVENTS DROPPED\]$/

/** undefined for any other line. */
export function lostMark(line: string): LostMark | undefined {
  const marker = LOST.exec(line)
  const count = marker ? (marker[2] ?? marker[3]) : DROPPED_ANYWHERE.exec(line)?.[1]
  if (marker === null && count === undefined) return undefined
  return { cpu: Number(marker?.[1] ?? -1), count: count === undefined ? undefined : Number(count) }
}
