/**
 * Maps and global variables of a BPF object, as its C declares them: BTF-defined maps (`SEC(".maps")`), .data and .bss.
 */
import { Btf, BtfError } from './btf.ts'
import { sectionsOf, symbolsOf } from './elf.ts'

export interface DeclaredMap {
  readonly name: string
  /** Number of enum bpf_map_type. */
  readonly type: number
  /** Type of the key in the BTF; undefined where the C gives only its size. */
  readonly key: number | undefined
  readonly value: number | undefined
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** Of a channel of typed events (EVENTS of lab.bpf.h): the type of what comes through it. */
  readonly event: number | undefined
}

export interface Global {
  readonly name: string
  /** `.data`, `.bss` or `.rodata`. */
  readonly section: string
  readonly type: number
  /** In the section. */
  readonly offset: number
}

export interface BpfObject {
  readonly btf: Btf
  readonly maps: readonly DeclaredMap[]
  readonly globals: readonly Global[]
}

/** Names of include/uapi/linux/bpf.h, enum bpf_map_type, without their prefix. */
export const MAP_TYPES = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
  'arena',
] as const

export const mapTypeName = (type: number): string => MAP_TYPES[type] ?? `type ${type}`

/** Maps that programs send records through. */
const CHANNELS: ReadonlySet<string> = new Set(['perf_event_array', 'ringbuf'])

/**
 * The flags of a channel are the length (0) of an array whose elements have the type of its events; a plain `__uint`
 * has elements of int.
 */
function eventType(btf: Btf, flags: number | undefined): number | undefined {
  const array = flags === undefined ? undefined : btf.resolve(flags)
  if (array?.kind !== 'array') return undefined
  const { kind } = btf.resolve(array.type)
  return kind === 'struct' || kind === 'union' ? array.type : undefined
}

/**
 * `__uint(name, n)` is a pointer to an array of n elements, `__type(name, t)` a pointer to t (libbpf, bpf_helpers.h).
 */
function declaredMap(btf: Btf, name: string, type: number): DeclaredMap | undefined {
  const definition = btf.resolve(type)
  if (definition.kind !== 'struct') return undefined
  const pointee = (field: string) => {
    const member = definition.members.find((one) => one.name === field)
    const pointer = member && btf.resolve(member.type)
    return pointer?.kind === 'ptr' ? pointer.type : undefined
  }
  const number = (field: string) => {
    const target = pointee(field)
    const array = target === undefined ? undefined : btf.resolve(target)
    return array?.kind === 'array' ? array.length : undefined
  }
  const kind = number('type') ?? 0
  const [key, value] = [pointee('key'), pointee('value')]
  return {
    name,
    type: kind,
    key,
    value,
    keySize: number('key_size') ?? (key === undefined ? 0 : btf.sizeOf(key)),
    valueSize: number('value_size') ?? (value === undefined ? 0 : btf.sizeOf(value)),
    maxEntries: number('max_entries') ?? 0,
    event: CHANNELS.has(mapTypeName(kind)) ? eventType(btf, pointee('map_flags')) : undefined,
  }
}

/** Sections of global variables; clang gives their offsets in the symbol table, not in the BTF. */
const GLOBALS = ['.data', '.bss', '.rodata'] as const

/** @throws ElfError, BtfError */
export function readBpfObject(file: Buffer): BpfObject {
  const sections = sectionsOf(file)
  const section = sections.find(({ name }) => name === '.BTF')
  if (section === undefined) throw new BtfError('the object has no BTF: compile it with -g')
  const btf = new Btf(section.bytes)
  const symbols = symbolsOf(sections)
  return {
    btf,
    maps: btf.variables('.maps').flatMap(({ name, type }) => declaredMap(btf, name, type) ?? []),
    globals: GLOBALS.flatMap((name) => {
      const index = sections.find((one) => one.name === name)?.index
      return btf.variables(name).flatMap((one) => {
        const symbol = symbols.find((each) => each.name === one.name && each.section === index)
        return symbol === undefined ? [] : [{ name: one.name, section: name, type: one.type, offset: symbol.value }]
      })
    }),
  }
}
