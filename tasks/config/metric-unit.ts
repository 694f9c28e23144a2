/** The unit of a declared number. */
import type { Metric } from './schema/schema.ts'

const OF_LOAD = { ns: 'ns', instructions: 'instructions', 'jit-bytes': 'B' } as const

/** Undefined where the lab file gives none. */
export const unitOfMetric = (metric: Metric): string | undefined =>
  'load' in metric ? OF_LOAD[metric.load] : metric.unit
