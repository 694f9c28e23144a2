/**
 * The dumped maps of a run, decoded by the types of the object that declared them: the C struct is the only
 * declaration.
 */
import { mapTypeName, type BpfObject, type DeclaredMap } from '../../linux/objects/bpf-object.ts'
import { decode, type Value } from '../../linux/objects/btf-value.ts'
import type { HolderLine } from './holder.ts'
import { of } from './holder.ts'
import type { Described } from './slots.ts'

export interface MapEntry {
  readonly key: Value
  /** Of a per-CPU map a list with one value per possible CPU. */
  readonly value: Value
  /** The bytes as the guest sent them, hexadecimal. */
  readonly raw: { readonly key: string; readonly value: string }
}

export interface DumpedMap {
  /** File name of the object. */
  readonly object: string
  /** As in the C; `.data` and `.bss` hold the global variables. */
  readonly name: string
  /** `hash`, `percpu_array`, ...: enum bpf_map_type in small letters. */
  readonly type: string
  /** As in the C; null where it declares only a size. */
  readonly keyType: string | null
  readonly valueType: string | null
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** CPUs that each value of a per-CPU map has; 0 for other maps. */
  readonly cpus: number
  readonly entries: readonly MapEntry[]
  /** There were more entries than are dumped. */
  readonly cut: boolean
}

/** A declared slot as it stood in the map when the workload started. */
export interface FilledSlot {
  readonly map: string
  readonly key: Value
  readonly value: Value
}

export interface MapsFile {
  readonly slots: readonly FilledSlot[]
  readonly maps: readonly DumpedMap[]
}

/** "readiter.bss" -> ".bss": libbpf puts the object's name before it. */
const plainName = (name: string): string => name.replace(/^.*(?=\.(data|bss)$)/, '')

/** What the BTF says of a map; undefined where it says nothing. */
interface Types {
  readonly key: (bytes: Buffer) => Value
  readonly value: (bytes: Buffer) => Value
  readonly declared: DeclaredMap | undefined
}

/** Little endian, as text where a JSON number cannot hold it; bytes of another width stay hexadecimal. */
function untyped(bytes: Buffer): Value {
  if (![1, 2, 4, 8].includes(bytes.length)) return bytes.toString('hex')
  const value = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)
}

/** Bytes that do not fit their type are shown as what they are. */
function typed(object: BpfObject | undefined, type: number | undefined): (bytes: Buffer) => Value {
  return (bytes) => {
    if (object === undefined || type === undefined) return untyped(bytes)
    try {
      return decode(object.btf, type, bytes)
    } catch {
      return untyped(bytes)
    }
  }
}

function globalsOf(object: BpfObject | undefined, section: string): (bytes: Buffer) => Value {
  return (bytes) =>
    Object.fromEntries(
      (object?.globals ?? [])
        .filter((variable) => variable.section === section)
        .map(({ name, type, offset }) => [name, typed(object, type)(bytes.subarray(offset))]),
    )
}

function typesOf(object: BpfObject | undefined, name: string): Types {
  if (name.startsWith('.')) return { key: untyped, value: globalsOf(object, name), declared: undefined }
  const declared = object?.maps.find((map) => map.name === name)
  return { key: typed(object, declared?.key), value: typed(object, declared?.value), declared }
}

/** Addresses of a stack, the innermost first; the kernel fills up with zeros what it does not need. */
function stackOf(bytes: Buffer): Value {
  const frames = Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => bytes.readBigUInt64LE(8 * index))
  const end = frames.indexOf(0n)
  return frames.slice(0, end < 0 ? undefined : end).map((address) => `0x${address.toString(16)}`)
}

/** A per-CPU value is one value per CPU, each at a multiple of 8 bytes. */
function perCpu(bytes: Buffer, size: number, cpus: number, decode: (bytes: Buffer) => Value): Value {
  const stride = Math.ceil(size / 8) * 8
  return Array.from({ length: cpus }, (_, cpu) => decode(bytes.subarray(cpu * stride, cpu * stride + size)))
}

/** @param objects in the order in which the holder got them */
export function mapsOf(lines: readonly HolderLine[], objects: readonly Described[]): MapsFile {
  const entries = Map.groupBy(of(lines, 'map-entry'), ({ object, map }) => `${object} ${map}`)
  const cut = new Set(of(lines, 'map-cut').map(({ object, map }) => `${object} ${map}`))
  const maps = of(lines, 'map').map((map): DumpedMap => {
    const described = objects[map.object]
    const name = plainName(map.name)
    const { key, value, declared } = typesOf(described?.object, name)
    const typeName = (type: number | undefined) =>
      described === undefined || type === undefined ? null : described.object.btf.nameOf(type)
    const id = `${map.object} ${map.name}`
    const shown = (bytes: Buffer): Value => {
      if (mapTypeName(map.type) === 'stack_trace') return stackOf(bytes)
      return map.cpus > 0 ? perCpu(bytes, map.valueSize, map.cpus, value) : value(bytes)
    }
    return {
      object: described?.name ?? '?',
      name,
      type: mapTypeName(map.type),
      keyType: typeName(declared?.key),
      valueType: typeName(declared?.value),
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      cpus: map.cpus,
      entries: (entries.get(id) ?? []).map((raw) => {
        const [keyBytes, bytes] = [Buffer.from(raw.key, 'hex'), Buffer.from(raw.value, 'hex')]
        return {
          key: key(keyBytes),
          value: shown(bytes),
          raw: { key: raw.key, value: raw.value },
        }
      }),
      cut: cut.has(id),
    }
  })
  // Several fields of one entry are several writes; the last has them all.
  const last = new Map(of(lines, 'slot').map((slot) => [`${slot.object} ${slot.map} ${slot.key}`, slot]))
  const slots = [...last.values()].map(({ object, map, key, value }) => {
    const types = typesOf(objects[object]?.object, plainName(map))
    return {
      map: plainName(map),
      key: types.key(Buffer.from(key, 'hex')),
      value: types.value(Buffer.from(value, 'hex')),
    }
  })
  return { slots, maps }
}
