/**
 * Registers and stack of a BPF program at one instruction, as far as they are the same on every path that leads there.
 */
import { LOAD_64, type Instruction } from './bpf-code.ts'

/** What a register holds. */
export type Known =
  | { readonly kind: 'number'; readonly value: bigint }
  /** An address on the stack, below the frame pointer; undefined: somewhere on it. */
  | { readonly kind: 'stack'; readonly offset: number | undefined }
  | { readonly kind: 'section'; readonly section: number; readonly offset: number }

const FRAME = 10
const STACK = 512
const REGISTERS = 11

const CLASS = { load: 0, loadX: 1, store: 2, storeX: 3, alu32: 4, alu64: 7 } as const
const MODE_ATOMIC = 0xc0
const ADD = 0x00
const MOV = 0xb0
/** Bytes by the size bits of the opcode. */
const SIZES: Readonly<Record<number, number>> = { 0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8 }

const same = (a: Known | undefined, b: Known | undefined): Known | undefined => {
  if (a === undefined || b === undefined || a.kind !== b.kind) return undefined
  if (a.kind === 'number' && b.kind === 'number') return a.value === b.value ? a : undefined
  if (a.kind === 'stack' && b.kind === 'stack') return a.offset === b.offset ? a : { kind: 'stack', offset: undefined }
  if (a.kind === 'section' && b.kind === 'section')
    return a.section === b.section && a.offset === b.offset ? a : undefined
  return undefined
}

export class Store {
  readonly #registers: (Known | undefined)[]
  /** Offset below the frame pointer (-1 to -512) -> byte. */
  readonly #stack: Map<number, number>

  constructor(registers?: readonly (Known | undefined)[], stack?: ReadonlyMap<number, number>) {
    this.#registers = registers ? [...registers] : Array.from({ length: REGISTERS }, () => undefined)
    this.#registers[FRAME] = { kind: 'stack', offset: 0 }
    this.#stack = new Map(stack)
  }

  copy(): Store {
    return new Store(this.#registers, this.#stack)
  }

  /** What is the same in both. */
  or(other: Store): Store {
    const registers = this.#registers.map((one, index) => same(one, other.#registers[index]))
    return new Store(registers, new Map([...this.#stack].filter(([at, byte]) => other.#stack.get(at) === byte)))
  }

  /**
   * As a function finds it: its arguments, and a stack of its own. Addresses on its caller's stack mean nothing to it.
   */
  forCall(): Store {
    return new Store(this.#registers.map((one, index) => (index <= 5 && one?.kind !== 'stack' ? one : undefined)))
  }

  /** R0 to R5 are used up. @param writes it can have written to whatever it was given the address of */
  afterCall(writes: boolean): void {
    const given = this.#registers.slice(1, 6).filter((one) => one?.kind === 'stack')
    if (writes) for (const one of given) this.#forget(one.offset, STACK)
    this.#registers.fill(undefined, 0, 6)
  }

  /** Bytes of the stack from an offset on that may be anything now; all of it where the offset is not known. */
  #forget(offset: number | undefined, size: number): void {
    if (offset === undefined) this.#stack.clear()
    else for (let at = offset; at < Math.min(0, offset + size); at++) this.#stack.delete(at)
  }

  #write(address: Known | undefined, off: number, size: number, value: bigint | undefined): void {
    if (address?.kind !== 'stack') return
    if (address.offset === undefined || value === undefined) {
      this.#forget(address.offset === undefined ? undefined : address.offset + off, size)
      return
    }
    const bits = BigInt.asUintN(64, value)
    for (let byte = 0; byte < size; byte++)
      this.#stack.set(address.offset + off + byte, Number((bits >> BigInt(8 * byte)) & 0xffn))
  }

  #byte(address: Known, at: number, constants: ReadonlyMap<number, Buffer>): number | undefined {
    if (address.kind === 'section') return constants.get(address.section)?.[address.offset + at]
    return address.kind === 'stack' && address.offset !== undefined ? this.#stack.get(address.offset + at) : undefined
  }

  #read(address: Known | undefined, off: number, size: number, constants: ReadonlyMap<number, Buffer>) {
    if (address === undefined) return undefined
    let value = 0n
    for (let at = size - 1; at >= 0; at--) {
      const byte = this.#byte(address, off + at, constants)
      if (byte === undefined) return undefined
      value = (value << 8n) | BigInt(byte)
    }
    return { kind: 'number', value } as const
  }

  #added(to: Known | undefined, what: Known | undefined): Known | undefined {
    if (to?.kind === 'stack' || what?.kind === 'stack') {
      const [address, number] = to?.kind === 'stack' ? [to, what] : [what, to]
      const whole = address?.kind === 'stack' ? address.offset : undefined
      const offset = number?.kind === 'number' && whole !== undefined ? whole + Number(number.value) : undefined
      return { kind: 'stack', offset }
    }
    if (to === undefined || what?.kind !== 'number') return undefined
    if (to.kind === 'section') return { ...to, offset: to.offset + Number(what.value) }
    return to.kind === 'number' ? { kind: 'number', value: BigInt.asIntN(64, to.value + what.value) } : undefined
  }

  #calculate({ op, dst, src, imm }: Instruction): void {
    const operand: Known | undefined = op & 8 ? this.#registers[src] : { kind: 'number', value: imm }
    const is64 = (op & 7) === CLASS.alu64
    const before = this.#registers[dst]
    const result = (op & 0xf0) === MOV ? operand : (op & 0xf0) === ADD ? this.#added(before, operand) : undefined
    if (is64)
      this.#registers[dst] = result ?? (before?.kind === 'stack' ? { kind: 'stack', offset: undefined } : undefined)
    else
      this.#registers[dst] =
        result?.kind === 'number' ? { kind: 'number', value: BigInt.asUintN(32, result.value) } : undefined
  }

  /** Any instruction that is no jump and no call. */
  execute(instruction: Instruction, constants: ReadonlyMap<number, Buffer>): void {
    const { op, dst, src, off, imm, target } = instruction
    const size = SIZES[op & 0x18] ?? 0
    const registers = this.#registers
    switch (op & 7) {
      case CLASS.load:
        // The old loads of packets leave their result in R0.
        if (op !== LOAD_64) registers[0] = undefined
        else
          registers[dst] = target
            ? { kind: 'section', ...target }
            : src === 0
              ? { kind: 'number', value: imm }
              : undefined
        return
      case CLASS.loadX:
        registers[dst] = this.#read(registers[src], off, size, constants)
        return
      case CLASS.store:
        this.#write(registers[dst], off, size, imm)
        return
      case CLASS.storeX: {
        const value = registers[src]
        const isAtomic = (op & 0xe0) === MODE_ATOMIC
        this.#write(registers[dst], off, size, !isAtomic && value?.kind === 'number' ? value.value : undefined)
        if (isAtomic) registers[0] = registers[src] = undefined
        return
      }
      default:
        this.#calculate(instruction)
    }
  }

  /** The text that a register points at. */
  text(register: number, constants: ReadonlyMap<number, Buffer>): { text: string; open: boolean } {
    const address = this.#registers[register]
    const bytes: number[] = []
    for (let at = 0; address !== undefined && at < STACK; at++) {
      const byte = this.#byte(address, at, constants)
      if (byte === undefined) break
      if (byte === 0) return { text: Buffer.from(bytes).toString('utf8'), open: false }
      bytes.push(byte)
    }
    return { text: Buffer.from(bytes).toString('utf8'), open: true }
  }
}
