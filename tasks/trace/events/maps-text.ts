/** maps.json for people: one table per map. What it holds came from a guest. */
import { valueText, type Maps } from './maps-file.ts'
import { isHistogram, log2Histograms } from './log2-slots.ts'
import { histogramLines, histogramOf, log2Histogram } from './map-histogram.ts'
import { printable } from '../../engine/printable.ts'

const MOST = 300

/** What a map has is shown by this; `lab maps --symbols` names addresses in it. */
export type ShowValue = (value: unknown) => string

const shown: ShowValue = (value) => printable(valueText(value), MOST)

type DumpedMap = Maps['maps'][number]

/** A value without its member `slots`; undefined where nothing else is in it. */
function strippedOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const rest = value.map(strippedOf)
    return rest.every((field) => field === undefined) ? undefined : rest
  }
  const rest = Object.entries(value ?? {}).filter(([name]) => name !== 'slots')
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}

/**
 * A value without the histograms that `log2Histograms` finds in it, as they are drawn; undefined where it has no more.
 */
function withoutDrawn({ name }: DumpedMap, value: unknown): unknown {
  if (!name.startsWith('.')) return isHistogram(value) ? strippedOf(value) : value
  const variables = Object.entries(value ?? {}).map(
    ([variable, inner]) => [variable, isHistogram(inner) ? strippedOf(inner) : inner] as const,
  )
  const rest = variables.filter(([, inner]) => inner !== undefined)
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}

/** A number to order by: a count, or the sum of a count of each CPU. */
function weightOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + (weightOf(item) ?? 0), 0)
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : undefined
}

/** A hash has no order of its own: the largest counts first, or by key where its values are no counts. */
function ordered({ type, entries }: DumpedMap): DumpedMap['entries'] {
  if (!type.includes('hash')) return entries
  const weights = new Map(entries.map((entry) => [entry, weightOf(entry.value)]))
  const byKey = (a: unknown, b: unknown): number => {
    const [one, other] = [weightOf(a), weightOf(b)]
    if (one !== undefined && other !== undefined) return one - other
    return valueText(a) < valueText(b) ? -1 : 1
  }
  const counts = entries.every((entry) => weights.get(entry) !== undefined)
  return entries.toSorted((a, b) => {
    const difference = counts ? (weights.get(b) ?? 0) - (weights.get(a) ?? 0) : 0
    return difference === 0 ? byKey(a.key, b.key) : difference
  })
}

function typeText({ name, type, keyType, valueType, maxEntries, cpus, keySize, valueSize }: DumpedMap): string {
  if (name.startsWith('.')) return 'global variables'
  const perCpu = cpus > 0 ? ` on each of ${cpus} CPUs` : ''
  return `${type}, ${keyType ?? `${keySize} bytes`} -> ${valueType ?? `${valueSize} bytes`}${perCpu}, max_entries ${maxEntries}`
}

function mapLines(map: DumpedMap, show: ShowValue, full: boolean): string[] {
  const { object, name, entries, cut } = map
  const histogram = histogramOf(map)
  const lines = histogram
    ? histogramLines(histogram).map((line) => `  ${line}`)
    : ordered(map).flatMap((entry) => {
        const left = full ? entry.value : withoutDrawn(map, entry.value)
        if (left === undefined) return []
        const value = show(left)
        return [name.startsWith('.') ? `  ${value}` : `  ${show(entry.key)}: ${value}`]
      })
  return [
    `${printable(name, 64)} (${printable(object, 64)}): ${printable(typeText(map), 200)}`,
    ...(entries.length === 0 ? ['  no entries'] : lines),
    ...(cut ? [`  ... more than these ${entries.length} entries; they were not kept`] : []),
  ]
}

/** The histograms of a map, drawn; their counts are among its entries, too. */
const log2Drawn = (map: DumpedMap): string[] =>
  log2Histograms({ maps: [map] }).flatMap(({ name, slots }) => [
    `  ${printable(name, MOST)} in powers of two:`,
    ...histogramLines(log2Histogram(slots)).map((line) => `    ${line}`),
  ])

/**
 * Every map with its entries, and what was written into it before the workload started.
 * @param full also the slots of histograms that are drawn, as numbers
 */
export function mapsText({ slots, maps }: Maps, show: ShowValue = shown, full = false): string {
  const declared = slots.map(({ map, key, value }) => `  ${printable(map, 64)}[${show(key)}] = ${show(value)}`)
  return [
    ...(declared.length === 0 ? [] : ['written before the workload started, and read back:', ...declared, '']),
    ...(maps.length === 0
      ? ['the probes of this run have no maps']
      : maps.flatMap((map) => [...mapLines(map, show, full), ...log2Drawn(map), ''])),
  ]
    .join('\n')
    .trimEnd()
}
