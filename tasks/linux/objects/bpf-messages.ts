/**
 * How many messages one run of a BPF program prints, and which, as its bytecode proves it: every path through the
 * program is followed once, with what is known of its registers and its stack, so that formats are found that were put
 * together there. Nothing is known of a program that loops, calls another program (tail call) or hands a function to a
 * helper.
 */
import {
  INSTRUCTION,
  LOAD_64,
  readBpfCode,
  type BpfCode,
  type Code,
  type Instruction,
  type ProgramStart,
  type Target,
} from './bpf-code.ts'
import { Store } from './bpf-store.ts'

/** How often something happens in one run, over all paths. */
export interface Range {
  readonly least: number
  readonly most: number
}

export interface Format extends Range {
  /** Up to the end of the string, or as far as it is known; empty where nothing is. */
  readonly text: string
  /** The text is only its beginning. */
  readonly open: boolean
}

/** What one run of a program prints with bpf_trace_printk and bpf_trace_vprintk. */
export interface ProgramMessages extends Range {
  readonly program: string
  readonly section: string
  readonly formats: readonly Format[]
}

/** Numbers of helpers (include/uapi/linux/bpf.h, enum bpf_func_id). */
const HELPER = { lookup: 1, update: 2, delete: 3, printk: 6, tailCall: 12, vprintk: 177 } as const
const PRINTERS: ReadonlySet<number> = new Set([HELPER.printk, HELPER.vprintk])
/** Helpers that write to nothing that they are given. */
const READERS: ReadonlySet<number> = new Set([
  HELPER.lookup,
  HELPER.update,
  HELPER.delete,
  HELPER.printk,
  HELPER.vprintk,
])

/** Classes of opcodes. */
const JUMP = 5
const JUMP_32 = 6
const EXIT = 0x95
const CALL = 0x85
const CALL_REGISTER = 0x8d
const MAY_GOTO = 0xe5
const GOTO = 0x05
const GOTO_LONG = 0x06
/** Source registers of a call: a helper of the kernel, a function of the object. */
const TO_HELPER = 0
const TO_FUNCTION = 1

/** More are not followed: the kernel's own limit of nested calls is 8. */
const DEEPEST = 8
/** Instructions that are looked at for one program. */
const MOST_STEPS = 200_000

/** Nothing can be said of this program. */
class Unknown extends Error {}

class Counts {
  readonly formats: Map<string, Format>
  total: Range

  constructor(formats: ReadonlyMap<string, Format> = new Map(), total: Range = { least: 0, most: 0 }) {
    this.formats = new Map(formats)
    this.total = total
  }

  add(format: Format): void {
    const key = `${format.open ? 1 : 0}${format.text}`
    const { least, most } = this.formats.get(key) ?? { least: 0, most: 0 }
    this.formats.set(key, { ...format, least: least + format.least, most: most + format.most })
  }

  grow({ least, most }: Range): void {
    this.total = { least: this.total.least + least, most: this.total.most + most }
  }

  copy(): Counts {
    return new Counts(this.formats, this.total)
  }

  /** Of either path. */
  or(other: Counts): Counts {
    const formats = new Map<string, Format>()
    for (const key of new Set([...this.formats.keys(), ...other.formats.keys()])) {
      const [a, b] = [this.formats.get(key), other.formats.get(key)]
      const some = a ?? b
      if (some === undefined) continue
      const least = Math.min(a?.least ?? 0, b?.least ?? 0)
      formats.set(key, { ...some, least, most: Math.max(a?.most ?? 0, b?.most ?? 0) })
    }
    return new Counts(formats, {
      least: Math.min(this.total.least, other.total.least),
      most: Math.max(this.total.most, other.total.most),
    })
  }
}

interface State {
  readonly store: Store
  readonly counts: Counts
}

const isJump = (op: number): boolean => (op & 7) === JUMP || (op & 7) === JUMP_32

/** Indexes of the instructions that can come next. @throws Unknown */
function successors({ op, off, imm }: Instruction, at: number): readonly number[] {
  if (op === CALL_REGISTER || op === MAY_GOTO) throw new Unknown()
  if (op === EXIT) return []
  if (op === GOTO) return [at + 1 + off]
  if (op === GOTO_LONG) return [at + 1 + Number(imm)]
  if (isJump(op) && op !== CALL) return [at + 1, at + 1 + off]
  return [at + (op === LOAD_64 ? 2 : 1)]
}

/** The instructions of a function, each behind all from which it can be reached. @throws Unknown where it loops */
function inOrder({ instructions }: Code, start: number): number[] {
  const done: number[] = []
  const state = new Map<number, 'open' | 'done'>()
  const path: { readonly at: number; readonly next: number[] }[] = []
  const enter = (at: number) => {
    const instruction = instructions[at]
    if (instruction === undefined || state.get(at) === 'open') throw new Unknown()
    if (state.has(at)) return
    state.set(at, 'open')
    path.push({ at, next: [...successors(instruction, at)] })
  }
  enter(start)
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const next = last.next.pop()
    if (next !== undefined) enter(next)
    else {
      state.set(last.at, 'done')
      done.push(last.at)
      path.pop()
    }
  }
  return done.toReversed()
}

class Walk {
  readonly #object: BpfCode
  #steps = 0

  constructor(object: BpfCode) {
    this.#object = object
  }

  /** What a function prints from its entry to its exits. @throws Unknown */
  function(section: number, offset: number, store: Store, depth: number): Counts {
    const code = this.#object.code.get(section)
    if (code === undefined || depth > DEEPEST) throw new Unknown()
    const start = offset / INSTRUCTION
    const waiting = new Map<number, State>([[start, { store, counts: new Counts() }]])
    let done: Counts | undefined
    for (const at of inOrder(code, start)) {
      const [state, instruction] = [waiting.get(at), code.instructions[at]]
      if (state === undefined || instruction === undefined || ++this.#steps > MOST_STEPS) throw new Unknown()
      waiting.delete(at)
      if (instruction.op === EXIT) {
        done = done === undefined ? state.counts : done.or(state.counts)
        continue
      }
      this.#execute(instruction, { section, offset: (at + 1) * INSTRUCTION }, state, depth)
      for (const next of successors(instruction, at)) {
        const there = waiting.get(next)
        waiting.set(
          next,
          there === undefined
            ? { store: state.store.copy(), counts: state.counts.copy() }
            : { store: there.store.or(state.store), counts: there.counts.or(state.counts) },
        )
      }
    }
    if (done === undefined) throw new Unknown()
    return done
  }

  /** @param next where the instruction behind this one stands */
  #execute(instruction: Instruction, next: Target, state: State, depth: number): void {
    const { op, target } = instruction
    if (op === CALL) this.#call(instruction, next, state, depth)
    // An address of code is one that a helper is going to call.
    else if (op === LOAD_64 && target && this.#object.code.has(target.section)) throw new Unknown()
    else if (!isJump(op)) state.store.execute(instruction, this.#object.constants)
  }

  #call({ src, imm, target }: Instruction, next: Target, { store, counts }: State, depth: number): void {
    if (src === TO_FUNCTION) {
      const to = target ?? { section: next.section, offset: next.offset + Number(imm) * INSTRUCTION }
      const inner = this.function(to.section, to.offset, store.forCall(), depth + 1)
      for (const format of inner.formats.values()) counts.add(format)
      counts.grow(inner.total)
      store.afterCall(true)
      return
    }
    const helper = src === TO_HELPER ? Number(imm) : -1
    if (helper === HELPER.tailCall) throw new Unknown()
    if (PRINTERS.has(helper)) {
      counts.add({ ...store.text(1, this.#object.constants), least: 1, most: 1 })
      counts.grow({ least: 1, most: 1 })
    }
    store.afterCall(!READERS.has(helper))
  }
}

function messagesOf(object: BpfCode, { name, section, at }: ProgramStart): ProgramMessages | undefined {
  try {
    const { formats, total } = new Walk(object).function(at.section, at.offset, new Store(), 0)
    return { program: name, section, least: total.least, most: total.most, formats: [...formats.values()] }
  } catch (error) {
    if (error instanceof Unknown) return undefined
    throw error
  }
}

/**
 * Each program of an object of which it is known. @throws ElfError
 */
export function printedMessages(file: Buffer): ProgramMessages[] {
  const object = readBpfCode(file)
  return object.programs.flatMap((program) => messagesOf(object, program) ?? [])
}
