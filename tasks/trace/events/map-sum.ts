/** The maps of several runs as those of one: what they count is added. */
import type { Maps } from './maps-file.ts'

type Entry = Maps['maps'][number]['entries'][number]
type Value = Entry['value']

const BIG = /^-?\d{1,20}$/

/** Numbers that JSON cannot hold stand as text. */
const added = (sum: bigint): Value =>
  sum <= BigInt(Number.MAX_SAFE_INTEGER) && sum >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(sum) : String(sum)

const bigOf = (value: Value): bigint | undefined =>
  typeof value === 'number' && Number.isInteger(value)
    ? BigInt(value)
    : typeof value === 'string' && BIG.test(value)
      ? BigInt(value)
      : undefined

const isRecord = (value: Value): value is { [name: string]: Value } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Counts are added, field by field; what is no number stays where it is the same in all runs, else it is null. */
export function sumOf(a: Value, b: Value): Value {
  const [one, other] = [bigOf(a), bigOf(b)]
  if (one !== undefined && other !== undefined) return added(one + other)
  if (Array.isArray(a) && Array.isArray(b))
    return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => sumOf(a[at] ?? 0, b[at] ?? 0))
  if (isRecord(a) && isRecord(b))
    return Object.fromEntries(
      [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, sumOf(a[name] ?? 0, b[name] ?? 0)]),
    )
  return JSON.stringify(a) === JSON.stringify(b) ? a : null
}

function summed(entries: readonly Entry[]): Entry[] {
  const byKey = new Map<string, Entry>()
  for (const entry of entries) {
    const before = byKey.get(entry.raw.key)
    byKey.set(entry.raw.key, before === undefined ? entry : { ...before, value: sumOf(before.value, entry.value) })
  }
  return [...byKey.values()]
}

/** @param all of at least one run, of the same probes; the maps are those of the first, in its order */
export function sumOfMaps(all: readonly Maps[]): Maps {
  const [first] = all
  if (first === undefined) return { slots: [], maps: [] }
  const maps = first.maps.map((map) => {
    const same = all.flatMap((one) => one.maps.filter(({ object, name }) => object === map.object && name === map.name))
    return { ...map, entries: summed(same.flatMap(({ entries }) => entries)), cut: same.some(({ cut }) => cut) }
  })
  return { slots: first.slots, maps }
}
