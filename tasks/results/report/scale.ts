/** Metrics of a report in the unit that suits their size. */
import { scaleOf, withUnit } from '../../config/units.ts'
import { median } from '../../trace/stats/quantiles.ts'
import type { Placed } from '../../trace/stats/sample.ts'
import { samplesOf, valuesOf, type ExperimentRuns, type Group } from './runs.ts'

/** One metric of an experiment, as it is shown: one unit for all arms. */
export interface ShownMetric {
  /** Its name with the unit. */
  readonly title: string
  readonly unit: string | undefined
  readonly factor: number
  readonly valuesOf: (group: Group) => number[]
  /** With the nodes that they were measured on. */
  readonly samplesOf: (group: Group) => Placed[]
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
    samplesOf: (group) => samplesOf(group, metric).map(({ value, node }) => ({ value: value * factor, node })),
  }
}
