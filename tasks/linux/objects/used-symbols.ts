/** Symbols that an object file uses and does not define: for a module, what the kernel must export. */
import { sectionsOf } from './elf.ts'
import { rawSymbols } from './relocations.ts'

/** SHN_UNDEF */
const UNDEFINED = 0

/** Names that the linker makes, or the loader of modules answers itself (x86: PLT and GOT of relocations). */
const NOT_ASKED = new Set(['', '_GLOBAL_OFFSET_TABLE_'])

/** A weak symbol may be missing. @throws ElfError */
export const usedSymbols = (file: Buffer): string[] =>
  rawSymbols(sectionsOf(file))
    .filter(({ name, section, isWeak }) => section === UNDEFINED && !isWeak && !NOT_ASKED.has(name))
    .map(({ name }) => name)
    .toSorted()
