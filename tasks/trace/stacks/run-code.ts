/** Names of the functions behind the addresses that a run recorded. */
import { CodeIndex, type CodeRange } from '../../linux/symbols/code-ranges.ts'
import { COMM_LENGTH } from '../events/processes.ts'
import { LOWEST_OF_KERNEL } from './addresses.ts'

/** One address: what a range of addresses cannot say of it. */
export interface NamedAddress {
  readonly at: bigint
  /**
   * Functions with the innermost first. Of a program all of them; of the kernel only those that were inlined there: a
   * range has the function that they are in.
   */
  readonly names: readonly string[]
  /** `kernel`, or the file that has the code. */
  readonly of: string
  /** Threads and processes of which it is true; undefined: of all. */
  readonly ids?: readonly number[] | undefined
}

/** Whose stack an address is in. */
export interface StackOwner {
  readonly pid: number | undefined
  readonly comm: string | undefined
}

/** An inlined function in a stack, as perf shows it. */
const inlined = (name: string): string => `${name} (inlined)`

/**
 * Where the function is that a frame is in. Only the innermost address is where the program was; the others are where
 * it will go on, which behind a call that never returns is the next function.
 */
export const lookedUp = (address: bigint, depth: number): bigint => (depth === 0 ? address : address - 1n)

export class RunCode {
  readonly #ranges: CodeIndex
  readonly #addresses = new Map<bigint, NamedAddress[]>()

  constructor(ranges: readonly CodeRange[], addresses: readonly NamedAddress[] = []) {
    this.#ranges = new CodeIndex(ranges)
    for (const one of addresses) this.#addresses.set(one.at, [...(this.#addresses.get(one.at) ?? []), one])
  }

  /** The function whose code is at an address, of the kernel or of a program that is where it was linked. */
  at(address: bigint): CodeRange | undefined {
    return this.#ranges.at(address)
  }

  #named(address: bigint, pid: number | undefined): NamedAddress | undefined {
    const rows = this.#addresses.get(address) ?? []
    return rows.find(({ ids }) => pid !== undefined && ids?.includes(pid)) ?? rows.find(({ ids }) => ids === undefined)
  }

  /**
   * The functions of one frame of a stack, the innermost first: more than one where some were inlined. The address
   * itself where nobody knows. Programs that are linked statically are all at the same addresses: a function of one is
   * not the name of an address in another.
   */
  frame(address: bigint, depth: number, { pid, comm }: StackOwner): string[] {
    const at = lookedUp(address, depth)
    const row = this.#named(at, pid)
    const range = this.#ranges.at(at)
    if (address >= LOWEST_OF_KERNEL && range !== undefined) return [...(row?.names ?? []).map(inlined), range.name]
    if (address < LOWEST_OF_KERNEL && row !== undefined)
      return row.names.map((name, index) => (index < row.names.length - 1 ? inlined(name) : name))
    const isItsOwn = comm === undefined || range?.of.slice(0, COMM_LENGTH) === comm
    return [range !== undefined && isItsOwn ? range.name : `0x${address.toString(16)}`]
  }
}
