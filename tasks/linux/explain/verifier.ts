/**
 * Verifier logs in the middle of other text. A loader may print the same log twice: the same message at the same instruction is one
 * finding. Only messages that the verifier is known to print count: a log that is cut off in the middle says nothing.
 */
import { INSTRUCTION, REPORT, SOURCE, STATISTICS, reasonOf } from './verifier-log.ts'
import { argumentAt } from '../c/pt-regs.ts'
import type { Findings, Reader } from './finding.ts'

/** How a message begins (kernel/bpf/verifier.c of 4.15 to 6.12). */
const MESSAGE =
  /^(?:R\d+ (?:invalid mem access '|!read_ok|(?:min|max) value is |unbounded memory access|type=\S+ expected=|leaks addr|has (?:unknown|invalid)|pointer (?:arithmetic|comparison))|invalid (?:access to (?:map value|packet|stack)|(?:indirect )?(?:read from|access to) stack|bpf_context access|indirect read from|stack (?:off|type)|mem access)|unknown func \w+#\d+|program of this type cannot use helper|back-edge from insn|infinite loop detected|BPF program is too (?:large|complex)|combined stack size|The sequence of \d+ jumps is too complex|too many (?:different maps|states|subprograms|kernel functions)|unreachable insn|dereference of modified|cannot pass map_type)/
const INSTRUCTION_START = /^\d+: \([0-9a-f]{2}\) /
/** "err=13" of the kernel's own loader, "(errno 13)", libbpf's "failed to load: -13". */
const ERRNO =
  /\bbpf_load_program\(\) err=(\d+)|\bloading BPF program \(errno (\d+)\)|failed to load(?: object)?: ?-(\d+)/
/** `r3 = *(u64 *)(r1 +112)`: an argument of a probed function comes out of its registers. */
const LOAD = /^(r\d+) = \*\(u64 \*\)\((r\d+) \+(\d+)\)/
const COPY = /^(r\d+) = (r\d+)\b/
const WIDTHS = /value_size=(\d+) off=(-?\d+) size=(\d+)/

interface Log {
  readonly start: number
  instructions: number
  last: { readonly index: number; readonly text: string; readonly line: number } | undefined
  /** Registers that hold the context, and what the others were loaded from: byte offsets in the context. */
  readonly context: Set<string>
  readonly loaded: Map<string, number>
  sourceLine: string | undefined
  source: string | undefined
  readonly messages: string[]
  end: number
  errno: number | undefined
  /** What the report of 7.3 says: Reason and Suggestion. */
  readonly report: Map<string, string>
  heading: string | undefined
}

const newLog = (line: number): Log => ({
  start: line,
  end: line,
  instructions: 0,
  last: undefined,
  context: new Set(['r1']),
  loaded: new Map(),
  sourceLine: undefined,
  source: undefined,
  messages: [],
  errno: undefined,
  report: new Map(),
  heading: undefined,
})

function follow(log: Log, text: string): void {
  const load = LOAD.exec(text)
  const copy = COPY.exec(text)
  const target = /^(r\d+) /.exec(text)?.[1] ?? ''
  const fromContext = load !== null && log.context.has(load[2] ?? '')
  const isContext = copy !== null && log.context.has(copy[2] ?? '')
  const offset = copy ? log.loaded.get(copy[2] ?? '') : undefined
  log.context.delete(target)
  log.loaded.delete(target)
  if (isContext) log.context.add(target)
  if (fromContext) log.loaded.set(target, Number(load[3]))
  else if (offset !== undefined) log.loaded.set(target, offset)
}

/** What the numbers of a message say beyond its general meaning. */
function detail(log: Log, message: string): string {
  const widths = WIDTHS.exec(message)
  if (widths) {
    const [size = 0, offset = 0, width = 0] = widths.slice(1).map(Number)
    return offset === 0 && width > size
      ? `: ${width} bytes of a value of ${size}, so the pointer's type is wider than value_size`
      : `: ${width} bytes at offset ${offset} of a value of ${size}`
  }
  const register = /^R(\d+) invalid mem access '(?:inv|scalar)'/.exec(message)?.[1]
  const offset = register === undefined ? undefined : log.loaded.get(`r${register}`)
  const argument = offset === undefined ? undefined : argumentAt(offset)
  return argument === undefined ? '' : `. r${register} came from offset ${offset} of the context: ${argument}`
}

export class VerifierLogs implements Reader {
  readonly #findings: Findings
  #log: Log | undefined
  #errno: number | undefined
  /** A line of the source before the first instruction. */
  #source: RegExpExecArray | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  readonly feed = (raw: string, number: number): void => {
    const line = raw.trimEnd()
    const log = this.#log
    if (log?.heading !== undefined) return this.#report(log, line, number)
    if (INSTRUCTION_START.test(line)) return this.#instruction(line, number)
    if (MESSAGE.test(line)) {
      const open = this.#log ?? newLog(number)
      this.#log = open
      open.messages.push(line)
      open.end = number
      return
    }
    const errno = ERRNO.exec(line)
    if (errno) this.#errno = Number(errno[1] ?? errno[2] ?? errno[3])
    const source = SOURCE.exec(line)
    this.#source = source ?? undefined
    if (log === undefined) return
    if (line.startsWith(REPORT)) {
      log.heading = 'Verification failed'
      log.report.set(log.heading, line.slice(REPORT.length))
    } else if (source) {
      log.sourceLine = source[1]
      log.source = source[2] ?? log.source
    } else if (line.startsWith('processed ') || (log.messages.length > 0 && line !== '' && !STATISTICS.test(line)))
      this.end()
    else if (log.instructions > 0 && !STATISTICS.test(line) && line !== '') this.#log = undefined
  }

  #instruction(line: string, number: number): void {
    const [, index = '', code = '', text = ''] = INSTRUCTION.exec(line) ?? []
    if (index === '') return
    if (this.#log && (index === '0' || this.#log.messages.length > 0)) this.end()
    const log = (this.#log ??= newLog(number))
    log.instructions++
    log.errno ??= this.#errno
    if (this.#source) {
      log.sourceLine = this.#source[1]
      log.source = this.#source[2]
      this.#source = undefined
    }
    log.last = { index: Number(index), text: `(${code}) ${text}`, line: number }
    follow(log, text)
  }

  /** Headings stand alone with a colon, their text below them, indented. */
  #report(log: Log, line: string, number: number): void {
    if (line.startsWith('processed ')) return this.end()
    const heading = /^(\w[\w ]*):$/.exec(line)?.[1]
    if (heading !== undefined) log.heading = heading
    else if (/^\s+\S/.test(line)) {
      const name = log.heading ?? ''
      if (log.report.size < 10 && !log.report.has(name)) log.report.set(name, line.trim())
    } else if (line !== '') return this.end()
    log.end = number
  }

  readonly end = (): void => {
    const log = this.#log
    this.#log = undefined
    if (!log || log.messages.length === 0) return
    const message = [...new Set(log.messages)].slice(0, 4).join('; ')
    const reason = reasonOf(message)
    const kernel = log.report.get('Reason')
    const cause = `${reason?.cause ?? 'the verifier refuses this instruction'}${detail(log, message)}`
    const wayOut = reason?.wayOut ?? log.report.get('Suggestion')
    const { last } = log
    const places = [log.source, log.sourceLine].filter((text) => text !== undefined).join('  ')
    this.#findings.add(
      {
        rule: 'verifier rejection',
        key: `${message}\n${last?.index ?? ''} ${last?.text ?? ''}`,
        what: `the verifier refuses ${last ? `instruction ${last.index}` : 'a program'}: ${message}`,
        cause: kernel === undefined ? cause : `${cause}. The kernel says: ${kernel}`,
        fixes: wayOut === undefined ? [] : [wayOut],
        evidence: [
          ...(last ? [`${last.index}: ${last.text}`] : []),
          ...(places === '' ? [] : [places]),
          ...(log.instructions > 0
            ? [`${log.instructions} instructions in the log${log.errno === undefined ? '' : `, errno ${log.errno}`}`]
            : []),
        ],
      },
      [last?.line ?? log.start],
    )
  }
}
