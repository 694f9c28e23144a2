/**
 * Stacks that were counted in maps: which map counts, and which stack each count is of. That is a custom, not a rule of
 * the kernel: a hash whose key has the number that bpf_get_stackid() gave, in a member whose name has `stack` in it
 * (STACKS of lab.bpf.h, libbpf-tools, the kernel's samples), or is that number itself.
 */

/** Maps as they are when a run is made, and as they were kept (maps-file.ts). */
export interface AnyMaps {
  readonly maps: readonly AnyMap[]
}

interface AnyMap {
  readonly object: string
  readonly name: string
  readonly type: string
  readonly maxEntries: number
  /** Bytes: of a map of stacks 8 for each frame that has room. */
  readonly valueSize: number
  readonly entries: readonly { readonly key: unknown; readonly value: unknown }[]
  readonly cut: boolean
}

/** Half of a stack: its addresses with the innermost first, or why there is none. */
export type Half =
  | {
      readonly addresses: readonly bigint[]
      /** It fills its place in the map, so that the kernel may have left out what is further outside. */
      readonly full: boolean
    }
  /** The error of bpf_get_stackid(), positive. */
  | { readonly error: number }
  /** The map of stacks does not have that number, or its dump was cut. */
  | { readonly missing: number }

export interface StackCount {
  /** What was counted: a number of times, or what the name of the map says. */
  readonly weight: number
  readonly pid: number | undefined
  readonly comm: string | undefined
  readonly halves: readonly Half[]
}

/** A map that counts stacks. */
export interface CountedStacks {
  /** Of the map that counts. */
  readonly name: string
  readonly object: string
  readonly counts: readonly StackCount[]
  /** What found no room among the counts; undefined where nobody counted that. */
  readonly unplaced: number | undefined
  /** How many counts there can be, and how many stacks. */
  readonly entries: number
  readonly stackEntries: number
  /** The dump of the counts, or of the stacks, is cut. */
  readonly cut: boolean
}

/** lab.bpf.h: not asked for; numbers from here on are those of the second map. */
const NO_STACK = -1
const MORE = 2 ** 24
/** The helper's numbers are those of buckets, far below. */
const ERRORS = -4095
/** Bytes of an address. */
const FRAME = 8

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A count; of a per-CPU map the sum, of a struct its first number. */
function weightOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? Number(value) : undefined
  if (Array.isArray(value)) {
    const all = value.map(weightOf)
    return all.includes(undefined) ? undefined : all.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
  }
  return isRecord(value)
    ? Object.values(value)
        .map(weightOf)
        .find((weight) => weight !== undefined)
    : undefined
}

/** The number of a stack as an int of 32 bits, whatever type the program gave it. */
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 32 ? value | 0 : undefined

/** Names of members that are stacks, and of which side. */
export const STACK = /stack/i
const USER = /user|^u/i
export const KERNEL = /kern|^k/i

const isStackMap = ({ type }: AnyMap): boolean => type === 'stack_trace'

/** Members of the key that are numbers of stacks, the kernel's last: it is the inner end. */
function stackMembers({ entries }: AnyMap): string[] {
  const key = entries[0]?.key
  if (key === undefined || !isRecord(key)) return []
  const names = Object.keys(key).filter((name) => STACK.test(name) && numberOf(key[name] ?? null) !== undefined)
  return names.toSorted((a, b) => Number(KERNEL.test(a)) - Number(KERNEL.test(b)))
}

/** The map of stacks that a member is about: the only one, or the one whose name is about the same side. */
function mapFor(member: string, counts: string, maps: readonly AnyMap[]): AnyMap | undefined {
  const own = maps.filter(({ name }) => name === `${counts}_stacks`)
  const first = maps.filter(({ name }) => !name.endsWith('_more'))
  const side = (pattern: RegExp) => first.filter(({ name }) => pattern.test(name) && pattern.test(member))
  for (const list of [own, side(USER), side(KERNEL), first]) if (list.length === 1) return list[0]
  return undefined
}

function addressesIn(value: unknown): bigint[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown) =>
    typeof item === 'string' && /^0x[0-9a-f]{1,16}$/.test(item) ? [BigInt(item)] : [],
  )
}

/** Addresses by number, for all maps of stacks. */
type Stacks = ReadonlyMap<AnyMap, ReadonlyMap<number, readonly bigint[]>>

function halfOf(number: number, map: AnyMap, more: AnyMap | undefined, stacks: Stacks): Half | undefined {
  if (number === NO_STACK) return undefined
  if (number < 0) return number >= ERRORS ? { error: -number } : { missing: number }
  const [from, at] = more !== undefined && number >= MORE ? [more, number - MORE] : [map, number]
  const addresses = stacks.get(from)?.get(at)
  return addresses === undefined ? { missing: number } : { addresses, full: addresses.length >= from.valueSize / FRAME }
}

function countsOf(map: AnyMap, own: readonly AnyMap[], stacks: Stacks): CountedStacks | undefined {
  const members = stackMembers(map)
  const chosen = (members.length === 0 ? [''] : members).map((member) => ({
    member,
    stackMap: mapFor(member, map.name, own),
  }))
  const more = own.find(({ name }) => name === `${map.name}_more`)
  const counts = map.entries.flatMap(({ key, value }): StackCount[] => {
    const weight = weightOf(value)
    const halves = chosen.flatMap(({ member, stackMap }) => {
      const number = numberOf(isRecord(key) ? (key[member] ?? null) : key)
      return number === undefined || stackMap === undefined ? [] : [halfOf(number, stackMap, more, stacks)]
    })
    if (weight === undefined || halves.length === 0) return []
    const { pid, tgid, comm, name } = isRecord(key) ? key : { pid: null, tgid: null, comm: null, name: null }
    return [
      {
        weight,
        pid: numberOf(tgid ?? pid ?? null),
        comm: typeof comm === 'string' ? comm : typeof name === 'string' ? name : undefined,
        halves: halves.filter((half) => half !== undefined),
      },
    ]
  })
  // Keys that are plain numbers may be anything (thread ids): they are stacks where each of them is one.
  const halves = counts.flatMap((count) => count.halves)
  if (members.length === 0 && halves.some((half) => 'missing' in half)) return undefined
  return halves.length === 0
    ? undefined
    : {
        name: map.name,
        object: map.object,
        counts,
        unplaced: undefined,
        entries: map.maxEntries,
        stackEntries: Math.max(...own.map(({ maxEntries }) => maxEntries)),
        cut: map.cut || own.some(({ cut }) => cut),
      }
}

/** Every map that counts stacks, with what it counted. */
export function stackCounts({ maps }: AnyMaps): CountedStacks[] {
  const stackMaps = maps.filter(isStackMap)
  const stacks: Stacks = new Map(
    stackMaps.map((map) => [
      map,
      new Map(map.entries.map(({ key, value }) => [numberOf(key) ?? -1, addressesIn(value)])),
    ]),
  )
  return maps.flatMap((map) => {
    const own = stackMaps.filter(({ object }) => object === map.object)
    if (own.length === 0 || !map.type.includes('hash')) return []
    const found = countsOf(map, own, stacks)
    if (found === undefined) return []
    const lost = maps.find(({ name, object }) => name === `${map.name}_lost` && object === map.object)
    return [{ ...found, unplaced: lost && weightOf(lost.entries[0]?.value ?? 0) }]
  })
}

/** Every address in the maps of stacks, stack by stack. */
export const stackAddresses = ({ maps }: AnyMaps): bigint[][] =>
  maps.filter(isStackMap).flatMap(({ entries }) => entries.map(({ value }) => addressesIn(value)))
