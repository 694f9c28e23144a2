/** Numbers with a unit, in the SI prefix that suits their size. */
import { factorBetween, quantityOf } from '../../config/units.ts'
import { median } from '../../trace/stats/quantiles.ts'
import { valuesOf, type ExperimentRuns, type Group } from './runs.ts'

/** Prefixed units of each quantity, smallest first. */
const PREFIXED = { time: ['ns', 'µs', 'ms', 's'], size: ['B', 'kB', 'MB', 'GB'] } as const

export interface Scale {
  readonly unit: string | undefined
  /** By what a number is multiplied to be one of `unit`. */
  readonly factor: number
}

/**
 * The largest unit in which `size` is 1 or more. What is no time and no size keeps its unit.
 * @param unit of the numbers as they were recorded
 */
export function scaleOf(unit: string | undefined, size: number): Scale {
  const quantity = unit === undefined ? undefined : quantityOf(unit)
  if (unit === undefined || quantity === undefined) return { unit, factor: 1 }
  const scales = PREFIXED[quantity].map((prefixed) => ({ unit: prefixed, factor: factorBetween(unit, prefixed) ?? 1 }))
  const smallest = { unit, factor: 1 }
  return scales.findLast(({ factor }) => Math.abs(size) * factor >= 1) ?? scales[0] ?? smallest
}

/** "duration (ms)". */
export const withUnit = (name: string, unit: string | undefined): string =>
  unit === undefined ? name : `${name} (${unit})`

/** One metric of an experiment, as it is shown: one unit for all arms. */
export interface ShownMetric {
  /** Its name with the unit. */
  readonly title: string
  readonly unit: string | undefined
  readonly factor: number
  readonly valuesOf: (group: Group) => number[]
}

/** How a metric is shown: in the unit that suits the arm with the largest median. */
export function shownMetric({ groups, units }: Pick<ExperimentRuns, 'groups' | 'units'>, metric: string): ShownMetric {
  const medians = groups.flatMap((group) => {
    const values = valuesOf(group, metric)
    return values.length === 0 ? [] : [Math.abs(median(values.toSorted((a, b) => a - b)))]
  })
  const { unit, factor } = scaleOf(units[metric], Math.max(0, ...medians))
  return {
    title: withUnit(metric, unit),
    unit,
    factor,
    valuesOf: (group) => valuesOf(group, metric).map((value) => value * factor),
  }
}
