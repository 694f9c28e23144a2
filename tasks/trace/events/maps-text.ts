/** maps.json for people: one table per map. What it holds came from a guest. */
import { valueText, type Maps } from './maps-file.ts'
import { log2Histograms, log2Lines } from './log2-slots.ts'
import { printable } from '../../engine/printable.ts'

const MOST = 300

const shown = (value: unknown): string => printable(valueText(value), MOST)

function mapLines({
  object,
  name,
  type,
  keyType,
  valueType,
  maxEntries,
  cpus,
  entries,
  cut,
  keySize,
  valueSize,
}: Maps['maps'][number]): string[] {
  const types = name.startsWith('.')
    ? 'global variables'
    : `${type}, ${keyType ?? `${keySize} bytes`} -> ${valueType ?? `${valueSize} bytes`}${cpus > 0 ? ` on each of ${cpus} CPUs` : ''}, max_entries ${maxEntries}`
  const lines = entries.map(({ key, value }) =>
    name.startsWith('.') ? `  ${shown(value)}` : `  ${shown(key)}: ${shown(value)}`,
  )
  return [
    `${printable(name, 64)} (${printable(object, 64)}): ${printable(types, 200)}`,
    ...(lines.length === 0 ? ['  no entries'] : lines),
    ...(cut ? [`  ... more than these ${entries.length} entries; they were not kept`] : []),
  ]
}

/** The histograms of a map, drawn; their counts stand among its entries, too. */
const histogramLines = (map: Maps['maps'][number]): string[] =>
  log2Histograms({ maps: [map] }).flatMap(({ name, slots }) => [
    `  ${printable(name, MOST)} in powers of two:`,
    ...log2Lines(slots).map((line) => `    ${line}`),
  ])

/** Every map with its entries, and what was written into it before the workload started. */
export function mapsText({ slots, maps }: Maps): string {
  const declared = slots.map(({ map, key, value }) => `  ${printable(map, 64)}[${shown(key)}] = ${shown(value)}`)
  return [
    ...(declared.length === 0 ? [] : ['written before the workload started, and read back:', ...declared, '']),
    ...(maps.length === 0
      ? ['the probes of this run have no maps']
      : maps.flatMap((map) => [...mapLines(map), ...histogramLines(map), ''])),
  ]
    .join('\n')
    .trimEnd()
}
