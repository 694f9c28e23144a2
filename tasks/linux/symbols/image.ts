/** The facts of a built kernel: symbols and tables of its vmlinux. Bytes in, facts out. */
import { Dwarf, type InlineSite } from '../objects/dwarf.ts'
import {
  cString,
  ElfError,
  sectionBytes,
  sectionTable,
  SYMBOL_SIZE,
  type Read,
  type SectionHeader,
} from '../objects/elf.ts'
import type { Address, KernelFacts, Place, Refusal } from './facts.ts'
import { SortedAddresses } from './ranges.ts'

interface Raw {
  readonly name: string
  readonly address: Address
  readonly size: number
  readonly type: string
}

const STB_LOCAL = 0
const STB_WEAK = 2
/** Section and file names are symbols too, and no functions. */
const STT_SECTION = 3
const STT_FILE = 4
const HIGH = 0xffffffff

/** nm's letter of a symbol in code. */
const letterOf = (binding: number): string => (binding === STB_LOCAL ? 't' : binding === STB_WEAK ? 'W' : 'T')

interface Symbols {
  readonly code: ReadonlyMap<string, readonly Raw[]>
  /** Name of a variable -> its addresses. */
  readonly data: ReadonlyMap<string, readonly Address[]>
}

/** One more of a name; most names stand for one thing, and a kernel has 60,000 of them. */
function add<T>(map: Map<string, T[]>, name: string, one: T): void {
  const known = map.get(name)
  if (known) known.push(one)
  else map.set(name, [one])
}

function readSymbols(read: Read, sections: readonly SectionHeader[]): Symbols {
  const find = (name: string) => {
    const section = sections.find((header) => header.name === name)
    return section ? sectionBytes(read, section) : Buffer.alloc(0)
  }
  const [table, strings] = [find('.symtab'), find('.strtab')]
  const isCode = sections.map(({ code }) => code)
  const code = new Map<string, Raw[]>()
  const data = new Map<string, Address[]>()
  for (let at = 0; at + SYMBOL_SIZE <= table.length; at += SYMBOL_SIZE) {
    const offset = table.readUInt32LE(at)
    const info = table[at + 4] ?? 0
    // Addresses of per-CPU variables and absolute numbers are small: what is wanted is in the kernel's mapping.
    if (offset === 0 || table.readUInt32LE(at + 12) !== HIGH || (info & 15) === STT_SECTION || (info & 15) === STT_FILE)
      continue
    const name = strings.toString('latin1', offset, strings.indexOf(0, offset))
    const address = table.readUInt32LE(at + 8)
    if (isCode[table.readUInt16LE(at + 6)] === true)
      add(code, name, { name, address, size: table.readUInt32LE(at + 16), type: letterOf(info >> 4) })
    else add(data, name, address)
  }
  return { code, data }
}

/** Memory of the kernel as the linker made it, by address. */
class Memory {
  readonly #read: Read
  readonly #sections: readonly { readonly start: Address; readonly header: SectionHeader }[]

  constructor(read: Read, sections: readonly SectionHeader[]) {
    this.#read = read
    this.#sections = sections.flatMap((header) =>
      header.size > 0 && header.address >> 32n === BigInt(HIGH)
        ? [{ start: Number(header.address & 0xffffffffn), header }]
        : [],
    )
  }

  /** Fewer bytes where the section ends; none where nothing is. */
  at(address: Address, size: number): Buffer {
    const found = this.#sections.find(({ start, header }) => start <= address && address < start + header.size)
    if (!found) return Buffer.alloc(0)
    const from = address - found.start
    return this.#read(found.header.offset + from, Math.max(0, Math.min(size, found.header.size - from)))
  }

  /** 64-bit pointers into the kernel in a range, as addresses; others are left out. */
  pointers(from: Address | undefined, to: Address | undefined): Address[] {
    if (from === undefined || to === undefined || to <= from) return []
    const bytes = this.at(from, to - from)
    const found: Address[] = []
    for (let at = 0; at + 8 <= bytes.length; at += 8)
      if (bytes.readUInt32LE(at + 4) === HIGH) found.push(bytes.readUInt32LE(at))
    return found
  }

  pointer(address: Address): Address | undefined {
    return this.pointers(address, address + 8)[0]
  }

  text(address: Address): string {
    return cString(Buffer.concat([this.at(address, 128), Buffer.alloc(1)]), 0)
  }
}

/** Ranges that kprobes refuse, by the symbols at their ends (include/asm-generic/vmlinux.lds.h), and what they are. */
const RANGES: readonly (readonly [from: string, to: string, refused: Refusal, why: string])[] = [
  ['__kprobes_text_start', '__kprobes_text_end', 'blacklist', 'in .kprobes.text (__kprobes)'],
  ['__noinstr_text_start', '__noinstr_text_end', 'blacklist', 'in .noinstr.text (noinstr)'],
  ['__entry_text_start', '__entry_text_end', 'blacklist', 'in .entry.text'],
  ['_sinittext', '_einittext', 'init', 'in .init.text (__init)'],
]

/**
 * Struct trace_event_call (include/linux/trace_events.h): a list head, then its class, whose first member is the name
 * of the group.
 */
const EVENT_CLASS = 16

/** More than any x86-64 kernel has; what follows the table leads to no wrapper. */
const MOST_SYSTEM_CALLS = 1024

/** What the kernel calls an event whose `struct trace_event_call` has this symbol. */
function eventName(symbol: string): string | undefined {
  const syscall = /^event_(enter|exit)__(\w+)$/.exec(symbol)
  if (syscall) return `sys_${syscall[1]}_${syscall[2]}`
  return /^event_(\w+)$/.exec(symbol)?.[1]
}

class Image implements KernelFacts {
  readonly from = 'vmlinux'
  readonly release: string
  readonly config: ReadonlyMap<string, string>
  readonly exported: ReadonlyMap<string, string>
  readonly events: ReadonlySet<string>
  readonly tracepoints: ReadonlySet<string>
  readonly refusesAmbiguous: boolean
  readonly listsData = true
  readonly #memory: Memory
  readonly #debug: () => Dwarf
  #names: ReadonlySet<string> | undefined
  readonly #code: Symbols['code']
  readonly #data: Symbols['data']
  readonly #traced: SortedAddresses
  readonly #starts: SortedAddresses
  readonly #listed: ReadonlySet<Address>
  readonly #rewritten: ReadonlyMap<Address, string>

  constructor(read: Read, { release, config, exported }: Pick<KernelFacts, 'release' | 'config' | 'exported'>) {
    const sections = sectionTable(read)
    this.#memory = new Memory(read, sections)
    let debug: Dwarf | undefined
    this.#debug = () => (debug ??= new Dwarf(read, sections))
    ;[this.release, this.config, this.exported] = [release, config, exported]
    const { code, data } = readSymbols(read, sections)
    ;[this.#code, this.#data] = [code, data]
    this.#starts = new SortedAddresses([...this.#code.values()].flatMap((all) => all.map(({ address }) => address)))
    this.#traced = new SortedAddresses(this.#table('mcount_loc'))
    this.#listed = new Set(this.#table('kprobe_blacklist'))
    this.#rewritten = this.#rewrittenPlaces()
    this.events = this.#eventNames()
    this.tracepoints = new Set(
      [...this.#data.keys()].flatMap((name) => /^__tracepoint_(\w+)$/.exec(name)?.slice(1) ?? []),
    )
    this.refusesAmbiguous = this.#code.has('count_symbols')
  }

  /**
   * An address by the symbol that is there. The linker's own symbols at the ends of tables may count as code or as
   * data.
   */
  #address(name: string): Address | undefined {
    return this.#data.get(name)?.[0] ?? this.#code.get(name)?.[0]?.address
  }

  #table(name: string): Address[] {
    return this.#memory.pointers(this.#address(`__start_${name}`), this.#address(`__stop_${name}`))
  }

  /** System calls in sys_call_table: fstat and uname have wrappers that no number leads to. */
  #systemCalls(): Set<string> {
    const start = this.#address('sys_call_table')
    const wrappers = new Map<Address, string[]>()
    for (const [name, [raw]] of this.#code) {
      const short = /^(?:__x64_)?sys_(\w+)$/.exec(name)?.[1]
      if (short !== undefined && short !== 'ni_syscall' && raw)
        wrappers.set(raw.address, [...(wrappers.get(raw.address) ?? []), short])
    }
    const table = start === undefined ? [] : this.#memory.pointers(start, start + 8 * MOST_SYSTEM_CALLS)
    return new Set(table.flatMap((address) => wrappers.get(address) ?? []))
  }

  #eventNames(): Set<string> {
    const byAddress = new Map<Address, string>()
    for (const [name, addresses] of this.#data)
      if (name.startsWith('event_')) for (const address of addresses) byAddress.set(address, name)
    const groups = new Map<Address, string>()
    const events = new Set<string>()
    const numbered = this.#systemCalls()
    for (const address of this.#table('ftrace_events')) {
      const event = eventName(byAddress.get(address) ?? '')
      const type = this.#memory.pointer(address + EVENT_CLASS)
      if (event === undefined || type === undefined) continue
      const group = groups.get(type) ?? this.#memory.text(this.#memory.pointer(type) ?? 0)
      groups.set(type, group)
      // What tracers write themselves (group ftrace) cannot be switched on, and system calls without a number have no
      // events.
      if (group !== 'ftrace' && (group !== 'syscalls' || numbered.has(event.replace(/^sys_(?:enter|exit)_/, ''))))
        events.add(`${group}:${event}`)
    }
    return events
  }

  /**
   * Places that the kernel itself rewrites, and BUG()s: kprobes keep away from them. Entries hold the distance from
   * themselves, in 32 bits (jump labels since 4.20, BUGs since 2.6.3x on x86-64, static calls always).
   */
  #rewrittenPlaces(): Map<Address, string> {
    const found = new Map<Address, string>()
    const relative = (name: string, [from, to]: readonly [string, string], size: number) => {
      const [start, end] = [this.#address(from), this.#address(to)]
      const bytes = start === undefined || end === undefined ? Buffer.alloc(0) : this.#memory.at(start, end - start)
      for (let at = 0; at + size <= bytes.length; at += size)
        found.set(((start ?? 0) + at + bytes.readInt32LE(at)) >>> 0, name)
    }
    relative('a jump label', ['__start___jump_table', '__stop___jump_table'], 16)
    relative('a static call', ['__start_static_call_sites', '__stop_static_call_sites'], 8)
    relative('a BUG()', ['__start___bug_table', '__stop___bug_table'], 12)
    return found
  }

  /**
   * ftrace has a place in the function, which to the kernel ends where the next symbol begins (kallsyms knows no
   * sizes). A weak function that another one replaces leaves its code there without a name: then the function before it
   * counts as traceable, and is no notrace.
   */
  #traceable({ address, size }: Raw): boolean {
    return this.#traced.within(address, this.#starts.from(address + 1) ?? address + Math.max(size, 1))
  }

  #refusal({ address }: Raw): Pick<Place, 'refused' | 'why'> {
    for (const [from, to, refused, why] of RANGES) {
      const [start, end] = [this.#address(from), this.#address(to)]
      if (start !== undefined && end !== undefined && start <= address && address < end) return { refused, why }
    }
    if (this.#listed.has(address)) return { refused: 'blacklist', why: 'in _kprobe_blacklist (NOKPROBE_SYMBOL)' }
    const end = this.#address('_etext')
    if (end !== undefined && address >= end) return { refused: 'init', why: 'outside of the text that stays' }
    const rewritten = this.#rewritten.get(address)
    return rewritten === undefined ? {} : { refused: 'rewritten', why: `it begins with ${rewritten}` }
  }

  inlineSites(name: string, files: readonly string[]): readonly InlineSite[] {
    try {
      return this.#debug().sites(name, files)
    } catch (error) {
      // Of another producer, or damaged: then the callers are those of the source.
      if (error instanceof ElfError || error instanceof RangeError) return []
      throw error
    }
  }

  functions(): ReadonlySet<string> {
    this.#names ??= new Set(this.#code.keys())
    return this.#names
  }

  places(name: string): readonly Place[] {
    return (this.#code.get(name) ?? []).map((raw) => ({
      address: raw.address,
      type: raw.type,
      traceable: this.#traceable(raw),
      ...this.#refusal(raw),
    }))
  }

  count(name: string): number {
    return (this.#code.get(name)?.length ?? 0) + (this.#data.get(name)?.length ?? 0)
  }

  isData(name: string): boolean {
    return this.#data.has(name)
  }
}

/** @param read bytes of vmlinux @throws ElfError */
export const factsOfImage = (
  read: Read,
  more: Pick<KernelFacts, 'release' | 'config' | 'exported'>,
): KernelFacts & { readonly events: ReadonlySet<string> } => new Image(read, more)
