/** maps.json for people: one table per map. What it holds came from a guest. */
import { z } from 'zod'
import { printable } from '../../engine/printable.ts'

/** The parts that are shown; a file by another version must not end in a stack trace. */
export const MapsSchema = z.object({
  slots: z.array(z.object({ map: z.string(), key: z.json(), value: z.json() })),
  maps: z.array(
    z.object({
      object: z.string(),
      name: z.string(),
      type: z.string(),
      keyType: z.string().nullable(),
      valueType: z.string().nullable(),
      keySize: z.number(),
      valueSize: z.number(),
      maxEntries: z.number(),
      cpus: z.number(),
      entries: z.array(
        z.object({ key: z.json(), value: z.json(), raw: z.object({ key: z.string(), value: z.string() }) }),
      ),
      cut: z.boolean(),
    }),
  ),
})
export type Maps = z.infer<typeof MapsSchema>

const MOST = 300

/** A value in a line: `{ fd: 3, comm: "readfile" }`. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return /^(0x[0-9a-f]+|-?\d+)$/.test(value) ? value : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${name}: ${valueText(inner)}`)
      .join(', ')} }`
  return String(value)
}

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

/** Every map with its entries, and what was written into it before the workload started. */
export function mapsText({ slots, maps }: Maps): string {
  const declared = slots.map(({ map, key, value }) => `  ${printable(map, 64)}[${shown(key)}] = ${shown(value)}`)
  return [
    ...(declared.length === 0 ? [] : ['written before the workload started, and read back:', ...declared, '']),
    ...(maps.length === 0 ? ['the probes of this run have no maps'] : maps.flatMap((map) => [...mapLines(map), ''])),
  ]
    .join('\n')
    .trimEnd()
}
