/**
 * Functions by the addresses of their code: of a kernel and its modules (/proc/kallsyms, System.map), and of a program
 * (ELF).
 */
import { sectionsOf, symbolsOf } from '../objects/elf.ts'

/** A function: addresses from `from` up to, not including, `to` are its code. */
export interface CodeRange {
  readonly from: bigint
  readonly to: bigint
  readonly name: string
  /** `kernel`, a module, or the file name of a program. */
  readonly of: string
}

/** "ffffffff81000000 T name", of a module "ffffffffc0000000 t name\t[module]". */
const LINE = /^([0-9a-f]{8,16}) (\S) (\S+)(?:\s+\[(\S+)\])?$/gm
/** Types of code, as nm prints them. */
const CODE = /[tTwW]/
export const KERNEL = 'kernel'

const byAddress = (a: { readonly from: bigint }, b: { readonly from: bigint }): number =>
  a.from < b.from ? -1 : a.from > b.from ? 1 : 0

/** Ranges that begin where another one does are its second names: the first of the file stays, as in the kernel. */
function withEnds(
  starts: readonly { readonly from: bigint; readonly name: string; readonly of: string; readonly code: boolean }[],
): CodeRange[] {
  const sorted = starts.toSorted(byAddress)
  const ranges: CodeRange[] = []
  for (let index = 0; index < sorted.length;) {
    const { from } = sorted[index] ?? { from: 0n }
    let next = index
    while (next < sorted.length && sorted[next]?.from === from) next++
    const first = sorted.slice(index, next).find(({ code }) => code)
    const to = sorted[next]?.from
    if (first !== undefined && to !== undefined && from !== 0n)
      ranges.push({ from, to, name: first.name, of: first.of })
    index = next
  }
  return ranges
}

/**
 * The functions in a listing of the kernel's symbols. Each ends where the next symbol begins; the last symbol of a
 * listing has no end, and is left out. A kernel that hides its addresses (all 0) has none.
 */
export const kernelRanges = (kallsyms: string): CodeRange[] =>
  withEnds(
    Array.from(kallsyms.matchAll(LINE), ([, address = '', type = '', name = '', module]) => ({
      from: BigInt(`0x${address}`),
      name,
      of: module ?? KERNEL,
      code: CODE.test(type),
    })),
  )

/** e_type of a program whose addresses are those of its process; any other is put somewhere at random (ET_DYN). */
const ET_EXEC = 2

/**
 * The functions of a program or library by its tables of symbols, at the addresses where it was linked.
 * @throws ElfError
 */
export function functionRanges(file: Buffer, name: string): CodeRange[] {
  const sections = sectionsOf(file)
  const all = symbolsOf(sections)
  // What was written in assembly may have no size: it ends where the next function begins, which a file that was
  // stripped does not say.
  const functions = (all.length > 0 ? all : symbolsOf(sections, '.dynsym', '.dynstr')).filter(
    ({ isFunction, value, size }) => isFunction && value > 0 && (size > 0 || all.length > 0),
  )
  const sizes = new Map<bigint, bigint>()
  for (const { value, size } of functions) {
    const from = BigInt(value)
    if (BigInt(size) > (sizes.get(from) ?? -1n)) sizes.set(from, BigInt(size))
  }
  const starts = functions.map(({ name: symbol, value }) => ({
    from: BigInt(value),
    name: symbol,
    of: name,
    code: true,
  }))
  const ends = [...sizes].map(([from, size]) => ({ from: from + size, name: '', of: name, code: false }))
  return withEnds([...starts, ...ends])
}

/**
 * The same of a program that is where it was linked. None for one that is put somewhere at random (PIE): its addresses
 * say nothing without the memory map of its process.
 * @throws ElfError
 */
export const programRanges = (file: Buffer, name: string): CodeRange[] =>
  file.readUInt16LE(16) === ET_EXEC ? functionRanges(file, name) : []

/** Looks functions up by address. @param ranges without overlaps, in any order */
export class CodeIndex {
  readonly #ranges: readonly CodeRange[]

  constructor(ranges: readonly CodeRange[]) {
    this.#ranges = ranges.toSorted(byAddress)
  }

  /** The function whose code is at the address. */
  at(address: bigint): CodeRange | undefined {
    let [low, high] = [0, this.#ranges.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#ranges[middle]?.from ?? 0n) <= address) low = middle
      else high = middle - 1
    }
    const range = this.#ranges[low]
    return range !== undefined && range.from <= address && address < range.to ? range : undefined
  }
}
