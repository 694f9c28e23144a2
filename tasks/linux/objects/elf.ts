/**
 * Sections and symbols of a 64-bit little-endian ELF file, as far as a BPF object or a vmlinux needs them (elf(5)). The
 * file may come from anybody: every offset is checked against the size before it is followed.
 */

/** What is wrong with the file; the caller knows its name. */
export class ElfError extends Error {}

/** Bytes of the file from `offset` on; fewer where it ends before. */
export type Read = (offset: number, size: number) => Buffer

export interface SectionHeader {
  readonly name: string
  readonly index: number
  /** In the file; `size` counts there too, and is 0 for a section without content (.bss). */
  readonly offset: number
  readonly size: number
  /** In memory, where .bss has one too. */
  readonly memorySize: number
  /** Where it is in memory; 0 in an object that is not linked. */
  readonly address: bigint
  /** SHF_EXECINSTR: it holds code. */
  readonly code: boolean
}

export interface Section extends Pick<SectionHeader, 'name' | 'index'> {
  readonly bytes: Buffer
}

export interface Symbol {
  readonly name: string
  /** Index of its section. */
  readonly section: number
  /** In an object the offset in the section, in a linked file the address. Exact up to 2^53. */
  readonly value: number
  readonly size: number
  /** STT_FUNC. */
  readonly isFunction: boolean
}

const HEADER = 64
const SECTION_HEADER = 64
/** Bytes of one entry of .symtab. */
export const SYMBOL_SIZE = 24
const SHT_NOBITS = 8
const SHF_EXECINSTR = 4n
const STT_FUNC = 2

/** The bytes from `offset` on; an error where the file ends before. */
function exactly(read: Read, offset: number, size: number, what: string): Buffer {
  const bytes = Number.isSafeInteger(offset + size) ? read(offset, size) : undefined
  if (bytes?.length !== size) throw new ElfError(`${what} lies behind the end of the file`)
  return bytes
}

/** Text up to NUL. */
export function cString(strings: Buffer, offset: number): string {
  const end = strings.indexOf(0, offset)
  return strings.toString('utf8', offset, end < 0 ? strings.length : end)
}

/**
 * The table of sections. Nothing else is read: a vmlinux with debug information has hundreds of megabytes. @throws
 * ElfError
 */
export function sectionTable(read: Read): SectionHeader[] {
  const file = read(0, HEADER)
  if (file.length < HEADER || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new ElfError('it is not a 64-bit little-endian ELF file')
  const [count, names] = [file.readUInt16LE(60), file.readUInt16LE(62)]
  const table = exactly(read, Number(file.readBigUInt64LE(40)), count * SECTION_HEADER, 'the section table')
  const raw = Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_HEADER
    const empty = table.readUInt32LE(at + 4) === SHT_NOBITS || index === 0
    return {
      name: table.readUInt32LE(at),
      code: (table.readBigUInt64LE(at + 8) & SHF_EXECINSTR) !== 0n,
      address: table.readBigUInt64LE(at + 16),
      offset: Number(table.readBigUInt64LE(at + 24)),
      size: empty ? 0 : Number(table.readBigUInt64LE(at + 32)),
      memorySize: Number(table.readBigUInt64LE(at + 32)),
    }
  })
  const { offset = 0, size = 0 } = raw[names] ?? {}
  const strings = exactly(read, offset, size, `section ${names}`)
  return raw.map(({ name, ...rest }, index) => ({ ...rest, name: cString(strings, name), index }))
}

/** What a section holds. @throws ElfError */
export const sectionBytes = (read: Read, { offset, size, index }: SectionHeader): Buffer =>
  size === 0 ? Buffer.alloc(0) : exactly(read, offset, size, `section ${index}`)

/** Every section of a file in memory; one without content in the file (.bss) has no bytes. @throws ElfError */
export function sectionsOf(file: Buffer): Section[] {
  const read: Read = (offset, size) => file.subarray(offset, offset + size)
  return sectionTable(read).map((one) => ({ name: one.name, index: one.index, bytes: sectionBytes(read, one) }))
}

/** Named symbols of a table, by default .symtab. @throws ElfError */
export function symbolsOf(sections: readonly Section[], from = '.symtab', names = '.strtab'): Symbol[] {
  const table = sections.find(({ name }) => name === from)?.bytes ?? Buffer.alloc(0)
  const strings = sections.find(({ name }) => name === names)?.bytes ?? Buffer.alloc(0)
  return Array.from({ length: Math.floor(table.length / SYMBOL_SIZE) }, (_, index) => {
    const at = index * SYMBOL_SIZE
    return {
      name: cString(strings, table.readUInt32LE(at)),
      section: table.readUInt16LE(at + 6),
      value: Number(table.readBigUInt64LE(at + 8)),
      size: Number(table.readBigUInt64LE(at + 16)),
      isFunction: ((table[at + 4] ?? 0) & 15) === STT_FUNC,
    }
  }).filter(({ name }) => name !== '')
}
