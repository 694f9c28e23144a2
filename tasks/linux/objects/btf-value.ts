/** Bytes as values of C types and back. Little endian, as every x86 and BPF object here. */
import { type Btf, BtfError, type BtfType, type Member } from './btf.ts'

/**
 * A decoded value as JSON has it: 64-bit numbers that a JSON number cannot hold are decimal text, pointers hexadecimal
 * text.
 */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [field: string]: Value }

const DEEPEST = 32
/**
 * Values in one value: an object that somebody has damaged can name the same bytes by more ways than a computer has
 * time for.
 */
const MOST_VALUES = 1_000_000
const ITSELF = (id: number) => new BtfError(`type ${id} contains itself`)

const bigOf = (bytes: Buffer): bigint => bytes.toReversed().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
const numberOf = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(value) : String(value)

/**
 * A char array: text up to NUL. Bytes that are no UTF-8 stay single characters (U+0080 to U+00FF), so that none is
 * lost.
 */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  const text = end < 0 ? bytes : bytes.subarray(0, end)
  const utf8 = text.toString('utf8')
  return utf8.includes('\ufffd') ? text.toString('latin1') : utf8
}

const isChar = (type: BtfType): boolean => type.kind === 'int' && type.size === 1 && type.name === 'char'

function bitField(bytes: Buffer, offset: number, bits: number, signed: boolean): Value {
  const first = offset >> 3
  const whole = bigOf(bytes.subarray(first, first + Math.ceil(((offset & 7) + bits) / 8)))
  const value = (whole >> BigInt(offset & 7)) & ((1n << BigInt(bits)) - 1n)
  return numberOf(signed ? BigInt.asIntN(bits, value) : value)
}

function member(btf: Btf, { type, bitOffset, bits }: Member, bytes: Buffer, depth: number, spent: Spent): Value {
  if (bits > 0) {
    const inner = btf.resolve(type)
    return bitField(bytes, bitOffset, bits, inner.kind === 'int' && inner.signed)
  }
  return valueOf(btf, type, bytes.subarray(bitOffset >> 3), depth + 1, spent)
}

/**
 * The value of a type at the beginning of these bytes.
 * @throws BtfError where the bytes are too few, or the type has no value
 */
export const decode = (btf: Btf, id: number, bytes: Buffer): Value => valueOf(btf, id, bytes, 0, { values: 0 })

interface Spent {
  values: number
}

function valueOf(btf: Btf, id: number, bytes: Buffer, depth: number, spent: Spent): Value {
  const type = btf.resolve(id)
  if (depth > DEEPEST) throw ITSELF(id)
  if (++spent.values > MOST_VALUES) throw new BtfError(`type ${id} has more than ${MOST_VALUES} values`)
  const size = btf.sizeOf(id)
  if (bytes.length < size) throw new BtfError(`${btf.nameOf(id)} has ${size} bytes, and ${bytes.length} are there`)
  const own = bytes.subarray(0, size)
  switch (type.kind) {
    case 'int':
      if (type.bool) return own.some((byte) => byte !== 0)
      return numberOf(type.signed ? BigInt.asIntN(size * 8, bigOf(own)) : bigOf(own))
    case 'ptr':
      return `0x${bigOf(own).toString(16)}`
    case 'float':
      return size === 8 ? own.readDoubleLE() : size === 4 ? own.readFloatLE() : own.toString('hex')
    case 'enum': {
      const value = bigOf(own)
      const name = type.values.find(([, each]) => BigInt.asUintN(size * 8, each) === value)?.[0]
      return name ?? numberOf(value)
    }
    case 'array': {
      if (isChar(btf.resolve(type.type))) return textOf(own)
      const each = btf.sizeOf(type.type)
      // Elements without a size cost no bytes, so their number is not bounded by what is there.
      if (each === 0) return []
      return Array.from({ length: type.length }, (_, index) =>
        valueOf(btf, type.type, own.subarray(index * each), depth + 1, spent),
      )
    }
    case 'struct':
    case 'union':
      return Object.fromEntries(
        type.members.flatMap((one): [string, Value][] => {
          const value = member(btf, one, own, depth, spent)
          if (one.name !== '') return [[one.name, value]]
          return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
        }),
      )
    case 'void':
    case 'alias':
    case 'var':
    case 'datasec':
    case 'other':
      throw new BtfError(`${btf.nameOf(id)} has no value`)
  }
}

/** Where a field of a struct lies; members of anonymous structs count as its own. */
export function fieldOf(
  btf: Btf,
  id: number,
  name: string,
  depth = 0,
): { readonly offset: number; readonly type: number } | undefined {
  const type = btf.resolve(id)
  if (depth > DEEPEST) throw ITSELF(id)
  if (type.kind !== 'struct' && type.kind !== 'union') return undefined
  for (const one of type.members) {
    const offset = one.bitOffset >> 3
    if (one.name === name) return one.bits > 0 ? undefined : { offset, type: one.type }
    const inner = one.name === '' ? fieldOf(btf, one.type, name, depth + 1) : undefined
    if (inner !== undefined) return { offset: offset + inner.offset, type: inner.type }
  }
  return undefined
}

/** Names of the fields that `fieldOf` finds. */
export function fieldNames(btf: Btf, id: number, depth = 0): string[] {
  const type = btf.resolve(id)
  if (depth > DEEPEST) throw ITSELF(id)
  if (type.kind !== 'struct' && type.kind !== 'union') return []
  return type.members.flatMap((one) =>
    one.name === '' ? fieldNames(btf, one.type, depth + 1) : one.bits > 0 ? [] : [one.name],
  )
}

const INTEGER = /^-?(0x[0-9a-fA-F]+|[0-9]+)$/

function integer(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
}

function littleEndian(value: bigint, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let index = 0; index < size; index++) bytes[index] = Number((value >> BigInt(index * 8)) & 0xffn)
  return bytes
}

/**
 * A value that somebody wrote, as the bytes of a type: whole numbers (also 0x...), true and false, names of
 * enumerators, one character for a char, text for an array of char.
 * @throws BtfError that says what does not fit
 */
export function encode(btf: Btf, id: number, text: string): Buffer {
  const type = btf.resolve(id)
  const name = btf.nameOf(id)
  const number = integer(text)
  switch (type.kind) {
    case 'int': {
      if (type.bool && /^(true|false)$/.test(text)) return littleEndian(text === 'true' ? 1n : 0n, type.size)
      const value = number ?? (isChar(type) && text.length === 1 ? BigInt(text.charCodeAt(0)) : undefined)
      if (value === undefined) throw new BtfError(`"${text}" is not a whole number, and ${name} is one`)
      const bits = BigInt(type.size * 8)
      const [least, most] = type.signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n]
      // A char holds a byte; whether it has a sign is the compiler's choice.
      if (value < least || value > (isChar(type) ? 255n : most))
        throw new BtfError(`${text} does not fit into ${name} (${least} to ${most})`)
      return littleEndian(BigInt.asUintN(type.size * 8, value), type.size)
    }
    case 'ptr':
      if (number === undefined || number < 0n) throw new BtfError(`"${text}" is not an address`)
      return littleEndian(number, 8)
    case 'enum': {
      const value = type.values.find(([each]) => each === text)?.[1] ?? number
      if (value === undefined)
        throw new BtfError(`"${text}" is not one of ${type.values.map(([each]) => each).join(', ')}`)
      return littleEndian(BigInt.asUintN(type.size * 8, value), type.size)
    }
    case 'array': {
      if (!isChar(btf.resolve(type.type))) throw new BtfError(`${name} is not an array of char: it has no single value`)
      const bytes = Buffer.from(text, 'utf8')
      if (bytes.length > type.length)
        throw new BtfError(`"${text}" has ${bytes.length} bytes, and ${name} ${type.length}`)
      return Buffer.concat([bytes, Buffer.alloc(type.length - bytes.length)])
    }
    case 'struct':
    case 'union':
      throw new BtfError(`${name} has no single value: give its fields (${fieldNames(btf, id).join(', ')})`)
    case 'float':
    case 'void':
    case 'alias':
    case 'var':
    case 'datasec':
    case 'other':
      throw new BtfError(`a value of ${name} cannot be written`)
  }
}
