/** The unit of a declared number. */
import type { Metric } from './schema/schema.ts'

const OF_LOAD = { ns: 'ns', instructions: 'instructions', 'jit-bytes': 'B' } as const

/** Undefined where the lab file gives none. */
export const unitOfMetric = (metric: Metric): string | undefined =>
  'load' in metric ? OF_LOAD[metric.load] : metric.unit

/** Ends of names that say what the numbers are. */
const UNIT_OF_NAME: readonly (readonly [name: RegExp, unit: string])[] = [
  [/(?:^|_)ns$/, 'ns'],
  [/(?:^|_)us$/, 'us'],
  [/(?:^|_)ms$/, 'ms'],
  [/(?:^|_)bytes$/, 'B'],
]

/** The unit that the end of a name says: `wait_ns`, `bytes`. Undefined if it says none. */
export const unitOfName = (name: string): string | undefined => UNIT_OF_NAME.find(([end]) => end.test(name))?.[1]

/**
 * The declared unit, or else the one that the metric's name says. Results of others are compared in the declared one
 * alone.
 */
export const shownUnit = (name: string, metric: Metric): string | undefined => unitOfMetric(metric) ?? unitOfName(name)
