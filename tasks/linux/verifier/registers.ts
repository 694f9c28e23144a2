/**
 * Follows the registers through the instructions of a verifier log: where each value came from, and the state that the verifier printed
 * of it last. States are those of all kernels: " R0=inv(id=0) R10=fp0", "0: R1=ctx() R10=fp0", "; R0_w=scalar()" behind an instruction,
 * "from 2 to 5: R0=..." at the start of another path.
 */
import { baseOf, type Origin } from './origin.ts'

const LOAD = /^r(\d+) = \*\(([us])(8|16|32|64) \*\)\(r(\d+) ?([+-]\d+)\)/
const STORE = /^\*\(u64 \*\)\(r10 ?(-\d+)\) = r(\d+)$/
const COPY = /^[rw](\d+) = (?:\(s(?:8|16|32)\))?[rw](\d+)$/
const CONSTANT = /^[rw](\d+) = (-?(?:0x)?[0-9a-f]+)$/
const WIDE = /^r(\d+) = ((?:0x[0-9a-f]+|-?\d+)(?: ?ll)?|map\[.*)$/
const TARGET = /^(?:if )?[rw](\d+) ?(?:[-+*/%|&^]|<<|>>|s>>|s\/|s%)?= /
const CALL = /^call (?:pc)?(\S+)/
/** `R0=inv(id=0)`, `R1_w=map_value(off=0,ks=4,vs=8)`, `fp-8=mmmm????`. The value may have spaces inside of parentheses. */
const STATE = /\b(R\d+|fp-\d+)(?:_[rwD]+)?=((?:[^\s(]+)?(?:\([^)]*\)*)?)/g

/** Kernels before 4.10 print the number of a helper only: the first ones of include/uapi/linux/bpf.h that return something. */
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
  readonly origins: ReadonlyMap<string, Origin>
  readonly states: ReadonlyMap<string, string>
}

export class Registers {
  /** By "R3" or "fp-8". */
  #origins = new Map<string, Origin>([
    ['R1', { kind: 'context' }],
    ['R10', { kind: 'stack', at: undefined }],
  ])
  #states = new Map<string, string>()
  /** The last instruction. `known`: the states after it have been printed. */
  #next: { readonly text: string; readonly at: number; known: boolean } | undefined
  readonly #branches = new Map<number, Snapshot>()

  origin(register: string): Origin | undefined {
    return this.#origins.get(register)
  }

  /** What the verifier knew: "map_value_or_null(id=1,ks=4,vs=8)". */
  state(register: string): string | undefined {
    return this.#states.get(register)
  }

  /** A log that begins in the middle of a program says nothing about the registers before. */
  forget(): void {
    this.#origins.clear()
    this.#origins.set('R10', { kind: 'stack', at: undefined })
  }

  /** States as the verifier prints them: of all registers, R10 among them, or of those that an instruction changed. */
  read(text: string): void {
    if (/\bR10=/.test(text)) this.#states.clear()
    if (this.#next) this.#next.known = true
    for (const [, name = '', state = ''] of text.matchAll(STATE)) this.#states.set(name, state)
    if (this.#states.get('R1')?.startsWith('ctx') && !this.#origins.has('R1'))
      this.#origins.set('R1', { kind: 'context' })
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
    this.#origins = new Map(snapshot.origins)
    this.#states = new Map(snapshot.states)
  }

  /**
   * An instruction without its number and code. What it does is only done when the next one comes: the instruction that the verifier refuses has
   * changed nothing.
   */
  follow(text: string, at: number): void {
    this.#execute()
    this.#next = { text, at, known: false }
  }

  #execute(): void {
    const next = this.#next
    this.#next = undefined
    if (next === undefined) return
    const printed = next.known ? new Map(this.#states) : undefined
    this.#apply(next.text, next.at)
    if (printed) this.#states = printed
  }

  #apply(text: string, at: number): void {
    if (/^if |^may_goto|^goto_or_nop/.test(text)) return this.#branch(at)
    const store = STORE.exec(text)
    if (store) return this.#set(`fp${store[1]}`, this.#origins.get(`R${store[2]}`))
    const call = CALL.exec(text)
    if (call) {
      for (const name of ['R1', 'R2', 'R3', 'R4', 'R5']) this.#set(name, undefined)
      return this.#set('R0', { kind: 'call', callee: HELPERS[Number(call[1])] ?? call[1] ?? '', at })
    }
    const target = TARGET.exec(text)?.[1]
    if (target === undefined) return
    this.#set(`R${target}`, this.#value(text, at, `R${target}`))
  }

  #branch(at: number): void {
    if (this.#branches.size >= MOST_BRANCHES) {
      const [oldest] = this.#branches.keys()
      if (oldest !== undefined) this.#branches.delete(oldest)
    }
    this.#branches.set(at, { origins: new Map(this.#origins), states: new Map(this.#states) })
  }

  #set(name: string, origin: Origin | undefined): void {
    this.#states.delete(name)
    if (origin === undefined) this.#origins.delete(name)
    else this.#origins.set(name, origin)
  }

  #value(text: string, at: number, target: string): Origin | undefined {
    const load = LOAD.exec(text)
    if (load) return this.#loaded(load, text, at)
    const copy = COPY.exec(text)
    if (copy) return this.#origins.get(`R${copy[2]}`)
    const constant = CONSTANT.exec(text)
    if (constant && !/^0x[0-9a-f]{9,}$/.test(constant[2] ?? ''))
      return { kind: 'constant', value: constant[2] ?? '', at }
    if (WIDE.test(text)) return { kind: 'address', text, at }
    return { kind: 'arithmetic', text, of: baseOf(this.#origins.get(target)), at }
  }

  #loaded([, , , bits = '', base = '', offset = '']: RegExpExecArray, text: string, at: number): Origin | undefined {
    const from = this.#origins.get(`R${base}`)
    if (base === '10' && bits === '64') {
      const spilled = this.#origins.get(`fp${offset.replace('+', '')}`)
      if (spilled) return spilled
    }
    return from?.kind === 'context'
      ? { kind: 'context field', offset: Number(offset), size: Number(bits) / 8, at }
      : { kind: 'memory', text, through: from?.kind === 'memory' ? undefined : from, at }
  }
}
