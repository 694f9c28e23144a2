/**
 * The functions of a BPF object as instructions, with the calls and addresses that the loader would fill in already
 * resolved. Instruction set: Documentation/bpf/standardization/instruction-set.rst of the kernel; relocations:
 * Documentation/bpf/llvm_reloc.rst.
 */
import { cString, sectionBytes, sectionTable, SYMBOL_SIZE, type Read, type SectionHeader } from './elf.ts'

/** Where a 64-bit immediate or a call points: an offset in bytes in a section. */
export interface Target {
  readonly section: number
  readonly offset: number
}

export interface Instruction {
  /** Opcode byte: class in the lowest three bits. */
  readonly op: number
  readonly dst: number
  readonly src: number
  readonly off: number
  /** As it is written: signed 32 bits, or 64 bits for a load of a 64-bit immediate. */
  readonly imm: bigint
  /** Of a relocation. */
  readonly target?: Target | undefined
}

/** One section with code. */
export interface Code {
  readonly name: string
  readonly section: number
  /** By their index; undefined where the second half of a 64-bit immediate stands. */
  readonly instructions: readonly (Instruction | undefined)[]
}

/** A function that the loader takes for a program: a symbol in a section of its own kind, not in .text. */
export interface ProgramStart {
  readonly name: string
  readonly section: string
  /** Index of the section, and of the first instruction in it. */
  readonly at: Target
}

export interface BpfCode {
  readonly programs: readonly ProgramStart[]
  /** By the index of the section. */
  readonly code: ReadonlyMap<number, Code>
  /** Sections that nobody writes to (.rodata, .rodata.str1.1, ...), by their index. */
  readonly constants: ReadonlyMap<number, Buffer>
}

/** Bytes of one instruction. */
export const INSTRUCTION = 8
/** BPF_LD | BPF_IMM | BPF_DW, which takes two slots. */
export const LOAD_64 = 0x18

const RELOCATION = 16
const STT_FUNC = 2
const STB_LOCAL = 0

interface RawSymbol extends Target {
  readonly name: string
  readonly isFunction: boolean
  readonly isLocal: boolean
}

function rawSymbols(table: Buffer, strings: Buffer): RawSymbol[] {
  return Array.from({ length: Math.floor(table.length / SYMBOL_SIZE) }, (_, index) => {
    const at = index * SYMBOL_SIZE
    const info = table[at + 4] ?? 0
    return {
      name: cString(strings, table.readUInt32LE(at)),
      section: table.readUInt16LE(at + 6),
      offset: Number(table.readBigUInt64LE(at + 8)),
      isFunction: (info & 15) === STT_FUNC,
      isLocal: info >> 4 === STB_LOCAL,
    }
  })
}

/** Offset of the instruction -> what it refers to. */
function relocationsOf(bytes: Buffer, symbols: readonly RawSymbol[]): Map<number, RawSymbol> {
  const found = new Map<number, RawSymbol>()
  for (let at = 0; at + RELOCATION <= bytes.length; at += RELOCATION) {
    const symbol = symbols[bytes.readUInt32LE(at + 12)]
    if (symbol !== undefined) found.set(Number(bytes.readBigUInt64LE(at)), symbol)
  }
  return found
}

function instructionsOf(bytes: Buffer, relocations: ReadonlyMap<number, RawSymbol>): (Instruction | undefined)[] {
  const list: (Instruction | undefined)[] = []
  for (let at = 0; at + INSTRUCTION <= bytes.length; at += INSTRUCTION) {
    const op = bytes[at] ?? 0
    const registers = bytes[at + 1] ?? 0
    const low = bytes.readInt32LE(at + 4)
    const isWide = op === LOAD_64 && at + 2 * INSTRUCTION <= bytes.length
    const imm = isWide ? (BigInt(bytes.readInt32LE(at + 12)) << 32n) | BigInt(low >>> 0) : BigInt(low)
    const symbol = relocations.get(at)
    // A load adds its immediate to the symbol; a call counts instructions, from the one behind it.
    const addend = op === LOAD_64 ? low : (low + 1) * INSTRUCTION
    list.push({
      op,
      dst: registers & 15,
      src: registers >> 4,
      off: bytes.readInt16LE(at + 2),
      imm,
      target: symbol && { section: symbol.section, offset: symbol.offset + addend },
    })
    if (!isWide) continue
    list.push(undefined)
    at += INSTRUCTION
  }
  return list
}

/** @throws ElfError */
export function readBpfCode(file: Buffer): BpfCode {
  const read: Read = (offset, size) => file.subarray(offset, offset + size)
  const table = sectionTable(read)
  const contentsOf = (section: SectionHeader | undefined): Buffer =>
    section === undefined ? Buffer.alloc(0) : sectionBytes(read, section)
  const named = (name: string): Buffer => contentsOf(table.find((header) => header.name === name))
  const symbols = rawSymbols(named('.symtab'), named('.strtab'))
  const code = table.filter((header) => header.code && header.size > 0)
  return {
    programs: symbols.flatMap(({ name, section, offset, isFunction, isLocal }) => {
      const home = code.find(({ index }) => index === section)
      const isProgram = isFunction && !isLocal && home !== undefined && home.name !== '.text'
      return isProgram ? [{ name, section: home.name, at: { section, offset } }] : []
    }),
    code: new Map(
      code.map((header) => [
        header.index,
        {
          name: header.name,
          section: header.index,
          instructions: instructionsOf(contentsOf(header), relocationsOf(named(`.rel${header.name}`), symbols)),
        },
      ]),
    ),
    constants: new Map(
      table
        .filter(({ name }) => name.startsWith('.rodata'))
        .map((header) => [header.index, contentsOf(header)] as const),
    ),
  }
}
