/** A compiled BPF object: its programs and what they hook into, and the kernel version that it says it is for. */
import { ElfError, sectionsOf, symbolsOf } from '../objects/elf.ts'
import { hookOf } from './hook.ts'
import type { HookedProgram } from './programs.ts'

/** Sections of code that hold no program of their own. */
const HELPERS = new Set(['.text'])

const NOTHING = Buffer.alloc(0)

/** BPF_JMP | BPF_CALL, and the number of bpf_override_return (include/uapi/linux/bpf.h). */
const CALL = 0x85
const OVERRIDE_RETURN = 58

/** Whether a section of code calls that helper. Functions in .text, which several sections may call, are not read. */
function overrides(bytes: Buffer): boolean {
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    if (bytes[at] === CALL && (bytes[at + 1] ?? 0) >> 4 === 0 && bytes.readInt32LE(at + 4) === OVERRIDE_RETURN)
      return true
  return false
}

/** Programs of a compiled object. @throws ElfError */
export function programsOfObject(object: Buffer): HookedProgram[] {
  const sections = sectionsOf(object)
  const code = new Map(sections.map(({ index, bytes }) => [index, bytes]))
  const names = new Map(sections.map(({ index, name }) => [index, name]))
  return symbolsOf(sections).flatMap(({ name, section, isFunction }) => {
    const where = names.get(section)
    if (!isFunction || where === undefined || HELPERS.has(where)) return []
    const hook = hookOf(where)
    return [{ program: name, hook: overrides(code.get(section) ?? NOTHING) ? { ...hook, overrides: true } : hook }]
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
