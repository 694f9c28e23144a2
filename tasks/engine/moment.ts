/**
 * A point in time by both clocks: the calendar's, which people read and somebody may set, and the one that only counts.
 */
export interface Moment {
  readonly date: Date
  /** Milliseconds of the monotonic clock. */
  readonly count: number
}

export const moment = (): Moment => ({ date: new Date(), count: performance.now() })

/** Seconds that have passed, whatever became of the calendar's clock meanwhile. */
export const secondsSince = ({ count }: Moment): number => (performance.now() - count) / 1000

/** A calendar that is so far from where counting puts it was set, or the machine slept. Milliseconds. */
const JUMP = 2000

/**
 * Milliseconds by which the calendar's clock was set (or the machine slept, which the monotonic clock does not count)
 * between two moments; 0 where the two clocks agree.
 */
export function jumped(from: Moment, to: Moment): number {
  const jump = to.date.getTime() - from.date.getTime() - (to.count - from.count)
  return Math.abs(jump) < JUMP ? 0 : Math.round(jump)
}
