/** On which side a commit is: of the verdicts of its runs, or of a metric whose interval decides. */
import { shortNumber } from '../../engine/text.ts'
import type { Mark } from '../../host/git-bisect.ts'
import { FEWEST_FOR_INTERVAL, summary, type Summary } from '../../trace/stats/statistics.ts'

/** What a commit was found to be, and why. */
export interface Judgement {
  readonly mark: Mark
  readonly why: string
  /** A run that shows it. */
  readonly run?: string
}

/** "412 [398, 431], 12 runs". */
export const summaryText = ({ median, low, high, count }: Summary): string =>
  `${shortNumber(median)} [${shortNumber(low)}, ${shortNumber(high)}], ${count} runs`

/** The two ends of a metric, and the value between them that tells good from bad. */
export interface Ends {
  readonly good: Summary
  readonly bad: Summary
  readonly limit: number
}

/** The middle of the gap between two intervals; undefined while they overlap. */
export function endsOf(good: readonly number[], bad: readonly number[]): Ends | undefined {
  if (Math.min(good.length, bad.length) < FEWEST_FOR_INTERVAL) return undefined
  const [one, other] = [summary(good), summary(bad)]
  const [lower, upper] = one.median < other.median ? [one, other] : [other, one]
  if (!(lower.high < upper.low)) return undefined
  return { good: one, bad: other, limit: (lower.high + upper.low) / 2 }
}

/** On which side of the limit the whole interval of these values is; undefined while it is on both. */
export function sideOf(values: readonly number[], { good, bad, limit }: Ends): 'good' | 'bad' | undefined {
  if (values.length < FEWEST_FOR_INTERVAL) return undefined
  const { low, high } = summary(values)
  if (low <= limit && limit <= high) return undefined
  return high < limit === good.median < bad.median ? 'good' : 'bad'
}

/** How many runs to make next: as many again as there are, up to the most. 0: there are no more. */
export const runsNext = (made: number, first: number, most: number): number =>
  made === 0 ? Math.min(first, most) : Math.max(0, Math.min(made, most - made))
