/** A compiled BPF object: its programs and what they hook into, and the kernel version that it says it is for. */
import { ElfError, sectionsOf, symbolsOf } from '../objects/elf.ts'
import { hookOf } from './hook.ts'
import type { HookedProgram } from './programs.ts'

/** Sections of code that hold no program of their own. */
const HELPERS = new Set(['.text'])

/** Programs of a compiled object. @throws ElfError */
export function programsOfObject(object: Buffer): HookedProgram[] {
  const sections = sectionsOf(object)
  const names = new Map(sections.map(({ index, name }) => [index, name]))
  return symbolsOf(sections).flatMap(({ name, section, isFunction }) => {
    const where = names.get(section)
    return !isFunction || where === undefined || HELPERS.has(where) ? [] : [{ program: name, hook: hookOf(where) }]
  })
}

/**
 * LINUX_VERSION_CODE that an object says it is for (SEC("version")); undefined where it says nothing. @throws ElfError
 */
export function versionOfObject(object: Buffer): number | undefined {
  const bytes = sectionsOf(object).find(({ name }) => name === 'version')?.bytes
  if (bytes === undefined) return undefined
  if (bytes.length !== 4) throw new ElfError(`its section "version" has ${bytes.length} bytes instead of 4`)
  return bytes.readUInt32LE(0)
}
