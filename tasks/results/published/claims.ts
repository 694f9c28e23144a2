/** Each kind of claim as the questions that decide it, and as a sentence. */
import { axesOfName, isChosen, pairsOf, seriesOver } from '../../config/published.ts'
import type { PublishedValue } from '../../config/published-csv.ts'
import type { Claim } from '../../config/schema/schema.ts'
import { theilSen } from '../../trace/stats/bootstrap.ts'
import type { Sample } from '../../trace/stats/sample.ts'
import type { Question } from './verdict.ts'

/** An arm with its numbers, in the unit of the published values. */
export interface MeasuredArm {
  readonly name: string
  readonly values: readonly Sample[]
}

export interface Material {
  /** In the order of the lab file. */
  readonly arms: readonly MeasuredArm[]
  readonly published: ReadonlyMap<string, PublishedValue>
  /** Of the published values, or empty. */
  readonly unit: string
}

const share = (percentage: string): number => Number.parseFloat(percentage) / 100

/** A ratio within a share of 1. */
const near = (tolerance: string) => ({ low: 1 - share(tolerance), high: 1 + share(tolerance) })

const ratioOf = ([one = Number.NaN, other = Number.NaN]: readonly number[]): number => one / other
const difference = ([one = Number.NaN, other = Number.NaN]: readonly number[]): number => one - other

/** What tells the two arms of a pair apart comes first, what they share after it. */
const pairName = (one: string, other: string) => `${one} to ${other}`

/** Zero is no step up: the smallest number above it. */
const ABOVE = { low: Number.MIN_VALUE, high: Infinity }

function steps(series: readonly MeasuredArm[], isRising: boolean): Question[] {
  return series.slice(1).map((arm, index): Question => {
    const before = series[index] ?? arm
    const [larger, smaller] = isRising ? [arm, before] : [before, arm]
    return {
      about: `${arm.name} after ${before.name}`,
      groups: [larger.values, smaller.values],
      of: difference,
      low: ABOVE.low,
      high: ABOVE.high,
    }
  })
}

/** Arms that have a published value, with it. */
function pairsWithPublished({ arms, published }: Material): { arm: MeasuredArm; value: number }[] {
  return arms.flatMap((arm) => {
    const own = valueOf(published, arm.name)
    return own === undefined ? [] : [{ arm, value: own.value }]
  })
}

/** The published value of an arm, whatever the order in which its name is written. */
export function valueOf(published: ReadonlyMap<string, PublishedValue>, arm: string): PublishedValue | undefined {
  const size = axesOfName(arm).size
  for (const [name, value] of published) if (axesOfName(name).size === size && isChosen(arm, name)) return value
  return undefined
}

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** Values as shares of their geometric mean: what is left when one machine is a constant factor slower. */
export function shapeOf(values: readonly number[]): number[] {
  const mean = geometricMean(values)
  return values.map((value) => value / mean)
}

function shapeQuestions(tolerance: string, material: Material): Question[] {
  const pairs = pairsWithPublished(material).filter(({ value }) => value > 0)
  const wanted = shapeOf(pairs.map(({ value }) => value))
  const groups = pairs.map(({ arm }) => arm.values)
  return pairs.map(({ arm }, index) => ({
    about: arm.name,
    groups,
    of: (medians) => (shapeOf(medians)[index] ?? Number.NaN) / (wanted[index] ?? 1),
    ...near(tolerance),
  }))
}

const single = (material: Material, choice: string | undefined, low: number, high: number): Question[] =>
  material.arms
    .filter(({ name }) => isChosen(name, choice))
    .map(({ name, values }) => ({
      about: name,
      groups: [values],
      of: ([middle = Number.NaN]) => middle,
      low,
      high,
    }))

/**
 * What has to be true of the medians for a claim to hold. Arms without any value are asked about too: they leave it
 * open.
 */
export function questionsOf(claim: Claim, material: Material): Question[] {
  const { arms } = material
  const chosen = arms.filter(({ name }) => !('arm' in claim) || isChosen(name, claim.arm))
  if ('monotone' in claim)
    return seriesOver(chosen, claim.over).flatMap((series) => steps(series, claim.monotone === 'rising'))
  if ('order' in claim)
    return steps(
      claim.order.flatMap((choice) => arms.find(({ name }) => isChosen(name, choice)) ?? []),
      true,
    )
  if ('ratio' in claim || 'noDifference' in claim) {
    const range = 'ratio' in claim ? { low: claim.ratio[0], high: claim.ratio[1] } : near(claim.noDifference)
    return pairsOf(arms, claim.of, claim.to).map(([one, other]) => ({
      about: pairName(one.name, other.name),
      groups: [one.values, other.values],
      of: ratioOf,
      ...range,
    }))
  }
  if ('atLeast' in claim) return single(material, claim.arm, claim.atLeast, Infinity)
  if ('atMost' in claim) return single(material, claim.arm, -Infinity, claim.atMost)
  if ('slope' in claim)
    return seriesOver(chosen, claim.over).map((series) => {
      const xs = series.map(({ name }) => Number(axesOfName(name).get(claim.over)))
      return {
        about: `${series.length} values of ${claim.over}`,
        groups: series.map(({ values }) => values),
        of: (medians) => theilSen(xs, medians),
        low: claim.slope[0],
        high: claim.slope[1],
      }
    })
  if ('shape' in claim) return shapeQuestions(claim.shape, material)
  return pairsWithPublished(material).map(({ arm, value }) => ({
    about: arm.name,
    groups: [arm.values],
    of: ([middle = Number.NaN]) => middle / value,
    ...near(claim.equal),
  }))
}

/** Whether a claim is about absolute numbers, and not about how arms compare with one another. */
export const isAbsolute = (claim: Claim): boolean =>
  'atLeast' in claim || 'atMost' in claim || 'slope' in claim || 'equal' in claim

const range = ([low, high]: readonly [number, number]): string => `${low} to ${high}`
const about = (choice: string | undefined): string => (choice === undefined ? '' : ` (${choice})`)

/** A claim in words; those of its source come first where the lab file has them. */
export function claimText(claim: Claim, metric: string, unit: string): string {
  const withUnit = unit === '' ? '' : ` ${unit}`
  const text = (() => {
    if ('monotone' in claim)
      return `${metric} ${claim.monotone === 'rising' ? 'rises' : 'falls'} with ${claim.over}${about(claim.arm)}`
    if ('ratio' in claim) return `${metric} of ${claim.of} is ${range(claim.ratio)} times that of ${claim.to}`
    if ('noDifference' in claim)
      return `${metric} of ${claim.of} and of ${claim.to} do not differ by more than ${claim.noDifference}`
    if ('atLeast' in claim) return `${metric} is at least ${claim.atLeast}${withUnit}${about(claim.arm)}`
    if ('atMost' in claim) return `${metric} is at most ${claim.atMost}${withUnit}${about(claim.arm)}`
    if ('order' in claim) return `${metric} grows in this order: ${claim.order.join(', ')}`
    if ('slope' in claim)
      return `${metric} grows by ${range(claim.slope)}${withUnit} with each 1 of ${claim.over}${about(claim.arm)}`
    if ('shape' in claim) return `the arms' shares of their geometric mean are the published ones within ${claim.shape}`
    return `${metric} is the published one within ${claim.equal}`
  })()
  return claim.says === undefined ? text : `“${claim.says}”: ${text}`
}
