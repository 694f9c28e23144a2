/** Published results as the rest of the lab uses them, and how they name arms. */
import type { PublishedValue } from './published-csv.ts'
import type { Claim, Published } from './schema/schema-published.ts'

/**
 * Runs of an arm without which no claim is decided. Of five values the smallest and the largest hold the median with 94
 * % (1 - 2/2^5), of four with 87 %: no interval of fewer is a 95 % interval, not even nearly.
 */
export const FEWEST_FOR_CLAIM = 5

export interface ResolvedPublished {
  readonly source: string
  readonly metric: string
  /** Of the published values; undefined where it is that of the metric. */
  readonly unit?: string | undefined
  readonly setup?: string | undefined
  readonly clock?: string | undefined
  readonly spread: NonNullable<Published['spread']>
  readonly runs?: number | undefined
  /** By arm. Empty where `csv` has them, and if there are none. */
  readonly values: Readonly<Record<string, PublishedValue>>
  /** Absolute path of the file that has the values. */
  readonly csv?: string | undefined
  readonly claims: readonly Readonly<Claim>[]
}

const publishedValue = (value: number | readonly [number, number]): PublishedValue =>
  typeof value === 'number' ? { value, spread: null } : { value: value[0], spread: value[1] }

/** @param absolute makes a path absolute */
export function resolvePublished(published: Published, absolute: (text: string) => string): ResolvedPublished {
  const { source, metric, unit, setup, clock, spread = 'sd', runs, values = {}, claims = [] } = published
  const csv = isCsv(values) ? absolute(values.csv) : undefined
  return {
    source,
    metric,
    ...(unit !== undefined && { unit }),
    ...(setup !== undefined && { setup }),
    ...(clock !== undefined && { clock }),
    spread,
    ...(runs !== undefined && { runs }),
    values: isCsv(values)
      ? {}
      : Object.fromEntries(Object.entries(values).map(([arm, value]) => [arm, publishedValue(value)])),
    ...(csv !== undefined && { csv }),
    claims,
  }
}

/** Whether the values are in a file: no arm is called "csv", since an arm's name has a "=". */
export const isCsv = (values: NonNullable<Published['values']>): values is { csv: string } =>
  typeof values['csv'] === 'string'

/** An arm's values by axis, as its name has them: `bytes=16,kernel=v5.10`. A quoted value may hold commas. */
export function axesOfName(name: string): Map<string, string> {
  const parts = name.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
  return new Map(
    parts.map((part): [string, string] => {
      const at = part.indexOf('=')
      return [part.slice(0, at), part.slice(at + 1)]
    }),
  )
}

/** Whether an arm has all values of a choice such as `bytes=16`; every arm has those of none. */
export function isChosen(name: string, choice: string | undefined): boolean {
  if (choice === undefined) return true
  const own = axesOfName(name)
  return [...axesOfName(choice)].every(([axis, value]) => own.get(axis) === value)
}

/** An arm's name without some axes: what two arms that differ in these have in common. */
export const restOf = (name: string, axes: ReadonlySet<string>): string =>
  [...axesOfName(name)]
    .filter(([axis]) => !axes.has(axis))
    .map(([axis, value]) => `${axis}=${value}`)
    .join(',')

/** Arms that differ in nothing but the values that a comparison names, as pairs. */
export function pairsOf<Arm extends { readonly name: string }>(
  arms: readonly Arm[],
  of: string,
  to: string,
): readonly (readonly [Arm, Arm])[] {
  const axes = new Set([...axesOfName(of).keys(), ...axesOfName(to).keys()])
  const others = arms.filter(({ name }) => isChosen(name, to))
  return arms
    .filter(({ name }) => isChosen(name, of))
    .flatMap((arm) => {
      const rest = restOf(arm.name, axes)
      return others
        .filter((other) => other.name !== arm.name && restOf(other.name, axes) === rest)
        .map((other): [Arm, Arm] => [arm, other])
    })
}

/** Arms that differ in one axis only, in the order in which they come; series of one arm are left out. */
export function seriesOver<Arm extends { readonly name: string }>(
  arms: readonly Arm[],
  axis: string,
): readonly Arm[][] {
  const having = arms.filter(({ name }) => axesOfName(name).has(axis))
  return [...Map.groupBy(having, ({ name }) => restOf(name, new Set([axis]))).values()].filter(
    (list) => list.length > 1,
  )
}
