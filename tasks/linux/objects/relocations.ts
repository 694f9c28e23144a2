/** Relocations of an object file that is not linked yet (elf(5)): where its tables will point to. */
import { cString, SYMBOL_SIZE, type Section } from './elf.ts'

/** Elf64_Rela: offset, type and symbol, addend. */
const RELOCATION_SIZE = 24
const [STT_FUNC, STB_LOCAL, STB_WEAK] = [2, 0, 2]

/** An entry of .symtab, by its number there. */
export interface RawSymbol {
  readonly name: string
  readonly isFunction: boolean
  readonly isLocal: boolean
  readonly isWeak: boolean
  readonly section: number
  readonly value: number
  readonly size: number
}

/** All entries of .symtab: relocations name them by their numbers. @throws ElfError */
export function rawSymbols(sections: readonly Section[]): RawSymbol[] {
  const bytes = (name: string) => sections.find((section) => section.name === name)?.bytes ?? Buffer.alloc(0)
  const [table, strings] = [bytes('.symtab'), bytes('.strtab')]
  return Array.from({ length: Math.floor(table.length / SYMBOL_SIZE) }, (_, index) => {
    const at = index * SYMBOL_SIZE
    const info = table[at + 4] ?? 0
    return {
      name: cString(strings, table.readUInt32LE(at)),
      isFunction: (info & 15) === STT_FUNC,
      isLocal: info >> 4 === STB_LOCAL,
      isWeak: info >> 4 === STB_WEAK,
      section: table.readUInt16LE(at + 6),
      value: Number(table.readBigUInt64LE(at + 8)),
      size: Number(table.readBigUInt64LE(at + 16)),
    }
  })
}

/** A place in a section of an object that is not linked. */
export interface Spot {
  readonly section: number
  readonly offset: number
}

/** Every relocation of a section: where in it, and what it will point to. */
function* relocationsOf(section: Section, sections: readonly Section[], symbols: readonly RawSymbol[]) {
  const bytes = sections.find(({ name }) => name === `.rela${section.name}`)?.bytes ?? Buffer.alloc(0)
  for (let at = 0; at + RELOCATION_SIZE <= bytes.length; at += RELOCATION_SIZE) {
    const symbol = symbols[bytes.readUInt32LE(at + 12)]
    const target = symbol && symbol.value + Number(bytes.readBigInt64LE(at + 16))
    if (symbol && target !== undefined)
      yield { at: Number(bytes.readBigUInt64LE(at)), to: { section: symbol.section, offset: target } satisfies Spot }
  }
}

/**
 * Where the entries of a table point to, in their order.
 * @param every bytes of an entry, whose first word is the pointer
 */
export function pointersOf(
  table: string,
  every: number,
  sections: readonly Section[],
  symbols: readonly RawSymbol[],
): Spot[] {
  const section = sections.find(({ name }) => name === table)
  const all = section ? [...relocationsOf(section, sections, symbols)] : []
  return all.filter(({ at }) => at % every === 0).map(({ to }) => to)
}

/** What the pointer at a place will point to. */
export function pointerAt(
  { section, offset }: Spot,
  sections: readonly Section[],
  symbols: readonly RawSymbol[],
): Spot | undefined {
  const own = sections[section]
  return own && [...relocationsOf(own, sections, symbols)].find(({ at }) => at === offset)?.to
}
