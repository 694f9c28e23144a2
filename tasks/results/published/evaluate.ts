/** Published results beside measured ones: values by arm, and a verdict for each claim. */
import { readFileSync } from 'node:fs'
import { arms as armsOf } from '../../config/arms.ts'
import { unitOfMetric } from '../../config/metric-unit.ts'
import type { ResolvedPublished } from '../../config/published.ts'
import { parsePublishedCsv, type PublishedValue } from '../../config/published-csv.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import type { Claim } from '../../config/schema/schema.ts'
import { factorBetween, quantityOf } from '../../config/units.ts'
import { messageOf, userError } from '../../engine/error.ts'
import { FEWEST_FOR_INTERVAL, summary } from '../../trace/stats/statistics.ts'
import { claimText, isAbsolute, questionsOf, shapeOf, valueOf, type Material } from './claims.ts'
import { verdictOf, type Verdict } from './verdict.ts'

/** A run that counts, as far as it is compared. */
export interface ComparedRun {
  readonly arm: string
  /** The machine that made it; arms are compared within nodes. */
  readonly node: string
  readonly kernel: string
  readonly accel: string
  readonly clocksource: string
  readonly deterministic: boolean
  readonly metrics: Readonly<Record<string, number | null>>
}

/** An arm, published and measured, in the unit of the published values. */
export interface ComparedArm {
  readonly arm: string
  /** As the source gives it; `spread` of the report says what its spread is. */
  readonly published: PublishedValue | null
  readonly count: number
  readonly median: number | null
  /** null for fewer runs than an interval needs. */
  readonly low: number | null
  readonly high: number | null
  /** Measured by published. */
  readonly ratio: number | null
  /** Shares of the geometric mean over the arms that have both. */
  readonly publishedShape: number | null
  readonly measuredShape: number | null
}

export interface JudgedClaim extends Verdict {
  readonly claim: string
}

export interface PublishedReport {
  readonly experiment: string
  readonly source: string
  readonly metric: string
  readonly unit: string
  readonly setup: string | null
  /** What the spread of published values is. */
  readonly spread: ResolvedPublished['spread']
  /** Published runs of each arm; null where the source does not say. */
  readonly runs: number | null
  /** What the measured runs were made on. */
  readonly kernel: string
  readonly accel: string
  readonly arms: readonly ComparedArm[]
  readonly claims: readonly JudgedClaim[]
}

/** Values of a CSV file. @throws Failure (user) where it cannot be read, or not all of it is understood */
function fromCsv(file: string): ReadonlyMap<string, PublishedValue> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw userError({
      place: file,
      fact: `published values cannot be read: ${messageOf(error)}`,
      wayOut: 'put the file back, or write the values into lab.yaml',
    })
  }
  const { rows, problems } = parsePublishedCsv(text)
  const [first] = problems
  if (first !== undefined)
    throw userError({ place: `${file}:${first.line}`, fact: first.message, wayOut: first.wayOut })
  return new Map(rows.map(({ arm, value, spread }) => [arm, { value, spread }]))
}

/** Why a claim about a metric cannot be judged on the machine of these runs; undefined where it can. */
export function incomparable(
  claim: Claim,
  unit: string,
  { clock }: Pick<ResolvedPublished, 'clock'>,
  { accel, clocksource, deterministic }: Pick<ComparedRun, 'accel' | 'clocksource' | 'deterministic'>,
): string | undefined {
  if (quantityOf(unit) !== 'time') return undefined
  if (deterministic) return 'time is counted in instructions here (deterministic VM), and is no time of a clock'
  if (!isAbsolute(claim)) return undefined
  if (accel === 'tcg')
    return 'the guest is emulated (TCG): its times are not those of a CPU, only how they compare with one another'
  if (clock !== undefined && clock !== clocksource)
    return `it was measured with another clock (${clock}, here ${clocksource})`
  return undefined
}

function comparedArms(material: Material): ComparedArm[] {
  const rows = material.arms.map(({ name, values }) => {
    const published = valueOf(material.published, name) ?? null
    const known = values.length === 0 ? undefined : summary(values)
    const hasInterval = values.length >= FEWEST_FOR_INTERVAL
    return {
      arm: name,
      published,
      count: values.length,
      median: known?.median ?? null,
      low: hasInterval ? (known?.low ?? null) : null,
      high: hasInterval ? (known?.high ?? null) : null,
      ratio: known && published && published.value !== 0 ? known.median / published.value : null,
      publishedShape: null,
      measuredShape: null,
    }
  })
  const both = rows.filter(({ published, median }) => (published?.value ?? 0) > 0 && (median ?? 0) > 0)
  if (both.length < 2) return rows
  const publishedShape = shapeOf(both.map(({ published }) => published?.value ?? 1))
  const measuredShape = shapeOf(both.map(({ median }) => median ?? 1))
  return rows.map((row) => {
    const at = both.indexOf(row)
    return at < 0
      ? row
      : { ...row, publishedShape: publishedShape[at] ?? null, measuredShape: measuredShape[at] ?? null }
  })
}

/** Runs of one machine: what a kernel or an accelerator that the command line chose must not mix. */
const machineOf = ({ arm, kernel, accel, deterministic }: ComparedRun): string =>
  `${/(^|,)kernel=/.test(arm) ? '' : kernel}\0${accel}\0${deterministic}`

function reportOf(
  experiment: ResolvedExperiment,
  published: ResolvedPublished,
  runs: readonly ComparedRun[],
): PublishedReport | undefined {
  const [first] = runs
  const metric = Object.hasOwn(experiment.metrics, published.metric) ? experiment.metrics[published.metric] : undefined
  if (first === undefined || metric === undefined) return undefined
  const own = unitOfMetric(metric) ?? ''
  const unit = published.unit ?? own
  const factor = factorBetween(own, unit) ?? 1
  const names = [...new Set([...armsOf(experiment).map(({ name }) => name), ...runs.map(({ arm }) => arm)])]
  const values = (name: string) =>
    runs.flatMap(({ arm, metrics, node }) => {
      const value = arm === name ? metrics[published.metric] : null
      return typeof value === 'number' ? [{ value: value * factor, node }] : []
    })
  const material: Material = {
    arms: names.map((name) => ({ name, values: values(name) })),
    published: published.csv === undefined ? new Map(Object.entries(published.values)) : fromCsv(published.csv),
    unit,
  }
  return {
    experiment: experiment.name,
    source: published.source,
    metric: published.metric,
    unit,
    setup: published.setup ?? null,
    spread: published.spread,
    runs: published.runs ?? null,
    kernel: first.kernel,
    accel: first.accel,
    arms: comparedArms(material),
    claims: published.claims.map((claim): JudgedClaim => {
      const text = claimText(claim, published.metric, unit)
      const why = incomparable(claim, unit, published, first)
      return why === undefined
        ? { claim: text, ...verdictOf(questionsOf(claim, material)) }
        : { claim: text, verdict: 'not comparable', why, needs: null, answers: [] }
    }),
  }
}

/**
 * One report for each published result and each machine that the runs were made on.
 * @param runs those that count: no warm-ups, no attempts that were repeated
 * @throws Failure (user) for a CSV file that cannot be read
 */
export function publishedReports(experiment: ResolvedExperiment, runs: readonly ComparedRun[]): PublishedReport[] {
  const machines = [...Map.groupBy(runs, machineOf).values()]
  return experiment.published.flatMap((published) =>
    machines.flatMap((own) => reportOf(experiment, published, own) ?? []),
  )
}
