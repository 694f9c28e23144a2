/** The kernel's table of symbols as scripts/kallsyms.c of several versions lays it out, in a small ELF file. */
import type { KernelSymbol } from './kallsyms-table.ts'

export interface Layout {
  /** Of tables: 8, since 7.0 4. */
  readonly align: 4 | 8
  /** Offsets before the names (until 6.4), or behind the tokens. */
  readonly offsets: 'before' | 'behind'
  /** What offsets count from. */
  readonly relative: 'base, down' | 'base, up' | 'own place'
  /** seqs_of_names: between markers and tokens, at the end, or not there. */
  readonly sequences: 'none' | 'between' | 'end'
}

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  '5.10': { align: 8, offsets: 'before', relative: 'base, down', sequences: 'none' },
  '6.1 with backports': { align: 8, offsets: 'before', relative: 'base, down', sequences: 'between' },
  '6.12': { align: 8, offsets: 'behind', relative: 'base, down', sequences: 'end' },
  '6.15': { align: 8, offsets: 'behind', relative: 'base, up', sequences: 'end' },
  '7.2': { align: 4, offsets: 'behind', relative: 'own place', sequences: 'end' },
}

export const TEXT = 0xffffffff81000000n
export const RODATA = 0xffffffff82000000n
const [TEXT_SIZE, CODE_VFS] = [0x2000, 0x80]

/** More than 256 functions, one with a name of more than 127 tokens, and an address that two names share. */
export const SYMBOLS: readonly KernelSymbol[] = [
  ...Array.from({ length: 300 }, (_, index) => ({
    name: `vfs_function_${index}`,
    type: index % 2 === 0 ? 'T' : 't',
    address: TEXT + BigInt(16 * index),
  })),
  { name: 'alias', type: 'W', address: TEXT + BigInt(16 * 299) },
  { name: `long_${'x'.repeat(200)}`, type: 't', address: TEXT + 0x1800n },
  { name: '_etext', type: 'T', address: TEXT + BigInt(TEXT_SIZE) },
  { name: 'jiffies', type: 'D', address: RODATA + 8n },
]

/** On x86-64 until 6.14 the addresses of per-CPU variables were offsets in their section: small numbers. */
export const PER_CPU: KernelSymbol = { name: 'cpu_number', type: 'A', address: 64n }

const pad = (bytes: Buffer, to: number): Buffer => Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value | 0)
  return bytes
}

/** Each printable character stands for itself, and one code for "vfs_". */
const TOKENS = Array.from({ length: 256 }, (_, code) =>
  code === CODE_VFS ? 'vfs_' : code > 32 && code < 127 ? String.fromCharCode(code) : '',
)

function encoded({ name, type }: KernelSymbol): Buffer {
  const codes = Buffer.from(`${type}${name.replace('vfs_', String.fromCharCode(CODE_VFS))}`, 'latin1')
  const { length } = codes
  return Buffer.concat([Buffer.from(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), codes])
}

/** .rodata with the tables, behind other bytes of which some look like the digits' tokens. */
function rodata(symbols: readonly KernelSymbol[], { align, offsets, relative, sequences }: Layout): Buffer {
  const names = symbols.map(encoded)
  const markers: Buffer[] = []
  let at = 0
  for (const [index, name] of names.entries()) {
    if (index % 256 === 0) markers.push(word(at))
    at += name.length
  }
  const tokenBytes = Buffer.from(TOKENS.map((text) => `${text}\0`).join(''), 'latin1')
  const index = Buffer.alloc(512)
  TOKENS.reduce((offset, text, code) => {
    index.writeUInt16LE(offset, 2 * code)
    return offset + text.length + 1
  }, 0)
  const base = Buffer.alloc(8)
  base.writeBigUInt64LE(TEXT)
  const sequence = pad(Buffer.alloc(3 * symbols.length, 7), align)
  const count = pad(word(symbols.length), align)
  const decoy = Buffer.from(
    Array.from({ length: 64 }, (_, code) => `${String.fromCharCode(code)}\0`).join(''),
    'latin1',
  )
  const before: Buffer[] = [pad(Buffer.concat([Buffer.alloc(16, 1), decoy]), 8)]
  const parts = [
    count,
    pad(Buffer.concat(names), align),
    pad(Buffer.concat(markers), align),
    ...(sequences === 'between' ? [sequence] : []),
    pad(tokenBytes, align),
    pad(index, align),
  ]
  const start = [...before, ...parts].reduce((sum, { length }) => sum + length, 0)
  const offsetsOf = symbols.map(({ address }, place) => {
    if (relative === 'own place') return word(Number(address - (RODATA + BigInt(start + 4 * place))))
    if (relative === 'base, up') return word(Number(address - TEXT))
    return word(address < TEXT ? Number(address) : Number(TEXT - 1n - address))
  })
  const table = [pad(Buffer.concat(offsetsOf), align), ...(relative === 'own place' ? [] : [base])]
  const end = sequences === 'end' ? [sequence] : []
  return Buffer.concat([
    ...before,
    ...(offsets === 'before' ? [...table, ...parts] : [...parts, ...table]),
    ...end,
    Buffer.alloc(64),
  ])
}

/** An ELF file as objcopy --strip-all leaves it: .text, .rodata and the names of sections. */
export function strippedElf(symbols: readonly KernelSymbol[], layout: Layout): Buffer {
  const names = Buffer.from('\0.text\0.rodata\0.shstrtab\0')
  const sections = [
    { name: 1, flags: 6n, address: TEXT, bytes: Buffer.alloc(TEXT_SIZE, 0x90) },
    { name: 7, flags: 2n, address: RODATA, bytes: rodata(symbols, layout) },
    { name: 15, flags: 0n, address: 0n, bytes: names },
  ]
  let offset = 64
  const headers = [Buffer.alloc(64)]
  for (const { name, flags, address, bytes } of sections) {
    const header = Buffer.alloc(64)
    header.writeUInt32LE(name, 0)
    header.writeUInt32LE(address === 0n ? 3 : 1, 4)
    header.writeBigUInt64LE(flags, 8)
    header.writeBigUInt64LE(address, 16)
    header.writeBigUInt64LE(BigInt(offset), 24)
    header.writeBigUInt64LE(BigInt(bytes.length), 32)
    headers.push(header)
    offset += bytes.length
  }
  const head = Buffer.alloc(64)
  head.write('\x7fELF\x02\x01', 'latin1')
  head.writeBigUInt64LE(BigInt(offset), 40)
  head.writeUInt16LE(headers.length, 60)
  head.writeUInt16LE(headers.length - 1, 62)
  return Buffer.concat([head, ...sections.map(({ bytes }) => bytes), ...headers])
}
