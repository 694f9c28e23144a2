/** Runs of a report for tests. */
import type { ExperimentRuns, Group, ReportRun } from './runs.ts'

/** An arm all of whose runs count. */
export const groupOf = (label: string, counted: readonly ReportRun[]): Group => ({
  label,
  params: {},
  kernel: 'k',
  runs: counted,
  counted,
})

/** The experiment x. */
export const experimentOf = (...groups: readonly Group[]): ExperimentRuns => ({
  name: 'x',
  runs: groups.flatMap(({ runs }) => runs),
  groups,
  leftOut: [],
  units: {},
})
