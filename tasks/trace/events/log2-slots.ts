/**
 * Histograms that programs keep in maps: a member called `slots` counts values by powers of two, as the tools of
 * libbpf-tools and HISTOGRAM() of lab.bpf.h do. Slot n holds the values from 2^n to 2^(n+1) - 1, slot 0 those of 0 and
 * 1.
 */
import { valueText, type Maps } from './maps-file.ts'

export interface Log2Histogram {
  /** Name of the map or variable, with the key where it can have several: `latency["read"]`. */
  readonly name: string
  /** Name of the map or variable alone. */
  readonly map: string
  /** How often each power of two was counted. */
  readonly slots: readonly number[]
}

/** Slots of one value of a map; those of several CPUs are added up. Undefined where it holds none. */
function slotsIn(value: unknown): number[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.map(slotsIn).reduce((sum, more) => added(sum, more), undefined)
  const { slots } = value as { slots?: unknown }
  if (Array.isArray(slots)) {
    // Numbers beyond 2^53 are texts in maps.json.
    const counts = slots.map(Number)
    return counts.length > 1 && counts.length <= 64 && counts.every((count) => count >= 0) ? counts : undefined
  }
  return undefined
}

/** Whether a value is a histogram, or a list of them. */
export const holdsSlots = (value: unknown): boolean => slotsIn(value) !== undefined

/** Whether a value, or each of its values of a CPU, is a histogram in which something was counted. */
export const isHistogram = (value: unknown): boolean => slotsIn(value)?.some((count) => count > 0) === true

/** Two histograms as one, slot by slot. */
export function added(a: readonly number[] | undefined, b: readonly number[] | undefined): number[] | undefined {
  if (a === undefined || b === undefined) return [...(a ?? b ?? [])].length > 0 ? [...(a ?? b ?? [])] : undefined
  return Array.from({ length: Math.max(a.length, b.length) }, (_, slot) => (a[slot] ?? 0) + (b[slot] ?? 0))
}

/**
 * Every histogram that a run's maps hold, in their order; those in which nothing was counted are left out. Names are
 * the same in each run of the same probes, whatever it counted: runs are added up by them.
 */
export function log2Histograms({ maps }: Pick<Maps, 'maps'>): Log2Histogram[] {
  return maps.flatMap(({ object, name, maxEntries, entries }) => {
    const isGlobal = name.startsWith('.')
    const isShared = maps.some((other) => other.name === name && other.object !== object)
    const prefix = isShared ? `${object}: ` : ''
    const inMap = entries.flatMap(({ key, value }): (readonly [map: string, key: string, value: unknown])[] =>
      isGlobal
        ? Object.entries(value ?? {}).map(([variable, inner]) => [variable, '', inner])
        : [[name, maxEntries > 1 ? `[${valueText(key)}]` : '', value]],
    )
    return inMap.flatMap(([map, key, value]) => {
      const slots = slotsIn(value)
      if (slots?.some((count) => count > 0) !== true) return []
      return [{ name: `${prefix}${map}${key}`, map, slots }]
    })
  })
}
