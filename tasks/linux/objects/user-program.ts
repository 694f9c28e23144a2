/**
 * A program of user space as uprobes see it: the functions that can be found by name, and its USDT probes (notes of the
 * section .note.stapsdt: https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation). Read as libbpf does it.
 */
import { cString, sectionsOf, symbolsOf } from './elf.ts'

export interface UserProgram {
  /** Of .symtab and .dynsym. */
  readonly functions: ReadonlySet<string>
  /** `provider:name`. */
  readonly usdt: ReadonlySet<string>
  /** It has no table of all its symbols. */
  readonly stripped: boolean
}

const NOTE_HEADER = 12
const STAPSDT_TYPE = 3
/** Address of the probe, of the section .stapsdt.base, of the semaphore. */
const ADDRESSES = 24

/** To four bytes. A size may have all of its 32 bits set, which operators on bits would make negative. */
const aligned = (size: number): number => Math.ceil(size / 4) * 4

/** `provider:name` of each note. Notes that are cut off are left out: the file may come from anybody. */
export function usdtIn(notes: Buffer): Set<string> {
  const found = new Set<string>()
  for (let at = 0; at + NOTE_HEADER <= notes.length;) {
    const [nameSize, size, type] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)]
    const start = at + NOTE_HEADER + aligned(nameSize)
    const texts = notes.subarray(start + ADDRESSES, start + size)
    if (type === STAPSDT_TYPE && cString(notes, at + NOTE_HEADER) === 'stapsdt' && texts.length > 0) {
      const provider = cString(texts, 0)
      found.add(`${provider}:${cString(texts, Buffer.byteLength(provider) + 1)}`)
    }
    at = start + aligned(size)
  }
  return found
}

/** @throws ElfError */
export function readUserProgram(file: Buffer): UserProgram {
  const sections = sectionsOf(file)
  const symbols = [...symbolsOf(sections), ...symbolsOf(sections, '.dynsym', '.dynstr')]
  const notes = sections.find(({ name }) => name === '.note.stapsdt')?.bytes ?? Buffer.alloc(0)
  return {
    functions: new Set(
      symbols.filter(({ isFunction, section }) => isFunction && section !== 0).map(({ name }) => name),
    ),
    usdt: usdtIn(notes),
    stripped: !sections.some(({ name }) => name === '.symtab'),
  }
}
