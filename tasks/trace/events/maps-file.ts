/** maps.json: its shape, and values of maps as text. What it holds came from a guest. */
import { z } from 'zod'

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
