/** Names of a module's parameters, also of those without a type in .modinfo (module_param_cb). */
import { cString, sectionsOf } from './elf.ts'
import { pointersOf, rawSymbols } from './relocations.ts'

/** Bytes of struct kernel_param on 64 bits, whose first member is the name (include/linux/moduleparam.h, 3.17..). */
const PARAMETER_SIZE = 40

/** @throws ElfError */
export function moduleParameters(file: Buffer): string[] {
  const sections = sectionsOf(file)
  return pointersOf('__param', PARAMETER_SIZE, sections, rawSymbols(sections)).map(({ section, offset }) =>
    cString(sections[section]?.bytes ?? Buffer.alloc(0), offset),
  )
}
