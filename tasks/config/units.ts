/**
 * Units of metrics and published values: those of one quantity can be converted, all others are compared as they are
 * written.
 */

export type Quantity = 'time' | 'size'

/** How much of the first unit of its quantity each unit is. */
const UNITS: Readonly<Record<Quantity, Readonly<Record<string, number>>>> = {
  time: { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 },
  size: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 },
}

/** What a unit measures, where it is one that can be converted. */
export function quantityOf(unit: string): Quantity | undefined {
  if (Object.hasOwn(UNITS.time, unit)) return 'time'
  return Object.hasOwn(UNITS.size, unit) ? 'size' : undefined
}

/** By what a number in `from` is multiplied to be one in `to`; undefined where the two measure different things. */
export function factorBetween(from: string, to: string): number | undefined {
  if (from === to) return 1
  const quantity = quantityOf(from)
  if (quantity === undefined || quantity !== quantityOf(to)) return undefined
  return (UNITS[quantity][from] ?? 1) / (UNITS[quantity][to] ?? 1)
}

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

/** Ends of names that say a unit, with what it measures. */
const SUFFIX: readonly (readonly [end: RegExp, quantity: Quantity])[] = [
  [/_(?:ns|us|ms|s)$/, 'time'],
  [/_bytes$/, 'size'],
]

/** The name without a unit at its end that the shown unit takes the place of: `call` of `call_ns` in µs. */
export function nameWithout(name: string, unit: string): string {
  const end = SUFFIX.find(([suffix, quantity]) => suffix.test(name) && quantity === quantityOf(unit))?.[0]
  return end === undefined ? name : name.replace(end, '')
}

/** "duration (ms)" of `duration` or `duration_ns`; "calls" of calls that are counted in calls. */
export const withUnit = (name: string, unit: string | undefined): string =>
  unit === undefined || unit === name ? name : `${nameWithout(name, unit)} (${unit})`
