/**
 * Sections and symbols of a 64-bit little-endian ELF file, as far as a BPF object needs them (elf(5)). The file may come from anybody: every
 * offset is checked against the size before it is followed.
 */

/** What is wrong with the file; the caller knows its name. */
export class ElfError extends Error {}

export interface Section {
  readonly name: string
  readonly index: number
  readonly bytes: Buffer
}

export interface Symbol {
  readonly name: string
  /** Index of its section. */
  readonly section: number
  /** Offset in the section. */
  readonly value: number
  readonly size: number
}

const HEADER = 64
const SECTION_HEADER = 64
const SYMBOL = 24
const SHT_NOBITS = 8

/** The bytes from `offset` on; an error where the file ends before. */
function slice(file: Buffer, offset: number, size: number, what: string): Buffer {
  if (!Number.isSafeInteger(offset + size) || offset + size > file.length)
    throw new ElfError(`${what} lies behind the end of the file`)
  return file.subarray(offset, offset + size)
}

/** Text up to NUL. */
export function cString(strings: Buffer, offset: number): string {
  const end = strings.indexOf(0, offset)
  return strings.toString('utf8', offset, end < 0 ? strings.length : end)
}

/** Every section; one without content in the file (.bss) has no bytes. @throws ElfError */
export function sectionsOf(file: Buffer): Section[] {
  if (file.length < HEADER || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new ElfError('it is not a 64-bit little-endian ELF file')
  const [count, names] = [file.readUInt16LE(60), file.readUInt16LE(62)]
  const table = slice(file, Number(file.readBigUInt64LE(40)), count * SECTION_HEADER, 'the section table')
  const raw = Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_HEADER
    const [offset, size] = [Number(table.readBigUInt64LE(at + 24)), Number(table.readBigUInt64LE(at + 32))]
    const empty = table.readUInt32LE(at + 4) === SHT_NOBITS || index === 0
    return {
      name: table.readUInt32LE(at),
      bytes: empty ? Buffer.alloc(0) : slice(file, offset, size, `section ${index}`),
    }
  })
  const strings = raw[names]?.bytes ?? Buffer.alloc(0)
  return raw.map(({ name, bytes }, index) => ({ name: cString(strings, name), index, bytes }))
}

/** Named symbols of .symtab. @throws ElfError */
export function symbolsOf(sections: readonly Section[]): Symbol[] {
  const table = sections.find(({ name }) => name === '.symtab')?.bytes ?? Buffer.alloc(0)
  const strings = sections.find(({ name }) => name === '.strtab')?.bytes ?? Buffer.alloc(0)
  return Array.from({ length: Math.floor(table.length / SYMBOL) }, (_, index) => {
    const at = index * SYMBOL
    return {
      name: cString(strings, table.readUInt32LE(at)),
      section: table.readUInt16LE(at + 6),
      value: Number(table.readBigUInt64LE(at + 8)),
      size: Number(table.readBigUInt64LE(at + 16)),
    }
  }).filter(({ name }) => name !== '')
}
