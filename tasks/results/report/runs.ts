/** The runs that a report is about, by experiment and by what they are compared in. */
import { pluralOf } from '../../engine/text.ts'
import type { RunIndex } from '../run-index.ts'
import type { ListedRun, RunDetails } from '../listed-run.ts'
import type { Definition } from '../definition.ts'
import { ofOneDefinition, type LeftOut } from '../one-definition.ts'
import { NO_NODE, type Placed } from '../../trace/stats/sample.ts'

/** A run with all that the index says of it. */
export interface ReportRun extends ListedRun, RunDetails {
  /** Why it is in no figure and no median, if it is not. */
  readonly notCounted: 'warm-up' | 'tried again' | 'failed' | 'another definition' | undefined
  readonly defined: Definition | undefined
}

/** Runs that nothing declared tells apart. */
export interface Group {
  /** What tells it from the others of its experiment. */
  readonly label: string
  readonly params: Readonly<Record<string, string | number>>
  readonly kernel: string
  readonly runs: readonly ReportRun[]
  /** Those that count. */
  readonly counted: readonly ReportRun[]
}

export interface ExperimentRuns {
  readonly name: string
  readonly runs: readonly ReportRun[]
  readonly groups: readonly Group[]
  /** Runs of other definitions, which are in nothing that is said of this experiment. */
  readonly leftOut: readonly LeftOut[]
  /** Units of its declared numbers, by metric. */
  readonly units: Readonly<Record<string, string>>
  /** What one sequence of messages is called, where the lab file has a word for it. */
  readonly unit?: string | undefined
}

/** A number of a run that failed answers another question, so it is in no figure. */
function notCounted({ plan, verdict }: ListedRun & RunDetails, again: boolean): ReportRun['notCounted'] {
  if (plan?.warmup === true) return 'warm-up'
  if (again) return 'tried again'
  return verdict === 'failed' ? 'failed' : undefined
}

/** With their details. Oldest first, as the index has them. */
export function reportRuns({ runs, definitions }: Pick<RunIndex, 'runs' | 'definitions'>): ReportRun[] {
  const whole = runs.map(({ details, ...listed }) => ({ ...listed, ...details() }))
  const key = ({ experiment, plan }: ListedRun & RunDetails) =>
    plan ? `${experiment}\0${plan.id}\0${plan.index}` : undefined
  const last = new Map<string, number>()
  for (const run of whole) {
    const name = key(run)
    if (name !== undefined) last.set(name, Math.max(last.get(name) ?? 0, run.plan?.attempt ?? 0))
  }
  return whole.map((run) => {
    const name = key(run)
    const again = name !== undefined && (run.plan?.attempt ?? 0) < (last.get(name) ?? 0)
    return {
      ...run,
      notCounted: notCounted(run, again),
      defined: run.definition === null ? undefined : definitions.get(run.definition),
    }
  })
}

const distinct = (values: readonly string[]): number => new Set(values).size

/** Numbers in names are compared as numbers: bytes=16 comes before bytes=1024, v5.4 before v5.10. */
const inOrder = new Intl.Collator('en', { numeric: true })

/** "none" is what the others are compared with. */
const rank = ({ armProbes }: ReportRun): number => (armProbes === null ? 0 : armProbes.length === 0 ? -1 : 0)

/** The parts of an arm's name: `bytes=16`, `kernel=v5.10`. */
const partsOf = (arm: string): string[] => arm.split(/,\s*(?=[\w-]+=)/)

/** Names of arms without the values that all of them share. */
function shortNames(runs: readonly ReportRun[]): (arm: string) => string {
  const names = [...new Set(runs.map(({ arm }) => arm))]
  const [first, ...others] = names.map((name) => new Set(partsOf(name)))
  const shared = new Set([...(first ?? [])].filter((part) => others.every((parts) => parts.has(part))))
  return (arm) =>
    partsOf(arm)
      .filter((part) => !shared.has(part))
      .join(', ')
}

function groupsOf(runs: readonly ReportRun[]): Group[] {
  const short = shortNames(runs)
  const [arms, kernels, accels] = [
    distinct(runs.map(({ arm }) => arm)),
    distinct(runs.map(({ kernel }) => kernel)),
    distinct(runs.map(({ accel }) => accel)),
  ]
  const under = distinct(runs.map(({ conditions }) => conditions.join()))
  const label = ({ arm, kernel, accel, imported, conditions }: ReportRun): string => {
    const parts = [
      arms > 1 && short(arm),
      kernels > 1 && !/(^|,)kernel=/.test(arm) && `kernel=${kernel}`,
      accels > 1 && accel,
      ...(under > 1 ? conditions : []),
    ].filter(Boolean)
    return parts.join(', ') || arm || (imported ?? kernel)
  }
  return [...Map.groupBy(runs, label)]
    .flatMap(([name, list]) => {
      const [first] = list
      if (first === undefined) return []
      const { params, kernel } = first
      return [
        {
          rank: rank(first),
          group: {
            label: name,
            params,
            kernel,
            runs: list,
            counted: list.filter(({ notCounted }) => notCounted === undefined),
          },
        },
      ]
    })
    .toSorted((a, b) => a.rank - b.rank || inOrder.compare(a.group.label, b.group.label))
    .map(({ group }) => group)
}

/** Runs that were named one by one are all wanted: those of another definition become arms of their own. */
const byDefinition = (runs: readonly ReportRun[]): Group[] => {
  const rest = [...runs]
  const groups: Group[] = []
  while (rest.length > 0) {
    const chosen = ofOneDefinition('', rest, asDefined)
    const kept = new Set(chosen?.runs ?? rest)
    const label = (group: Group) => `${group.label}, definition ${chosen?.definition ?? 'unknown'}`
    groups.push(...groupsOf(rest.filter((run) => kept.has(run))).map((group) => ({ ...group, label: label(group) })))
    rest.splice(0, rest.length, ...rest.filter((run) => !kept.has(run)))
  }
  return groups
}

const asDefined = ({ run, started, defined }: ReportRun) => ({ run, started, definition: defined })

/** How runs of several definitions are kept apart. */
export interface Apart {
  /** A definition's name or a run's; the newest of each experiment when left out. */
  readonly definition?: string | undefined
  /** Keep all of them, as arms. */
  readonly all?: boolean
}

/**
 * Each experiment with the runs of one definition, in the order of their names. An experiment that lacks the wanted
 * definition has no runs.
 */
export const byExperiment = (runs: readonly ReportRun[], { definition, all = false }: Apart = {}): ExperimentRuns[] =>
  [...Map.groupBy(runs, ({ experiment }) => experiment)]
    .toSorted(([a], [b]) => inOrder.compare(a, b))
    .map(([name, list]) => {
      const chosen = ofOneDefinition(name, list, asDefined, definition)
      if (chosen === undefined) return { name, runs: [], groups: [], leftOut: [], units: {} }
      if (!all || chosen.leftOut.length === 0)
        return { name, runs: chosen.runs, groups: groupsOf(chosen.runs), leftOut: chosen.leftOut, units: {} }
      return { name, runs: list, groups: byDefinition(list), leftOut: [], units: {} }
    })

/** What a number is known of: all runs of a group that have it and count. */
export const valuesOf = ({ counted }: Group, metric: string): number[] =>
  counted.map((run) => metricOf(run, metric)).filter((value) => value !== null)

/** The same with their nodes, for what is compared within them. */
export const samplesOf = ({ counted }: Group, metric: string): Placed[] =>
  counted.flatMap((run) => {
    const value = metricOf(run, metric)
    return value === null ? [] : [{ value, node: run.node }]
  })

/** The nodes that made the runs, where they are named. */
export const nodesOf = (groups: readonly Group[]): string[] => [
  ...new Set(groups.flatMap(({ counted }) => counted.map(({ node }) => node)).filter((node) => node !== NO_NODE)),
]

/** Numbers that are not declared: of what the events say of a read, and of the workload. */
export const medianOf = (unit: string): string => `median of its ${pluralOf(unit)} (µs)`
export const WORKLOAD_MS = 'workload (ms)'

export const metricOf = (run: ReportRun, metric: string): number | null =>
  metric === WORKLOAD_MS ? run.ms : (run.metrics[metric] ?? null)

/**
 * The declared numbers and what the events say of a read; the duration of the workload where there is nothing else to
 * compare.
 */
export function metricsOf({ runs, groups }: ExperimentRuns): string[] {
  const names = [...new Set(groups.flatMap(({ counted }) => counted.flatMap(({ metrics }) => Object.keys(metrics))))]
  if (names.length > 0) return names
  return groups.length > 1 && runs.some(({ ms }) => ms !== null) ? [WORKLOAD_MS] : []
}

/** The same runs with numbers that were found out since. */
export function withMetric(
  experiment: ExperimentRuns,
  metric: string,
  values: ReadonlyMap<ReportRun, number>,
): ExperimentRuns {
  const added = (run: ReportRun): ReportRun => {
    const value = values.get(run)
    return value === undefined ? run : { ...run, metrics: { ...run.metrics, [metric]: value } }
  }
  return {
    ...experiment,
    groups: experiment.groups.map((group) => ({ ...group, counted: group.counted.map(added) })),
  }
}
