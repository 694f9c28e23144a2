/**
 * Gives a stripped ELF file a table of symbols (.symtab), so that everything that reads a linked vmlinux reads this one
 * too.
 */
import { sectionTable, SYMBOL_SIZE, type SectionHeader } from './elf.ts'
import type { KernelSymbol } from '../symbols/kallsyms-table.ts'

const SECTION_HEADER = 64
const [SHT_SYMTAB, SHT_STRTAB] = [2, 3]
/** Of symbols in no section: a number and no place. */
const SHN_ABS = 0xfff1
const [STB_LOCAL, STB_GLOBAL, STB_WEAK] = [0, 1, 2]
const [STT_OBJECT, STT_FUNC] = [1, 2]

/** nm's letter -> binding: small letters are local, but w is weak. */
const bindingOf = (type: string): number =>
  /[wv]/i.test(type) ? STB_WEAK : type === type.toLowerCase() ? STB_LOCAL : STB_GLOBAL

const isCode = (type: string): boolean => /[tw]/i.test(type)

/**
 * Section of an address. A symbol may be at the end of its section (_etext), where the next one may begin: its type
 * says whether it is about code. Data in a section that is executable (.data of 7.x) has none, or readers would take it
 * for code.
 */
function sectionOf({ address, type }: KernelSymbol, sections: readonly SectionHeader[]): number {
  const inside = (end: bigint) => (one: SectionHeader) =>
    one.address !== 0n && one.address <= address && address < one.address + BigInt(one.memorySize) + end
  const code = isCode(type)
  const found =
    sections.find((one) => one.code === code && inside(0n)(one)) ??
    sections.find((one) => one.code === code && inside(1n)(one))
  return found?.index ?? SHN_ABS
}

function tablesOf(symbols: readonly KernelSymbol[], sections: readonly SectionHeader[]) {
  // Locals come first; sh_info says how many they are.
  const sorted = symbols.toSorted((a, b) => Number(bindingOf(a.type) !== 0) - Number(bindingOf(b.type) !== 0))
  const table = Buffer.alloc(SYMBOL_SIZE * (sorted.length + 1))
  const names: Buffer[] = [Buffer.alloc(1)]
  let name = 1
  for (const [index, symbol] of sorted.entries()) {
    const at = SYMBOL_SIZE * (index + 1)
    const text = Buffer.from(`${symbol.name}\0`, 'latin1')
    table.writeUInt32LE(name, at)
    table.writeUInt8((bindingOf(symbol.type) << 4) | (isCode(symbol.type) ? STT_FUNC : STT_OBJECT), at + 4)
    table.writeUInt16LE(sectionOf(symbol, sections), at + 6)
    table.writeBigUInt64LE(symbol.address, at + 8)
    names.push(text)
    name += text.length
  }
  const locals = sorted.filter(({ type }) => bindingOf(type) === STB_LOCAL).length + 1
  return { table, strings: Buffer.concat(names), locals }
}

interface NewHeader {
  readonly name: number
  readonly type: number
  readonly offset: number
  readonly size: number
  readonly link?: number
  readonly info?: number
  readonly entry?: number
}

function header({ name, type, offset, size, link = 0, info = 0, entry = 0 }: NewHeader): Buffer {
  const bytes = Buffer.alloc(SECTION_HEADER)
  bytes.writeUInt32LE(name, 0)
  bytes.writeUInt32LE(type, 4)
  bytes.writeBigUInt64LE(BigInt(offset), 24)
  bytes.writeBigUInt64LE(BigInt(size), 32)
  bytes.writeUInt32LE(link, 40)
  bytes.writeUInt32LE(info, 44)
  bytes.writeBigUInt64LE(8n, 48)
  bytes.writeBigUInt64LE(BigInt(entry), 56)
  return bytes
}

/**
 * The file with two sections more. Kept as it was: every byte of its content, and where it stands.
 * @throws ElfError where it is no ELF file
 */
export function withSymbols(file: Buffer, symbols: readonly KernelSymbol[]): Buffer {
  const sections = sectionTable((offset, size) => file.subarray(offset, offset + size))
  const { table, strings, locals } = tablesOf(symbols, sections)
  const names = sections[file.readUInt16LE(62)]
  const oldNames = file.subarray(names?.offset ?? 0, (names?.offset ?? 0) + (names?.size ?? 0))
  const sectionNames = Buffer.concat([oldNames, Buffer.from('.symtab\0.strtab\0')])
  const parts = [file, Buffer.alloc((8 - (file.length % 8)) % 8), table, strings, sectionNames]
  const offsetOf = (part: Buffer) => parts.slice(0, parts.indexOf(part)).reduce((sum, { length }) => sum + length, 0)
  const oldStart = Number(file.readBigUInt64LE(40))
  const headers = Buffer.from(file.subarray(oldStart, oldStart + sections.length * SECTION_HEADER))
  const namesAt = file.readUInt16LE(62) * SECTION_HEADER
  headers.writeBigUInt64LE(BigInt(offsetOf(sectionNames)), namesAt + 24)
  headers.writeBigUInt64LE(BigInt(sectionNames.length), namesAt + 32)
  const added = [
    header({
      name: oldNames.length,
      type: SHT_SYMTAB,
      offset: offsetOf(table),
      size: table.length,
      link: sections.length + 1,
      info: locals,
      entry: SYMBOL_SIZE,
    }),
    header({
      name: oldNames.length + '.symtab\0'.length,
      type: SHT_STRTAB,
      offset: offsetOf(strings),
      size: strings.length,
    }),
  ]
  const end = parts.reduce((sum, { length }) => sum + length, 0)
  const padding = Buffer.alloc((8 - (end % 8)) % 8)
  const result = Buffer.concat([...parts, padding, headers, ...added])
  result.writeBigUInt64LE(BigInt(end + padding.length), 40)
  result.writeUInt16LE(sections.length + added.length, 60)
  return result
}
