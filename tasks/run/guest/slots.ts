/**
 * `maps:` of an experiment against the BTF of its objects: which bytes of which entry a declared value is. Everything
 * that can be wrong with it (names, sizes, keys out of range) is reported before a VM is asked; the holder writes the
 * bytes and reads them back.
 */
import { readFile } from 'node:fs/promises'
import { interpolate, type Params } from '../../config/interpolate.ts'
import type { Slots } from '../../config/schema/schema.ts'
import { nameWayOut } from '../../config/text/suggest.ts'
import { messageOf, userError, type Failure } from '../../engine/error.ts'
import { printedMessages, type ProgramMessages } from '../../linux/objects/bpf-messages.ts'
import { mapTypeName, readBpfObject, type BpfObject, type DeclaredMap } from '../../linux/objects/bpf-object.ts'
import { eventColumns } from '../../linux/objects/event-record.ts'
import { isStackField } from '../../trace/stacks/typed-stacks.ts'
import { encode, fieldNames, fieldOf } from '../../linux/objects/btf-value.ts'

/** Bytes that are written into one entry of a map before the workload starts. */
export interface MapFill {
  /** Number of the object, as the holder counts them. */
  readonly object: number
  readonly map: string
  /** Hexadecimal, or `pid/SIZE` for the workload's pid; of a PROG_ARRAY the value is `program/NAME`. */
  readonly key: string
  /** Of the bytes in the value. */
  readonly offset: number
  readonly value: string
}

/** An object as it goes to the guest, its types, and what its programs print. */
export interface Described {
  readonly name: string
  readonly object: BpfObject
  readonly messages: readonly ProgramMessages[]
}

export async function describeObjects(objects: readonly { name: string; file: string }[]): Promise<Described[]> {
  return await Promise.all(
    objects.map(async ({ name, file }) => {
      try {
        const bytes = await readFile(file)
        return { name, object: readBpfObject(bytes), messages: printedMessages(bytes) }
      } catch (error) {
        throw userError(
          {
            place: name,
            fact: `its types cannot be read: ${messageOf(error)}`,
            wayOut: 'it is compiled with -g, so run it again',
          },
          error,
        )
      }
    }),
  )
}

/** Whether stacks may come out of these objects, in maps or in typed events. */
export const hasStacks = (described: readonly Described[]): boolean =>
  described.some(({ object: { btf, maps } }) =>
    maps.some(
      ({ type, event }) =>
        mapTypeName(type) === 'stack_trace' ||
        (event !== undefined && eventColumns(btf, event).some((column) => isStackField(column.path, column.type))),
    ),
  )

const PID = '${workload.pid}'
/** Map types that hold values which user space may write, by number of enum bpf_map_type. */
const WRITABLE = [1, 2, 5, 6, 9, 10]
const ARRAYS = [2, 6]
/** Of programs that others jump to (bpf_tail_call). */
const PROG_ARRAY = 3

/** Where a value goes: its type and its place. */
interface Target {
  readonly described: Described
  readonly index: number
  readonly map: string
  readonly key: string
  readonly offset: number
  readonly type: number
}

type Written = string | number
type Nested = Exclude<Slots[string], Written>

export class SlotReader {
  readonly #objects: readonly Described[]
  readonly #params: Params
  readonly #place: string

  constructor(objects: readonly Described[], params: Params, place: string) {
    this.#objects = objects
    this.#params = params
    this.#place = place
  }

  #wrong(where: string, fact: string, wayOut?: string): Failure {
    return userError({ place: `${this.#place}, maps: ${where}`, fact, wayOut })
  }

  /** The bytes of a written value, or the holder's word for the pid. */
  #bytes(written: Written, { object: { btf } }: Described, type: number, where: string): string {
    const text = String(written)
    if (text.trim() === PID) {
      const resolved = btf.resolve(type)
      if (resolved.kind !== 'int' || resolved.size < 4)
        throw this.#wrong(
          where,
          `a pid does not fit into ${btf.nameOf(type)}`,
          'declare it as __u32 or wider in the probe',
        )
      return `pid/${resolved.size}`
    }
    try {
      return encode(btf, type, interpolate(text, this.#params)).toString('hex')
    } catch (error) {
      throw this.#wrong(where, messageOf(error))
    }
  }

  #slot(target: Target, written: Written, where: string): MapFill {
    const { described, index, map, key, offset, type } = target
    return { object: index, map, key, offset, value: this.#bytes(written, described, type, where) }
  }

  #field(target: Target, field: string, where: string): Target {
    const { btf } = target.described.object
    const found = fieldOf(btf, target.type, field)
    if (found !== undefined) return { ...target, offset: target.offset + found.offset, type: found.type }
    const names = fieldNames(btf, target.type)
    const name = btf.nameOf(target.type)
    throw this.#wrong(
      where,
      names.length === 0 ? `${name} has no fields` : `${name} has no field "${field}"`,
      names.length === 0 ? undefined : nameWayOut(field, names, 'fields', ''),
    )
  }

  #fields(target: Target, fields: Readonly<Record<string, Written>>, where: string): MapFill[] {
    return Object.entries(fields).map(([field, written]) =>
      this.#slot(this.#field(target, field, where), written, `${where}.${field}`),
    )
  }

  #entry(described: Described, index: number, map: DeclaredMap, written: string, where: string): Target {
    const { key, value, maxEntries } = map
    if (key === undefined || value === undefined)
      throw this.#wrong(
        where,
        `map ${map.name} is declared without types`,
        'declare it with __type(key, ...) and __type(value, ...)',
      )
    const bytes = this.#bytes(written, described, key, `${where} (key)`)
    const isArray = ARRAYS.includes(map.type)
    if (isArray && /^[0-9a-f]{8}$/.test(bytes) && Buffer.from(bytes, 'hex').readUInt32LE() >= maxEntries)
      throw this.#wrong(
        where,
        `key ${written} is out of range: map ${map.name} has max_entries ${maxEntries}`,
        maxEntries === 1 ? 'its only key is 0' : `its keys are 0 to ${maxEntries - 1}`,
      )
    return { described, index, map: map.name, key: bytes, offset: 0, type: value }
  }

  /** Entry 0, which a map without a key in the lab file means: an array has it. */
  #first(described: Described, index: number, map: DeclaredMap, where: string): Target {
    if (ARRAYS.includes(map.type)) return this.#entry(described, index, map, '0', where)
    throw this.#wrong(where, `map ${map.name} is a hash: which key is meant?`, `write ${map.name}: { KEY: value }`)
  }

  /** `maps: { jumps: { 0: second } }`: programs of the same object, by their names. */
  #programs({ messages }: Described, index: number, map: DeclaredMap, wanted: Slots[string]): MapFill[] {
    const { name, maxEntries } = map
    if (typeof wanted !== 'object')
      throw this.#wrong(name, `map ${name} takes programs by number`, `${name}: { 0: PROGRAM }`)
    const programs = messages.map(({ program }) => program)
    return Object.entries(wanted).map(([key, program]) => {
      const where = `${name}.${key}`
      if (!/^\d+$/.test(key) || Number(key) >= maxEntries)
        throw this.#wrong(where, `key ${key} is out of range`, `its keys are 0 to ${maxEntries - 1}`)
      const asked = typeof program === 'object' ? JSON.stringify(program) : String(program)
      if (!programs.includes(asked))
        throw this.#wrong(
          where,
          `${asked} is no program of the map's object`,
          nameWayOut(asked, programs, 'programs', 'it has none'),
        )
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(Number(key))
      return { object: index, map: name, key: bytes.toString('hex'), offset: 0, value: `program/${asked}` }
    })
  }

  #ofMap(described: Described, index: number, map: DeclaredMap, wanted: Slots[string]): MapFill[] {
    const { name, value } = map
    if (map.type === PROG_ARRAY) return this.#programs(described, index, map, wanted)
    if (!WRITABLE.includes(map.type))
      throw this.#wrong(name, `map ${name} holds no values that could be written`, 'arrays and hashes do')
    if (typeof wanted !== 'object') return [this.#slot(this.#first(described, index, map, name), wanted, name)]
    const fields = value === undefined ? [] : fieldNames(described.object.btf, value)
    return Object.entries(wanted).flatMap(([key, inner]) => {
      const where = `${name}.${key}`
      // The type decides whether a name in front of a plain value is a field or a key.
      if (typeof inner !== 'object' && fields.length > 0)
        return [this.#slot(this.#field(this.#first(described, index, map, name), key, name), inner, where)]
      const target = this.#entry(described, index, map, key, where)
      return typeof inner === 'object' ? this.#fields(target, inner, where) : [this.#slot(target, inner, where)]
    })
  }

  #ofGlobal(described: Described, index: number, name: string, wanted: Slots[string]): MapFill[] {
    const found = described.object.globals.find((variable) => variable.name === name)
    if (found === undefined) throw new Error(`${name} was found and is gone`)
    if (found.section === '.rodata')
      throw this.#wrong(
        name,
        `${name} is a constant: it is fixed before the workload has a pid`,
        'declare it without const',
      )
    const target = { described, index, map: found.section, key: '00000000', offset: found.offset, type: found.type }
    if (typeof wanted !== 'object') return [this.#slot(target, wanted, name)]
    return this.#fields(
      target,
      plain(wanted, (fact) => this.#wrong(name, fact)),
      name,
    )
  }

  /** All slots of an experiment. @throws a user's Failure with the map, the key and the way out */
  read(slots: Readonly<Slots>): MapFill[] {
    return Object.entries(slots).flatMap(([name, wanted]) => {
      for (const [index, described] of this.#objects.entries()) {
        const map = described.object.maps.find((declared) => declared.name === name)
        if (map !== undefined) return this.#ofMap(described, index, map, wanted)
        if (described.object.globals.some((variable) => variable.name === name))
          return this.#ofGlobal(described, index, name, wanted)
      }
      const names = this.#objects.flatMap(({ object }) => [
        ...object.maps.map((map) => map.name),
        ...object.globals.filter(({ section }) => section !== '.rodata').map((variable) => variable.name),
      ])
      throw this.#wrong(
        name,
        `no map or global variable "${name}" in ${this.#objects.map((object) => object.name).join(', ')}`,
        nameWayOut(name, names, 'maps', 'declare it in the probe: SEC(".maps")'),
      )
    })
  }
}

/** Fields only: a global variable has no keys. */
function plain(nested: Nested, wrong: (fact: string) => Failure): Record<string, Written> {
  return Object.fromEntries(
    Object.entries(nested).map(([field, inner]) => {
      if (typeof inner === 'object') throw wrong(`field ${field} of a variable takes one value`)
      return [field, inner]
    }),
  )
}

/** As the holder takes it on its command line. */
export const slotArgument = ({ object, map, key, offset, value }: MapFill): string =>
  [object, map, key, offset, value].join(':')
