/**
 * Finds rejections in verifier logs that are in the middle of any other text, line by line and in bounded memory.
 * What is between the last instruction and "processed" is the reason, whatever it says; where a log has no such
 * end, only messages that are known count.
 */
import { kindOf, messageNeedles } from './kinds/index.ts'
import { isEarlyNoise, isPlain, Prefix, readLine, withoutPrefix, type VerifierLine } from './line.ts'
import { Registers } from './registers.ts'

export interface Instruction {
  readonly index: number
  /** Hexadecimal: "79". */
  readonly code: string
  readonly text: string
  /** Line in the text, from 1. */
  readonly line: number
}

/** A program that the verifier refused, as far as the text shows it. */
export interface Rejection {
  /** What is between the last instruction and the end, each line once. Not empty. */
  readonly messages: readonly string[]
  readonly last: Instruction | undefined
  /** Text of the C line, and "file.c:12" where the kernel prints it (6.8 and later). */
  readonly sourceLine: string | undefined
  readonly source: string | undefined
  readonly registers: Registers
  /** How many instructions the log has. */
  readonly instructions: number
  /** The report in words of 7.3, by heading: Reason, At, Suggestion. */
  readonly report: ReadonlyMap<string, string>
  /** Line in the text, from 1, where it is to be looked at. */
  readonly line: number
}

/** A program that the verifier took: the log ends behind an instruction. */
export interface Acceptance {
  readonly instructions: number
  readonly line: number
}

export interface Handlers {
  readonly rejected: (rejection: Rejection) => void
  readonly accepted?: (acceptance: Acceptance) => void
}

/** Lines of text behind an instruction, after which it is no longer a log. */
const MOST_TEXT = 12
const MOST_MESSAGES = 4
/** A structured logger closes the quotes there, and more keys follow. */
const OMITTED = /\s*\((?:truncated, )?\d+ line\(s\) omitted\)(?:["'`.\\].*)?\s*$/
/** A loader's own words, before the verifier's on the same line. */
const INTRODUCTION =
  /(?:[Vv]erifier (?:output|log|error)|permission denied|invalid argument|argument list too long|no space left on device|operation not permitted|bad address|bad file descriptor|[Ll]oad program):\s+/g
/**
 * Whether a line may be joined, or introduced by a loader's words: looked at in each line of any text, so without a
 * pattern.
 */
const isJoined = (line: string): boolean =>
  line.includes('line(s) omitted)') ||
  (line.includes('erifier ') && /erifier (?:output|log|error):/.test(line)) ||
  line.includes('ermission denied: ') ||
  line.includes('nvalid argument: ') ||
  line.includes('list too long: ') ||
  line.includes('ad file descriptor: ')
/** Quotes and commas that a logger or a forum puts behind a message. */
const TRAILING = /[",`]+$/

interface Open {
  readonly registers: Registers
  readonly start: number
  instructions: number
  /** The loader or the kernel marks the end of the log. */
  marked: boolean
  blanks: number
  last: Instruction | undefined
  sourceLine: string | undefined
  source: string | undefined
  /** Messages from before the first instruction that usually have no consequence. */
  early: string[]
  /** Text since the last instruction. */
  text: { readonly text: string; readonly known: boolean; readonly afterBlank: boolean }[]
  blank: boolean
  readonly report: Map<string, string>
  heading: string | undefined
}

export class VerifierLogs {
  readonly #handlers: Handlers
  readonly #prefix = new Prefix()
  #open: Open | undefined
  /** The last line of C, for a log that begins with it. */
  #source: { readonly text: string; readonly place: string | undefined; readonly line: number } | undefined

  constructor(handlers: Handlers) {
    this.#handlers = handlers
  }

  /** The next line of the text; `number` from 1. */
  feed(line: string, number: number): void {
    if (this.#open !== undefined && isPlain(line) && !line.includes('omitted)') && !line.includes('\\n')) {
      this.#prefix.forget()
      return this.#take(readLine(line), number, line)
    }
    if (line.includes('\\n') && /\d+: \([0-9a-f]{2}\) |processed \d+ insns|R\d+ /.test(line)) {
      for (const part of line.split(/\\n/)) this.#line(part.replaceAll(/\\(?=["'])|\\t/g, ''), number)
      return
    }
    this.#line(line, number)
  }

  /** It is in the middle of a log, or right behind a line of C: the next line may belong to it, whatever it says. */
  get isOpen(): boolean {
    return this.#open !== undefined || this.#source !== undefined
  }

  /** The text is over. */
  end(): void {
    this.#finish(false)
  }

  /** The text is over, and it was one log and nothing else. */
  endOfLog(): void {
    this.#finish(true)
  }

  #line(line: string, number: number): void {
    if (this.#open === undefined && !mayBegin(line)) {
      this.#source = undefined
      return
    }
    if (isJoined(line)) return this.#joined(line, number)
    const text = this.#prefix.strip(line)
    this.#take(readLine(text), number, line)
  }

  /** The end of a log on one line, its lines joined with ": ", or its first line behind a loader's words. */
  #joined(line: string, number: number): void {
    const omitted = OMITTED.test(line)
    const bare = line.replace(OMITTED, '')
    let start = 0
    for (const match of bare.matchAll(INTRODUCTION)) start = match.index + match[0].length
    const inside = /(?:^|[\s"'])(?=\d+: \([0-9a-f]{2}\) )/.exec(bare)
    const rest = bare.slice(inside ? inside.index + inside[0].length : start)
    const read = readLine(withoutPrefix(rest))
    if (omitted || read.kind === 'instruction') this.#finish(false)
    // What a loader's words introduce is a log, also when it begins with a message that is not known.
    if (omitted) this.#open = newLog(number)
    if (read.kind === 'text') for (const text of messagesIn(read.text)) this.#text(text, number)
    else this.#take(read, number, rest)
    if (omitted) this.#finish(true)
  }

  #take(line: VerifierLine, number: number, raw: string): void {
    const log = this.#open
    if (log?.heading !== undefined) return this.#inReport(log, line, number, raw)
    switch (line.kind) {
      case 'instruction':
        return this.#instruction(line, number)
      case 'state':
        return this.#state(line, number)
      case 'source':
        return this.#sourceLine(line, number)
      case 'begin':
        this.#finish(false)
        this.#open = newLog(number)
        this.#open.marked = true
        return
      case 'end':
        return this.#finish(true, line.processed)
      case 'blank':
        if (log) log.blank = true
        return
      case 'report':
        if (log) {
          log.heading = 'Verification failed'
          log.report.set(log.heading, line.text)
        }
        return
      case 'text':
        return this.#text(line.text, number)
      case 'noise':
        return
    }
  }

  #instruction(line: Extract<VerifierLine, { kind: 'instruction' }>, number: number): void {
    const known = this.#open?.text.some((text) => text.known) ?? false
    if (this.#open && (line.index === 0 || known) && this.#open.instructions + this.#open.text.length > 0)
      this.#finish(false)
    const log = (this.#open ??= newLog(number))
    if (log.instructions === 0 && line.index !== 0) log.registers.forget()
    log.instructions++
    if (log.blank) log.blanks++
    log.blank = false
    log.text = []
    if (this.#source) {
      log.sourceLine = this.#source.text
      log.source = this.#source.place ?? log.source
      this.#source = undefined
    }
    log.last = { index: line.index, code: line.code, text: line.text, line: number }
    log.registers.follow(line.text, line.index)
    if (line.state !== undefined) log.registers.readAfter(line.state)
    if (line.rest !== undefined) this.#rest(line.rest, number)
  }

  /** What a loader joined to an instruction with ": ": its states where the log was cut, or what comes after it. */
  #rest(rest: string, number: number): void {
    const read = readLine(rest)
    if (read.kind === 'state') this.#state(read, number)
    else for (const text of messagesIn(rest)) this.#text(text, number)
  }

  #state(line: Extract<VerifierLine, { kind: 'state' }>, number: number): void {
    // The state before instruction 0 begins a log; so a log that ended without "processed" is over.
    if (line.at === 0 && line.from === undefined && this.#open && this.#open.instructions > 0) this.#finish(false)
    const log = (this.#open ??= newLog(number))
    if (line.from !== undefined) log.registers.resume(line.from)
    log.registers.read(line.text)
    log.blank = false
  }

  #sourceLine(line: Extract<VerifierLine, { kind: 'source' }>, number: number): void {
    this.#source = { text: line.text, place: line.place, line: number }
  }

  #text(raw: string, number: number): void {
    const text = raw.replace(TRAILING, '')
    const log = this.#open
    const known = kindOf(text, log !== undefined && log.instructions > 0) !== undefined
    if (log === undefined) {
      if (isEarlyNoise(text)) {
        if (kindOf(text, true) === undefined) return
        this.#open = newLog(number)
        this.#open.early.push(text)
        return
      }
      if (!known) return
      this.#open = newLog(number)
      this.#open.text.push({ text, known, afterBlank: false })
      return
    }
    if (log.instructions === 0 && isEarlyNoise(text)) {
      if (log.early.length < MOST_MESSAGES && kindOf(text, true) !== undefined) log.early.push(text)
      return
    }
    // A log has no empty lines before its reason, unless somebody has put one between all of its lines.
    const afterBlank = log.blank && log.blanks < 2
    log.blank = false
    if ((afterBlank && !known && !log.marked) || log.text.length >= MOST_TEXT) return this.#finish(false)
    log.text.push({ text, known, afterBlank })
  }

  /** Headings stand alone with a colon, their text below them, indented. */
  #inReport(log: Open, line: VerifierLine, number: number, raw: string): void {
    if (line.kind === 'end') return this.#finish(true)
    const text = raw.trim()
    const heading = /^(\w[\w ]*):$/.exec(text)?.[1]
    if (heading !== undefined) log.heading = heading
    else if (/^\s+\S/.test(raw)) {
      const name = log.heading ?? ''
      if (log.report.size < 10 && !log.report.has(name)) log.report.set(name, text)
    } else if (text !== '') {
      this.#finish(true)
      this.#take(line, number, raw)
    }
  }

  /** `bounded`: the log's end was there, so that all of the text before it is the verifier's. */
  #finish(bounded: boolean, processed?: number): void {
    const log = this.#open
    this.#open = undefined
    this.#source = undefined
    this.#prefix.forget()
    if (!log) return
    const lastKnown = log.text.findLastIndex(({ known }) => known)
    const after = log.text.slice(0, bounded ? undefined : lastKnown + 1).map(({ text }) => text)
    // A program of which not one instruction was looked at failed in the checks before: their message is the reason.
    const reasons = after.length === 0 && processed === 0 && log.instructions === 0 ? log.early : after
    if (reasons.length > 0)
      this.#handlers.rejected({
        messages: [...new Set(reasons)].slice(0, MOST_MESSAGES),
        last: log.last,
        sourceLine: log.sourceLine,
        source: log.source,
        registers: log.registers,
        instructions: log.instructions,
        report: log.report,
        line: log.last?.line ?? log.start,
      })
    else if (bounded && log.last !== undefined)
      this.#handlers.accepted?.({ instructions: log.instructions, line: log.last.line })
  }
}

const newLog = (start: number): Open => ({
  registers: new Registers(),
  start,
  instructions: 0,
  early: [],
  marked: false,
  blanks: 0,
  last: undefined,
  sourceLine: undefined,
  source: undefined,
  text: [],
  blank: false,
  report: new Map(),
  heading: undefined,
})

/**
 * Messages that a loader joined with ": ", which messages may have inside too: a known one is taken as long as it is;
 * what is not known stays whole.
 */
function messagesIn(joined: string): string[] {
  const parts = joined.split(': ')
  const messages: string[] = []
  for (let from = 0; from < parts.length;) {
    let to = parts.length
    while (to > from && kindOf(parts.slice(from, to).join(': '), true) === undefined) to--
    if (to === from) to = parts.length
    messages.push(parts.slice(from, to).join(': '))
    from = to
  }
  return messages
}

/** What a line has that can begin a log, if it does not begin with a message that is known. */
const BEGINNINGS = [': (', 'R10=', '-- BEGIN', 'BEGIN PROG', '; ']
const JOINED = [
  'line(s) omitted)',
  'erifier output:',
  'erifier log:',
  'erifier error:',
  'ermission denied: ',
  'nvalid argument: ',
  'list too long: ',
  'ad file descriptor: ',
  'processed ',
]
/** A line without one of these begins no log: the beginnings, and what each message has in common with its format. */
export const logNeedles = (): readonly string[] => [...BEGINNINGS, ...JOINED, ...messageNeedles()]

/** Whether a line can begin a log: cheap, since it is asked of every line of any text. */
function mayBegin(line: string): boolean {
  if (BEGINNINGS.some((text) => line.includes(text)) || isJoined(line)) return true
  const text = withoutPrefix(line)
  return kindOf(text.replace(TRAILING, '')) !== undefined
}
