/**
 * Follows the registers through the instructions of a verifier log: where each value came from, and the state that the
 * verifier printed of it last. States are those of all kernels: " R0=inv(id=0) R10=fp0", "0: R1=ctx() R10=fp0", ";
 * R0_w=scalar()" behind an instruction, "from 2 to 5: R0=..." at the start of another path.
 */
import { baseOf, type Origin } from './origin.ts'

const LOAD = /^r(\d+) = \*\(([us])(8|16|32|64) \*\)\(r(\d+) ?([+-]\d+)\)/
const STORE = /^\*\(u64 \*\)\(r10 ?(-\d+)\) = r(\d+)$/
const COPY = /^[rw](\d+) = (?:\(s(?:8|16|32)\))?[rw](\d+)$/
const CONSTANT = /^[rw](\d+) = (-?(?:0x)?[0-9a-f]+)$/
const WIDE = /^r(\d+) = ((?:0x[0-9a-f]+|-?\d+)(?: ?ll)?|map\[.*)$/
const TARGET = /^(?:if )?[rw](\d+) ?(?:[-+*/%|&^]|<<|>>|s>>|s\/|s%)?= /
const CALL = /^call (?:pc)?(\S+)/
/**
 * `R0=inv(id=0)`, `R1_w=map_value(off=0,ks=4,vs=8)`, `fp-8=mmmm????`. The value may have spaces inside of parentheses.
 */
const STATE = /\b(R\d+|fp-\d+)(?:_[rwD]+)?=((?:[^\s(]+)?(?:\([^)]*\)*)?)/g

/**
 * Kernels before 4.10 print the number of a helper only: the first ones of include/uapi/linux/bpf.h that return
 * something.
 */
const HELPERS: Readonly<Record<number, string>> = {
  1: 'bpf_map_lookup_elem',
  2: 'bpf_map_update_elem',
  3: 'bpf_map_delete_elem',
  4: 'bpf_probe_read',
  5: 'bpf_ktime_get_ns',
  14: 'bpf_get_current_pid_tgid',
  15: 'bpf_get_current_uid_gid',
  27: 'bpf_get_stackid',
  35: 'bpf_get_current_task',
}
/** Paths that may be continued later: the oldest is forgotten, so that memory is bounded. */
const MOST_BRANCHES = 4096

interface Snapshot {
  readonly registers: readonly (Origin | undefined)[]
  readonly spilled: ReadonlyMap<string, Origin> | undefined
}

/** Texts of states that are kept unread, since most of them are never asked for. */
const MOST_UNREAD = 256
const STACK: Origin = { kind: 'stack', at: undefined }

export class Registers {
  /** By number. */
  #registers: (Origin | undefined)[] = atEntry()
  /** By "fp-8". */
  #spilled = new Map<string, Origin>()
  readonly #states = new Map<string, string>()
  /** Texts with states, and names of registers that were written ("R3"), in their order. */
  #unread: string[] = []
  /** The last instruction. `known`: the states after it have been printed. */
  #next: { readonly text: string; readonly at: number; known: boolean } | undefined
  readonly #branches = new Map<number, Snapshot>()

  /** @param register "R3" */
  origin(register: string): Origin | undefined {
    return this.#registers[Number(register.slice(1))]
  }

  /** What the verifier knew: "map_value_or_null(id=1,ks=4,vs=8)". */
  state(register: string): string | undefined {
    this.#readAll()
    return this.#states.get(register)
  }

  /** A log that begins in the middle of a program says nothing about the registers before. */
  forget(): void {
    this.#registers = [...Array<undefined>(10), STACK]
    this.#spilled.clear()
  }

  /** States as the verifier prints them: of all registers, R10 among them, or of those that an instruction changed. */
  read(text: string): void {
    if (text.includes('R10=')) {
      this.#states.clear()
      this.#unread = []
      if (this.#registers[1] === undefined && /\bR1=ctx/.test(text)) this.#registers[1] = { kind: 'context' }
    }
    this.#keep(text)
    if (this.#next) this.#next.known = true
  }

  #keep(text: string): void {
    this.#unread.push(text)
    if (this.#unread.length >= MOST_UNREAD) this.#readAll()
  }

  #readAll(): void {
    for (const text of this.#unread)
      if (text.includes('='))
        for (const [, name = '', state = ''] of text.matchAll(STATE)) this.#states.set(name, state)
      else this.#states.delete(text)
    this.#unread = []
  }

  /** States that were printed behind the last instruction: it was executed. */
  readAfter(text: string): void {
    this.#execute()
    this.read(text)
  }

  /** "from 2 to 5": the verifier goes on at a branch that it left for later. */
  resume(branch: number): void {
    this.#execute()
    const snapshot = this.#branches.get(branch)
    if (snapshot === undefined) return this.forget()
    this.#registers = [...snapshot.registers]
    this.#spilled = new Map(snapshot.spilled)
  }

  /**
   * An instruction without its number and code. What it does is only done when the next one comes: the instruction that
   * the verifier refuses has changed nothing.
   */
  follow(text: string, at: number): void {
    this.#execute()
    this.#next = { text, at, known: false }
  }

  #execute(): void {
    const next = this.#next
    this.#next = undefined
    if (next) this.#apply(next.text, next.at, next.known)
  }

  #apply(text: string, at: number, known: boolean): void {
    switch (text[0]) {
      case 'i':
      case 'm':
        return this.#branch(at)
      case '*': {
        const store = STORE.exec(text)
        const origin = this.#registers[Number(store?.[2])]
        if (!store) return
        if (origin) this.#spilled.set(`fp${store[1]}`, origin)
        else this.#spilled.delete(`fp${store[1]}`)
        return
      }
      case 'c': {
        const call = CALL.exec(text)
        if (!call) return
        for (let number = 1; number <= 5; number++) this.#set(number, undefined, known)
        return this.#set(0, { kind: 'call', callee: HELPERS[Number(call[1])] ?? call[1] ?? '', at }, known)
      }
    }
    const target = TARGET.exec(text)?.[1]
    if (target === undefined) return
    this.#set(Number(target), this.#value(text, at, Number(target)), known)
  }

  #branch(at: number): void {
    if (this.#branches.size >= MOST_BRANCHES) {
      const [oldest] = this.#branches.keys()
      if (oldest !== undefined) this.#branches.delete(oldest)
    }
    const spilled = this.#spilled.size > 0 ? new Map(this.#spilled) : undefined
    this.#branches.set(at, { registers: [...this.#registers], spilled })
  }

  /** `known`: the state after it has been printed, and stays. */
  #set(number: number, origin: Origin | undefined, known: boolean): void {
    this.#registers[number] = origin
    if (!known) this.#keep(`R${number}`)
  }

  #value(text: string, at: number, target: number): Origin | undefined {
    const load = LOAD.exec(text)
    if (load) return this.#loaded(load, text, at)
    const copy = COPY.exec(text)
    if (copy) return this.#registers[Number(copy[2])]
    const constant = CONSTANT.exec(text)
    if (constant && !/^0x[0-9a-f]{9,}$/.test(constant[2] ?? ''))
      return { kind: 'constant', value: constant[2] ?? '', at }
    if (WIDE.test(text)) return { kind: 'address', text, at }
    return { kind: 'arithmetic', text, of: baseOf(this.#registers[target]), at }
  }

  #loaded([, , , bits = '', base = '', offset = '']: RegExpExecArray, text: string, at: number): Origin | undefined {
    const from = this.#registers[Number(base)]
    if (base === '10' && bits === '64') {
      const spilled = this.#spilled.get(`fp${offset.replace('+', '')}`)
      if (spilled) return spilled
    }
    return from?.kind === 'context'
      ? { kind: 'context field', offset: Number(offset), size: Number(bits) / 8, at }
      : { kind: 'memory', text, through: from?.kind === 'memory' ? undefined : from, at }
  }
}

const atEntry = (): (Origin | undefined)[] => [undefined, { kind: 'context' }, ...Array<undefined>(8), STACK]
