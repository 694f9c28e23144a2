/**
 * Histograms that programs keep in maps: a member called `slots` counts values by powers of two, as the tools of
 * libbpf-tools and HISTOGRAM() of lab.bpf.h do. Slot n holds the values from 2^n to 2^(n+1) - 1, slot 0 those of 0 and 1.
 */
import { valueText, type Maps } from './maps-file.ts'

export interface Log2Histogram {
  /** Name of the map, with the key where it has several: `latency["read"]`. */
  readonly name: string
  /** Name of the map alone. */
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

/** Two histograms as one, slot by slot. */
export function added(a: readonly number[] | undefined, b: readonly number[] | undefined): number[] | undefined {
  if (a === undefined || b === undefined) return [...(a ?? b ?? [])].length > 0 ? [...(a ?? b ?? [])] : undefined
  return Array.from({ length: Math.max(a.length, b.length) }, (_, slot) => (a[slot] ?? 0) + (b[slot] ?? 0))
}

/** Every histogram that a run's maps hold, in their order; those in which nothing was counted are left out. */
export function log2Histograms({ maps }: Pick<Maps, 'maps'>): Log2Histogram[] {
  return maps.flatMap(({ name, entries }) => {
    const global = name.startsWith('.')
    const found = entries.flatMap(({ key, value }): [label: string, slots: number[]][] => {
      if (!global) {
        const slots = slotsIn(value)
        return slots === undefined ? [] : [[valueText(key), slots]]
      }
      return Object.entries(value ?? {}).flatMap(([variable, inner]): [string, number[]][] => {
        const slots = slotsIn(inner)
        return slots === undefined ? [] : [[variable, slots]]
      })
    })
    return found
      .filter(([, slots]) => slots.some((count) => count > 0))
      .map(([label, slots]) => {
        if (global) return { name: label, map: label, slots }
        return { name: entries.length > 1 ? `${name}[${label}]` : name, map: name, slots }
      })
  })
}

/** Text bars of a histogram, from the first slot that counted anything to the last: `[16, 31]  12 |@@@   |`. */
export function log2Lines(slots: readonly number[], width = 40): string[] {
  const [first, last] = [slots.findIndex((count) => count > 0), slots.findLastIndex((count) => count > 0)]
  const most = Math.max(...slots)
  const rows = slots.slice(first, last + 1).map((count, index) => {
    const slot = first + index
    return { range: `${slot === 0 ? 0 : 2 ** slot} to ${2 ** (slot + 1) - 1}`, count }
  })
  const [ranges, counts] = [
    Math.max(...rows.map(({ range }) => range.length)),
    Math.max(...rows.map(({ count }) => String(count).length)),
  ]
  return rows.map(({ range, count }) => {
    const bar = '#'.repeat(Math.round((count / most) * width))
    return `${range.padStart(ranges)}  ${String(count).padStart(counts)}  ${bar}`.trimEnd()
  })
}
