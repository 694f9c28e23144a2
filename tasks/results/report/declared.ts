/** What the lab file says of an experiment's arms and numbers: the order of the arms, and the units. */
import { arms } from '../../config/arms.ts'
import { shownUnit } from '../../config/metric-unit.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import type { ExperimentRuns, Group } from './runs.ts'

/**
 * The runs with their arms in the order of the lab file, so that the first one declared is what the others are compared
 * with. Arms that are not declared (`--param`) come last, in the order that they have.
 * @param declared the experiment as the lab file had it when the runs were made; undefined where that was not kept
 */
export function asDeclared(experiment: ExperimentRuns, declared: ResolvedExperiment | undefined): ExperimentRuns {
  if (declared === undefined) return experiment
  const names = arms(declared).map(({ name }) => name)
  const place = ({ runs: [first] }: Group): number => {
    const at = names.indexOf(first?.arm ?? '')
    return at < 0 ? names.length : at
  }
  const units = Object.entries(declared.metrics).flatMap(([name, metric]) => {
    const unit = shownUnit(name, metric)
    return unit === undefined ? [] : [[name, unit] as const]
  })
  return {
    ...experiment,
    groups: experiment.groups.toSorted((a, b) => place(a) - place(b)),
    units: Object.fromEntries(units),
    unit: declared.unit,
  }
}
