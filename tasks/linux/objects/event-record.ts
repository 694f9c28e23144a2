/**
 * Records of typed events (EVENTS and emit of bpf/include/lab.bpf.h): where each field lies, what column it makes, and
 * its value. A run can have a million of them, so the types are walked once and not for each record.
 */
import { BtfError, type Btf, type BtfType, type Member } from './btf.ts'
import { decode, type Value } from './btf-value.ts'

/** What emit() puts in front of every struct: time, thread, CPU, comm. Bytes. */
export const HEADER = 32

export interface RecordHead {
  readonly timeNs: bigint
  readonly thread: number
  readonly cpu: number
  readonly comm: string
}

/** A value of a column; 64-bit integers are bigint where a number cannot hold them. */
export type Field = string | number | bigint | boolean | readonly Field[] | { readonly json: Value }

/** How a value of one field is stored, read and shown. */
interface Leaf {
  /** A type of DuckDB and Parquet. */
  readonly type: string
  /** The field in a struct that begins at `at`. */
  readonly read: (record: Buffer, at: number) => Field
  /** As a message shows it. */
  readonly show: (value: Field) => string
}

export interface Column extends Leaf {
  /** Path of the field in the struct: `pos.x`. */
  readonly path: string
}

export function readHead(record: Buffer): RecordHead {
  const end = record.indexOf(0, 16)
  return {
    timeNs: record.readBigUInt64LE(0),
    thread: record.readUInt32LE(8),
    // Of a kernel at most 8191; a damaged guest must not break a table.
    cpu: record.readUInt32LE(12) & 0xffff,
    comm: textOf(record, 16, end < 16 || end > HEADER ? HEADER : end),
  }
}

/** Bytes that are no UTF-8 stay single characters (U+0080 to U+00FF), so that none is lost. */
function textOf(bytes: Buffer, start: number, end: number): string {
  const utf8 = bytes.toString('utf8', start, end)
  return utf8.includes('\ufffd') ? bytes.toString('latin1', start, end) : utf8
}

const big = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

type Reader = Column['read']
/** By size in bytes: unsigned, signed. */
const INTEGERS: Readonly<Record<number, readonly [type: string, unsigned: Reader, signed: Reader]>> = {
  1: ['TINYINT', (record, at) => record.readUInt8(at), (record, at) => record.readInt8(at)],
  2: ['SMALLINT', (record, at) => record.readUInt16LE(at), (record, at) => record.readInt16LE(at)],
  4: ['INTEGER', (record, at) => record.readUInt32LE(at), (record, at) => record.readInt32LE(at)],
  8: ['BIGINT', (record, at) => big(record.readBigUInt64LE(at)), (record, at) => big(record.readBigInt64LE(at))],
}

/** One word, or a string of JSON: a message stays one line, and its words can be told apart. */
const showText = (text: string): string => (/^[!#-~]+$/.test(text) ? text : JSON.stringify(text))
const show = (value: Field): string => {
  if (typeof value === 'string') return showText(value)
  if (typeof value !== 'object') return String(value)
  return 'json' in value ? JSON.stringify(value.json) : `[${value.map(show).join(',')}]`
}
const showAddress = (value: Field): string => `0x${BigInt(value as number | bigint).toString(16)}`

function scalar(type: BtfType): Leaf | undefined {
  switch (type.kind) {
    case 'int': {
      const row = INTEGERS[type.size]
      if (type.bool) return { type: 'BOOLEAN', read: (record, at) => record.readUInt8(at) !== 0, show }
      if (row === undefined) return undefined
      const [name, unsigned, signed] = row
      return type.signed ? { type: name, read: signed, show } : { type: `U${name}`, read: unsigned, show }
    }
    case 'ptr':
      return { type: 'UBIGINT', read: (record, at) => big(record.readBigUInt64LE(at)), show: showAddress }
    case 'float':
      if (type.size === 8) return { type: 'DOUBLE', read: (record, at) => record.readDoubleLE(at), show }
      return type.size === 4 ? { type: 'FLOAT', read: (record, at) => record.readFloatLE(at), show } : undefined
    case 'enum': {
      const row = INTEGERS[type.size]
      if (row === undefined) return undefined
      const names = new Map(type.values.map(([name, value]) => [BigInt.asUintN(type.size * 8, value), name]))
      const number = (record: Buffer, at: number) => row[1](record, at) as number | bigint
      return {
        type: 'VARCHAR',
        read: (record, at) => names.get(BigInt(number(record, at))) ?? `${number(record, at)}`,
        show,
      }
    }
    case 'void':
    case 'array':
    case 'struct':
    case 'union':
    case 'alias':
    case 'var':
    case 'datasec':
    case 'other':
      return undefined
  }
}

function array(btf: Btf, type: Extract<BtfType, { kind: 'array' }>): Leaf | undefined {
  const element = btf.resolve(type.type)
  const { length } = type
  if (element.kind === 'int' && element.size === 1 && element.name === 'char')
    return {
      type: 'VARCHAR',
      read: (record, at) => {
        const end = record.indexOf(0, at)
        return textOf(record, at, end < 0 || end > at + length ? at + length : end)
      },
      show,
    }
  const one = scalar(element)
  if (one === undefined) return undefined
  const stride = btf.sizeOf(type.type)
  return {
    type: `${one.type}[]`,
    read: (record, at) => Array.from({ length }, (_, index) => one.read(record, at + index * stride)),
    show: (value) => (Array.isArray(value) ? `[${value.map((each: Field) => one.show(each)).join(',')}]` : ''),
  }
}

/** What has no column type of its own (bit fields, unions, arrays of structs): as JSON. */
function otherwise(btf: Btf, owner: number, member: Member): Leaf {
  return {
    type: 'VARCHAR',
    read: (record, at) => {
      const all = decode(btf, owner, record.subarray(at))
      const value = typeof all === 'object' && all !== null && !Array.isArray(all) ? (all as Record<string, Value>) : {}
      return { json: value[member.name] ?? null }
    },
    show,
  }
}

const DEEPEST = 16

function columnsOf(btf: Btf, id: number, prefix: string, base: number, depth: number): Column[] {
  const type = btf.resolve(id)
  if (type.kind !== 'struct' && type.kind !== 'union') throw new BtfError(`${btf.nameOf(id)} is no struct`)
  if (depth > DEEPEST) throw new BtfError(`type ${id} contains itself`)
  return type.members.flatMap((member): Column[] => {
    const offset = base + (member.bitOffset >> 3)
    const path = prefix === '' || member.name === '' ? prefix + member.name : `${prefix}.${member.name}`
    const inner = btf.resolve(member.type)
    const isPlain = member.bits === 0
    if (isPlain && (inner.kind === 'struct' || (inner.kind === 'union' && member.name === '')))
      return columnsOf(btf, member.type, path, offset, depth + 1)
    const leaf = isPlain ? (inner.kind === 'array' ? array(btf, inner) : scalar(inner)) : undefined
    if (leaf === undefined) {
      const { read, ...rest } = otherwise(btf, id, member)
      return [{ path, ...rest, read: (record, at) => read(record, at + base) }]
    }
    const { read, ...rest } = leaf
    return [{ path, ...rest, read: (record, at) => read(record, at + offset) }]
  })
}

/**
 * The columns of a struct, in the order of its fields. Fields of inner structs are columns of their own.
 * @throws BtfError where the type is no struct
 */
export const eventColumns = (btf: Btf, id: number): Column[] => columnsOf(btf, id, '', 0, 0)

/** What a record says, for people: `to=0x12b96e0 length=16 text="1 2 3"`. */
export const eventMessage = (columns: readonly Column[], values: readonly Field[]): string =>
  columns.map(({ path, show: text }, index) => `${path}=${text(values[index] ?? '')}`).join(' ')

/** Bytes of the size in front of each record. */
export const RECORD_SIZE = 4

/** The records of one file of the holder's: each with its size (four bytes) in front. The last may be cut off. */
export function* recordsIn(file: Buffer): Generator<Buffer> {
  for (let at = 0; at + RECORD_SIZE <= file.length;) {
    const size = file.readUInt32LE(at)
    if (at + RECORD_SIZE + size > file.length) return
    yield file.subarray(at + RECORD_SIZE, at + RECORD_SIZE + size)
    at += RECORD_SIZE + size
  }
}
