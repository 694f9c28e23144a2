/**
 * Splats in a kernel log, line by line in bounded memory: what kind, which function, where, and its first lines. Text
 * in, facts out; what a run makes of them is the caller's.
 */
import type { SplatKind } from './kinds.ts'
import { logLine, type LogLine } from './line.ts'
import { MACHINERY, SPLAT_RULES, type Place, type SplatRule } from './rules.ts'

export interface Splat {
  readonly kind: SplatKind
  /** Its first line, without the prefix. */
  readonly what: string
  /** The function that it is about, where the report has one. */
  readonly function?: string
  readonly module?: string
  /** "lib/iov_iter.c:145", where scripts/decode_stacktrace.sh has put lines into the report. */
  readonly source?: string
  /** Number of its first line, from 1. */
  readonly line: number
  /** Seconds since boot, as printed. */
  readonly at?: string
  /** Flags of the kernel before it: "G        W". */
  readonly tainted?: string
  /** The first lines that say something, without their prefix. */
  readonly lines: readonly string[]
}

/** Lines of a report that are looked at for its function, lines that are kept of it, and reports of one log. */
const LONGEST = 150
const KEPT_LINES = 8
const MOST_SPLATS = 200
/** A line that continues a report stands so close below its beginning. */
const CLOSE = 25
/** Seconds: a line that comes later than this belongs to something else. A slow console makes a report long. */
const LONGEST_TIME = 10
/** A message that belongs to a report is between "cut here" and its first line. */
const MESSAGE_LINES = 3

const CUT_HERE = /^-+\[ cut here \]-+$/
const END = /^---\[ end (?:trace|Kernel panic)/
/** Registers, rulers, lists of modules: nothing to show first. */
const DULL =
  /^(?:$|=+$|-+$|Modules linked in|Hardware name|R[A-Z0-9]{2}: |RSP: |EFLAGS|[CFDG]S: |CR\d: |DR\d: |Code: |PGD |PKRU|PMU|-+\[ )/

const RIP =
  /^RIP: [0-9a-f]{4}:(?:\[<[0-9a-f]+>\] +(?:\[<[0-9a-f]+>\] +)?)?([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[([\w-]+)[^\]]*\])?/
/**
 * x86 up to 4.9 "IP: [<...>] f+0x..", arm "PC is at f+0x..", arm64 "pc : f+0x..", mips and riscv "epc : [addr] f+0x..",
 * powerpc "NIP [addr] f+0x..".
 */
const PC =
  /^(?:IP:|PC is at|pc\s*:|epc\s*:|NIP) +(?:\[?<?[0-9a-f]{8,16}>?\]? +)?([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[([\w-]+)[^\]]*\])?/
const FRAME = /^\s+(?:\[<[0-9a-f]+>\] +)?([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[([\w-]+)[^\]]*\])?/
/**
 * Both after scripts/decode_stacktrace.sh, which puts files and lines in the place of offsets: "copyout
 * (lib/iov_iter.c:145) module".
 */
const SOURCE = String.raw` \((\S+\.(?:[chS]|rs):\d+)(?: .*)?\)`
const DECODED_RIP = new RegExp(String.raw`^RIP: [0-9a-f]{4}:([A-Za-z_][\w.]*)${SOURCE}(?: ([\w-]+))?\s*$`)
const DECODED_FRAME = new RegExp(String.raw`^\s*([A-Za-z_][\w.]*)${SOURCE}(?: ([\w-]+))?\s*$`)
const LOCK = /, at: (?:\[<[0-9a-f]+>\] +)?([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[([\w-]+)[^\]]*\])?/
const CALLER = /^caller is ([A-Za-z_][\w.]*)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[([\w-]+)[^\]]*\])?/
const TAINTED = /^CPU: .* Tainted: ([A-Z ]+?)(?=\s+[\d(]|\s*$)/

interface Symbol {
  readonly function: string
  readonly module: string | undefined
  readonly source?: string
}

/** gcc and clang put a suffix behind the names of parts and clones: ".cold", ".isra.0". */
const symbolOf = (name: string, module: string | undefined): Symbol => ({ function: name.replace(/\..*$/, ''), module })

interface Begun {
  readonly rule: SplatRule
  readonly what: string
  readonly line: number
  readonly at: string | undefined
  readonly places: Map<Place, Symbol>
  readonly lines: string[]
  tainted: string | undefined
}

export class SplatReader {
  readonly #found: Splat[] = []
  #begun: Begun | undefined
  /** Since "cut here": the line of it, and what followed. */
  #cut: { readonly line: number; readonly lines: string[] } | undefined
  #number = 0
  /** Further splats, which are only counted. */
  more = 0

  /** The next line of the log, without its end. @param number from 1, where lines are left out in between */
  feed(line: string, number = this.#number + 1): void {
    this.#number = number
    const logged = logLine(line)
    if (logged.by === 'program') return
    const { text } = logged
    if (CUT_HERE.test(text)) {
      // A list that is corrupted says so before "cut here": what comes next decides whether that report has ended.
      this.#cut = { line: number, lines: [] }
      return
    }
    const rule = ruleFor(text, logged.by === 'kernel')
    if (rule !== undefined && !this.#continues(rule)) this.#begin(rule, text, logged.at)
    else this.#look(text, logged.at)
    if (this.#cut && this.#cut.lines.length < MESSAGE_LINES) this.#cut.lines.push(text)
  }

  /** It is in the middle of a report: the next line may belong to it, whatever it says. */
  get isOpen(): boolean {
    return this.#begun !== undefined || this.#cut !== undefined
  }

  /** All splats, in the order of the log. */
  end(): readonly Splat[] {
    this.#close()
    return this.#found
  }

  #continues({ continues = [] }: SplatRule): boolean {
    const begun = this.#begun
    return begun !== undefined && this.#number - begun.line <= CLOSE && continues.includes(begun.rule.kind)
  }

  #begin(rule: SplatRule, text: string, at: LogLine['at']): void {
    this.#close()
    const { function: name, module } = rule.pattern.exec(text)?.groups ?? {}
    const places = new Map<Place, Symbol>()
    if (name !== undefined) places.set('line', symbolOf(name, module))
    const message = this.#cut && this.#number - this.#cut.line <= MESSAGE_LINES ? this.#cut.lines : []
    const lines = [...message.filter((line) => !DULL.test(line)), text]
    this.#begun = { rule, what: text, line: this.#number, at, places, lines, tainted: undefined }
    this.#cut = undefined
  }

  /** A line inside a report. */
  #look(text: string, at: LogLine['at']): void {
    const begun = this.#begun
    if (begun === undefined) return
    const late = at !== undefined && begun.at !== undefined && Number(at) - Number(begun.at) > LONGEST_TIME
    if (END.test(text) || late || this.#number - begun.line > LONGEST) return this.#close()
    if (begun.lines.length < KEPT_LINES && !DULL.test(text)) begun.lines.push(text)
    begun.tainted ??= TAINTED.exec(text)?.[1]
    for (const [place, pattern] of PLACES) {
      const match = begun.places.has(place) ? null : pattern.exec(text)
      if (match && !MACHINERY.test(match[1] ?? '')) begun.places.set(place, symbolOf(match[1] ?? '', match[2]))
    }
    for (const [place, pattern] of DECODED) {
      const [, name = '', source = '', module] = (begun.places.has(place) ? null : pattern.exec(text)) ?? []
      if (name !== '' && !MACHINERY.test(name)) begun.places.set(place, { ...symbolOf(name, module), source })
    }
  }

  #close(): void {
    const begun = this.#begun
    this.#begun = undefined
    if (begun === undefined) return
    if (this.#found.length >= MOST_SPLATS) {
      this.more++
      return
    }
    const { rule, what, line, at, places, lines, tainted } = begun
    const place = rule.where.find((one) => places.has(one))
    const symbol = place && places.get(place)
    this.#found.push({
      kind: rule.kind,
      what,
      line,
      lines,
      ...(symbol && { function: symbol.function }),
      ...(symbol?.module !== undefined && { module: symbol.module }),
      ...(symbol?.source !== undefined && { source: symbol.source }),
      ...(at !== undefined && { at }),
      ...(tainted !== undefined && { tainted }),
    })
  }
}

const PLACES: readonly (readonly [Place, RegExp])[] = [
  ['rip', RIP],
  ['rip', PC],
  ['lock', LOCK],
  ['caller', CALLER],
  ['trace', FRAME],
]

const DECODED: readonly (readonly [Place, RegExp])[] = [
  ['rip', DECODED_RIP],
  ['trace', DECODED_FRAME],
]

const ruleFor = (text: string, kernel: boolean): SplatRule | undefined =>
  SPLAT_RULES.find(
    ({ needle, pattern, onlyKernel }) => text.includes(needle) && pattern.test(text) && (onlyKernel !== true || kernel),
  )

/** Splats of a text that is in memory anyway. */
export function findSplats(text: string): readonly Splat[] {
  const reader = new SplatReader()
  for (const line of text.split('\n')) reader.feed(line)
  return reader.end()
}
