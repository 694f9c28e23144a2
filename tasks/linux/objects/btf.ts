/**
 * BTF, the types of a BPF object (Documentation/bpf/btf.rst of the kernel): what clang -g leaves of the C declarations.
 * With it a struct is declared once, in the probe, and the host reads its bytes.
 */
import { cString } from './elf.ts'

/** What is wrong with the types; the caller knows the object. */
export class BtfError extends Error {}

export interface Member {
  /** Empty for an anonymous struct or union. */
  readonly name: string
  readonly type: number
  readonly bitOffset: number
  /** 0: not a bit field. */
  readonly bits: number
}

export type BtfType =
  | { readonly kind: 'void' }
  | {
      readonly kind: 'int'
      readonly name: string
      readonly size: number
      readonly signed: boolean
      readonly bool: boolean
    }
  | { readonly kind: 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'ptr'; readonly type: number }
  | { readonly kind: 'array'; readonly type: number; readonly length: number }
  | {
      readonly kind: 'struct' | 'union'
      readonly name: string
      readonly size: number
      readonly members: readonly Member[]
    }
  | {
      readonly kind: 'enum'
      readonly name: string
      readonly size: number
      readonly values: readonly (readonly [name: string, value: bigint])[]
    }
  /** typedef, const, volatile, ... : another name for a type. */
  | { readonly kind: 'alias'; readonly name: string; readonly type: number }
  | { readonly kind: 'var'; readonly name: string; readonly type: number }
  | { readonly kind: 'datasec'; readonly name: string; readonly vars: readonly number[] }
  | { readonly kind: 'other'; readonly name: string }

const MAGIC = 0xeb9f
const HEADER = 24
/** A chain of aliases or nested arrays of a real object is a handful deep; a damaged one can be a circle. */
const DEEPEST = 64

class Reader {
  readonly #bytes: Buffer
  readonly #strings: Buffer
  at = 0

  constructor(bytes: Buffer, strings: Buffer) {
    this.#bytes = bytes
    this.#strings = strings
  }

  get done(): boolean {
    return this.at >= this.#bytes.length
  }

  u32(): number {
    if (this.at + 4 > this.#bytes.length) throw new BtfError('the types end in the middle of one')
    this.at += 4
    return this.#bytes.readUInt32LE(this.at - 4)
  }

  i32(): bigint {
    return BigInt.asIntN(32, BigInt(this.u32()))
  }

  text(): string {
    return cString(this.#strings, this.u32())
  }

  times<T>(count: number, one: () => T): T[] {
    return Array.from({ length: count }, one)
  }
}

/** One row per BTF_KIND of include/uapi/linux/btf.h: what follows its three words, and what it means. */
type Row = (reader: Reader, name: string, sizeOrType: number, count: number, flag: boolean) => BtfType

const struct =
  (kind: 'struct' | 'union'): Row =>
  (reader, name, size, count, flag) => ({
    kind,
    name,
    size,
    members: reader.times(count, () => {
      const [member, type, offset] = [reader.text(), reader.u32(), reader.u32()]
      // With the flag the upper 8 bits are the width of a bit field.
      return { name: member, type, bitOffset: flag ? offset & 0xffffff : offset, bits: flag ? offset >>> 24 : 0 }
    }),
  })
const alias: Row = (_, name, type) => ({ kind: 'alias', name, type })
const skip =
  (words: number, perEntry = 0): Row =>
  (reader, name, _, count) => {
    reader.times(words + perEntry * count, () => reader.u32())
    return { kind: 'other', name }
  }

const KINDS: Readonly<Record<number, Row>> = {
  1: (reader, name, size) => {
    const info = reader.u32()
    return { kind: 'int', name, size, signed: (info & (1 << 24)) !== 0, bool: (info & (4 << 24)) !== 0 }
  },
  2: (_, __, type) => ({ kind: 'ptr', type }),
  3: (reader) => {
    const [type, , length] = [reader.u32(), reader.u32(), reader.u32()]
    return { kind: 'array', type, length }
  },
  4: struct('struct'),
  5: struct('union'),
  6: (reader, name, size, count, flag) => ({
    kind: 'enum',
    name,
    size,
    values: reader.times(count, () => [reader.text(), flag ? reader.i32() : BigInt(reader.u32())] as const),
  }),
  7: skip(0),
  8: alias,
  9: alias,
  10: alias,
  11: alias,
  12: skip(0),
  13: skip(0, 2),
  14: (reader, name, type) => {
    reader.u32()
    return { kind: 'var', name, type }
  },
  15: (reader, name, _, count) => ({
    kind: 'datasec',
    name,
    vars: reader.times(count, () => {
      const [type] = [reader.u32(), reader.u32(), reader.u32()]
      return type
    }),
  }),
  16: (_, name, size) => ({ kind: 'float', name, size }),
  17: skip(1),
  18: alias,
  19: (reader, name, size, count) => ({
    kind: 'enum',
    name,
    size,
    values: reader.times(count, () => {
      const [value, low, high] = [reader.text(), reader.u32(), reader.u32()]
      return [value, (BigInt(high) << 32n) | BigInt(low)] as const
    }),
  }),
}

/** The types of one object, by number. */
export class Btf {
  readonly types: readonly BtfType[]

  /** @param section the bytes of `.BTF` @throws BtfError */
  constructor(section: Buffer) {
    if (section.length < HEADER || section.readUInt16LE(0) !== MAGIC) throw new BtfError('it has no BTF header')
    const header = section.readUInt32LE(4)
    const part = (at: number) => {
      const [offset, length] = [header + section.readUInt32LE(at), section.readUInt32LE(at + 4)]
      if (offset + length > section.length) throw new BtfError('the BTF header points behind the section')
      return section.subarray(offset, offset + length)
    }
    const reader = new Reader(part(8), part(16))
    const types: BtfType[] = [{ kind: 'void' }]
    while (!reader.done) {
      const [name, info, sizeOrType] = [reader.text(), reader.u32(), reader.u32()]
      const kind = (info >>> 24) & 0x1f
      const row = KINDS[kind]
      // Its length is not known, so nothing behind it can be read either.
      if (row === undefined) throw new BtfError(`type ${types.length} is of kind ${kind}, which is not known`)
      types.push(row(reader, name, sizeOrType, info & 0xffff, info >>> 31 === 1))
    }
    this.types = types
  }

  /** The type behind typedefs and qualifiers. @throws BtfError for a number that is no type, or a circle */
  resolve(id: number): BtfType {
    let type = this.types[id]
    for (let depth = 0; type?.kind === 'alias'; depth++) {
      if (depth > DEEPEST) throw new BtfError(`type ${id} leads in a circle`)
      type = this.types[type.type]
    }
    if (type === undefined) throw new BtfError(`there is no type ${id}`)
    return type
  }

  /** Bytes. @throws BtfError for what has no size */
  sizeOf(id: number, depth = 0): number {
    const type = this.resolve(id)
    if (depth > DEEPEST) throw new BtfError(`type ${id} contains itself`)
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'struct':
      case 'union':
      case 'enum':
        return type.size
      case 'ptr':
        return 8
      case 'array':
        return type.length * this.sizeOf(type.type, depth + 1)
      case 'void':
      case 'alias':
      case 'var':
      case 'datasec':
      case 'other':
        throw new BtfError(`type ${id} has no size`)
    }
  }

  /** As it is written in C, for people: `u32`, `struct event`, `char[16]`. */
  nameOf(id: number, depth = 0): string {
    const type = this.types[id]
    if (type === undefined || depth > DEEPEST) return '?'
    switch (type.kind) {
      case 'void':
        return 'void'
      case 'ptr':
        return `${this.nameOf(type.type, depth + 1)} *`
      case 'array':
        return `${this.nameOf(type.type, depth + 1)}[${type.length}]`
      case 'struct':
      case 'union':
      case 'enum':
        return type.name === '' ? type.kind : `${type.kind} ${type.name}`
      case 'alias':
        return type.name === '' ? this.nameOf(type.type, depth + 1) : type.name
      case 'int':
      case 'float':
      case 'var':
      case 'datasec':
      case 'other':
        return type.name
    }
  }

  /** The variables of a section ("`.maps`", "`.bss`"): name and type. */
  variables(section: string): { readonly name: string; readonly type: number }[] {
    return this.types
      .filter((type) => type.kind === 'datasec' && type.name === section)
      .flatMap((type) => (type.kind === 'datasec' ? type.vars : []))
      .map((id) => this.types[id])
      .flatMap((type) => (type?.kind === 'var' ? [{ name: type.name, type: type.type }] : []))
  }

  /** The number of a struct, union, enum or typedef of this name. */
  named(name: string): number | undefined {
    const plain = name.replace(/^(struct|union|enum) /, '')
    const at = this.types.findIndex(
      (type) =>
        (type.kind === 'struct' || type.kind === 'union' || type.kind === 'enum' || type.kind === 'alias') &&
        type.name === plain,
    )
    return at < 0 ? undefined : at
  }
}
