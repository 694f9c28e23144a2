/**
 * Which run comes when. A plan is a list made before anything runs, so that it can be written down, resumed and
 * repeated: the same arms, order and seed give the same list.
 */
import type { ORDERS } from '../../config/schema/schema.ts'
import { random } from '../../trace/stats/random.ts'

/** A run of a round. */
interface ScheduledRun {
  readonly arm: number
  /** From 1; of a warm-up from 1 too. */
  readonly repeat: number
  readonly warmup: boolean
}

export interface PlannedRun extends ScheduledRun {
  /** Position in the plan, from 0. Runs are started in this order. */
  readonly index: number
}

export interface ScheduleRequest {
  readonly arms: number
  readonly repeats: number
  /** Runs of each arm that come before all others and do not count. */
  readonly warmup: number
  readonly order: (typeof ORDERS)[number]
  readonly seed: number
}

/** Fisher and Yates; the list is not changed. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const result = [...list]
  const next = random(seed)
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1))
    const [a, b] = [result[last] as T, result[other] as T]
    result[last] = b
    result[other] = a
  }
  return result
}

/**
 * Repeats `from` to `to` of every arm: round by round (every second one backwards where they are mirrored), or arm by
 * arm.
 */
function rounds(
  arms: number,
  from: number,
  to: number,
  order: ScheduleRequest['order'],
  warmup: boolean,
): ScheduledRun[] {
  const repeats = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const each = Array.from({ length: arms }, (_, arm) => arm)
  const round = (repeat: number) => (order === 'mirrored' && repeat % 2 === 0 ? each.toReversed() : each)
  return order === 'sequential'
    ? each.flatMap((arm) => repeats.map((repeat) => ({ arm, repeat, warmup })))
    : repeats.flatMap((repeat) => round(repeat).map((arm) => ({ arm, repeat, warmup })))
}

/** All runs of an experiment in their order. Warm-ups come first, interleaved. */
export function schedule({ arms, repeats, warmup, order, seed }: ScheduleRequest): PlannedRun[] {
  const counted = rounds(arms, 1, repeats, order, false)
  return [
    ...rounds(arms, 1, warmup, 'interleaved', true),
    ...(order === 'shuffled' ? shuffled(counted, seed) : counted),
  ].map((run, index) => ({ index, ...run }))
}
