/** The maps of several runs as those of one: what they count is added, but for global variables. */
import { holdsSlots } from './log2-slots.ts'
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

/**
 * The global variables of several runs. A pid or a time is no count, and nobody can tell which variables are: only
 * histograms are added up. Other variables have their value where all runs agree, else a list of the values of each
 * run.
 */
function globalsOf(entries: readonly Entry[]): Entry[] {
  const [first] = entries
  if (first === undefined) return []
  const sections = entries.map(({ value }) => (isRecord(value) ? value : undefined))
  const names = [...new Set(sections.flatMap((section) => Object.keys(section ?? {})))]
  const variables = names.map((name): [string, Value] => [
    name,
    ofEach(sections.map((section) => section?.[name] ?? null)),
  ])
  return [
    {
      ...first,
      value: isRecord(first.value) ? Object.fromEntries(variables) : ofEach(entries.map(({ value }) => value)),
    },
  ]
}

function ofEach(values: Value[]): Value {
  if (values.every(holdsSlots)) return values.reduce(sumOf)
  const [first = null] = values
  return values.every((value) => JSON.stringify(value) === JSON.stringify(first)) ? first : values
}

/** Whether a map is a section of global variables (.bss, .data, .rodata and their kin). */
export const isGlobals = ({ name }: Pick<Maps['maps'][number], 'name'>): boolean => name.startsWith('.')

/** @param all of at least one run, of the same probes; the maps are those of the first, in its order */
export function sumOfMaps(all: readonly Maps[]): Maps {
  const [first] = all
  if (first === undefined) return { slots: [], maps: [] }
  const maps = first.maps.map((map) => {
    const same = all.flatMap((maps) =>
      maps.maps.filter(({ object, name }) => object === map.object && name === map.name),
    )
    const entries = same.flatMap((map) => map.entries)
    return { ...map, entries: isGlobals(map) ? globalsOf(entries) : summed(entries), cut: same.some(({ cut }) => cut) }
  })
  return { slots: first.slots, maps }
}
