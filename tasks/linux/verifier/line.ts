/**
 * One line of a verifier log, whatever a container, a logger or a forum put before it. Instructions are "8: (79) r1 =
 * *(u64 *)(r0 +0)" in all kernels; states, source lines and statistics are told from the reason, which may be any other
 * text.
 */

export type VerifierLine =
  | {
      readonly kind: 'instruction'
      readonly index: number
      /** Hexadecimal: "79". */
      readonly code: string
      /** "r1 = *(u64 *)(r0 +0)". */
      readonly text: string
      /** States that were printed behind it. */
      readonly state: string | undefined
      /** What follows ": " where a loader puts the end of the log on one line. */
      readonly rest: string | undefined
    }
  /** States of registers. `at`: before this instruction. `from`: the branch at which the verifier goes on. */
  | { readonly kind: 'state'; readonly text: string; readonly from?: number; readonly at?: number }
  | { readonly kind: 'source'; readonly text: string; readonly place: string | undefined }
  /** "processed 6 insns", or the loader's own mark at the end, which has no number. */
  | { readonly kind: 'end'; readonly processed?: number }
  | { readonly kind: 'begin' }
  | { readonly kind: 'noise' }
  | { readonly kind: 'blank' }
  | { readonly kind: 'report'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }

/** Begins the report in words that 7.3 adds (commit ce7c9f6c599b). */
const REPORT = 'Verification failed: '
const INSTRUCTION = /^(\d+): \(([0-9a-f]{2})\) (.+)$/
/** In the middle of a line: behind white space, a quote or a colon. */
const INSTRUCTION_INSIDE = /(?:^|[\s"'`|>])(?<!before )(\d+: \([0-9a-f]{2}\) )/
const SOURCE = /^; (.+?)(?: @ (\S+:\d+)(?::\d+)?)?$/
const STATE_AT = /^(\d+): (?:frame\d+: ?)?((?:R\d+(?:_[a-zA-Z]+)?=|fp-\d+=).*)$/
const FROM = /^from (\d+) to (\d+)(?: \([^)]*\))?: ?(?:frame\d+: ?)?(.*)$/
const STATE = /^(?:frame\d+: ?)?(?:R\d+(?:_[a-zA-Z]+)?=|fp-\d+(?:_[a-zA-Z]+)?=)/
const END = /^(?:processed (\d+) insns|-+ ?END (?:[A-Z ]+ )?LOG ?-+$)/
const BEGIN = /^-+ ?BEGIN (?:[A-Z ]+ )?LOG ?-+$/

/**
 * What the verifier prints besides instructions and reasons. "R1 type=ctx expected=fp" and "arg#0 ..." come from the
 * comparison of the program with its BTF, and have no consequence; those of mark_precise and liveness are for the
 * verifier's authors.
 */
const NOISE =
  /^(?:func#\d+ @\d+|Validating .* func#\d+\.\.\.|Func#\d+ .*(?:is safe|is global)|\d+: safe$|from \d+ to \d+.*: safe|safe$|last_idx \d|regs=|parent |mark_precise|force_precise|propagating |frame \d+: propagating|verification time \d|stack depth |insns processed \d|max_states|total_states|peak_states|mark_read|(?:cur|old) state:|caller:|callee:|returning from callee:|to caller at \d|frame\d+:|Live regs before insn|subprog#\d+: analyzing|SCC |stack (?:use|def)|topo_order|arg JOIN|(?:vmlinux|module)_cand_cache:|CO-RE relocating|marking pointer arg\d|func '[^']*' arg\d+ has btf_id \d+ type|arg#0 type is not a struct|\(\d+ line\(s\) omitted\)|\d+: *[.0-9]{10} |\d+: <(?:invalid|missing) [\w -]+>$)/
/** Only before the first instruction: from the check of the program against its BTF. */
const EARLY_NOISE =
  /^(?:R1 type=ctx expected=fp$|arg#\d+ |reg type unsupported for arg#\d+ |Unrecognized arg#|type_id=|BPF program .* load|Global function |btf_vmlinux )/

export const isEarlyNoise = (text: string): boolean => EARLY_NOISE.test(text)

const LEVEL = String.raw`(?:TRACE|DEBUG|DBG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRIT(?:ICAL)?)`
const CLOCK = String.raw`\d\d:\d\d:\d\d(?:[.,]\d+)?`
/** What loggers put before a line. */
const PREFIX = new RegExp(
  `^(?:${[
    String.raw`\[?\d{4}[-/]\d\d[-/]\d\d[T ]${CLOCK}(?: ?Z| ?[+-]\d\d:?\d\d| UTC)?\]?`,
    String.raw`[A-Z][a-z]{2} [ \d]\d ${CLOCK} \S+ [^\s:[]+(?:\[\d+\])?:`,
    String.raw`\[?${CLOCK}\]?`,
    String.raw`[IWEF]\d{4} ${CLOCK} +\d+ \S+\]`,
    String.raw`\[ *\d+\.\d+\](?:\[ *[CT]\d+\])?`,
    String.raw`<\d+>`,
    String.raw`\[?${LEVEL}\]?:?(?=[\s:])`,
    String.raw`(?:level=)?(?:trace|debug|info|warn|warning|error|fatal)\b:?`,
    String.raw`libbpf: prog '[^']*':`,
    String.raw`(?:libbpf|bpftool|libbpfgo|veristat|bpftrace|bcc|aya|stdout|stderr)(?:\[\d+\])?:? (?:F )?`,
    String.raw`[\w.-]+(?:\/[\w.-]+)* +\|`,
    String.raw`[|│>]`,
    String.raw`\[[\w./ :-]{1,60}\]:?`,
    String.raw`(?:[Ee]rror|ERROR|[Vv]erifier (?:output|log|error)|[Ll]oad(?:ing)? program)(?: \w+)?:`,
    '`',
  ].join('|')})[ \t]*`,
)
const MOST_PREFIXES = 6
/** A word, a register or a number with a colon, which nothing of the above begins with: most lines of any text. */
const PLAIN = /^(?:R?\d+:? |[a-z][a-z]+ (?!\|)|; )/
/** Structured loggers: level=warning msg="8: (79) r1 = ..." subsys=loader. */
const QUOTED = /\bmsg="((?:[^"\\]|\\.)*)"/

/** Digits differ from line to line, in time stamps. */
const masked = (text: string): string => text.replaceAll(/\d/g, '0')

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/**
 * "8: (79) ...", "8: R1=...", "; C text", "from 2 to 5: R0=...", "mark_precise: ...", with nothing before it: nearly
 * all lines of a log, so without a pattern. Such a line may be something else outside of a log.
 */
export function isPlain(line: string): boolean {
  switch (line.charCodeAt(0)) {
    case 59: // ;
      return line.charCodeAt(1) === 32
    case 102: // f
      return line.startsWith('from ') && isDigit(line.charCodeAt(5))
    case 109: // m
      return line.startsWith('mark_precise: ')
  }
  let at = 0
  while (isDigit(line.charCodeAt(at))) at++
  if (at === 0 || line.charCodeAt(at) !== 58) return false
  return (line.startsWith(': (', at) && line.startsWith(') ', at + 5)) || isState(line, at)
}

/** ": R1=", ": R10_w=": and no message about a register, behind a number that somebody else put there. */
function isState(line: string, from: number): boolean {
  if (!line.startsWith(': R', from)) return false
  let at = from + 3
  while (isDigit(line.charCodeAt(at))) at++
  const next = line.charCodeAt(at)
  return at > from + 3 && (next === 61 || next === 95)
}

/** Finds the verifier's own text in lines; remembers what stood before the last instruction. */
export class Prefix {
  #masked = ''

  /** The line without what a logger put before it. */
  strip(line: string): string {
    const quoted = line.includes('msg="') ? QUOTED.exec(line) : null
    if (quoted) return withoutPrefix((quoted[1] ?? '').replaceAll(/\\(?=["'])/g, ''))
    const inside = line.includes(': (') ? INSTRUCTION_INSIDE.exec(line) : null
    if (inside) {
      const at = inside.index + inside[0].length - (inside[1]?.length ?? 0)
      this.#masked = masked(line.slice(0, at))
      return line.slice(at)
    }
    const { length } = this.#masked
    if (length > 0 && line.length > length && masked(line.slice(0, length)) === this.#masked)
      return line.slice(length).trimStart()
    return withoutPrefix(line)
  }

  forget(): void {
    this.#masked = ''
  }
}

/** What a logger puts before a line is several things in a row. */
export function withoutPrefix(line: string): string {
  let rest = line.trimStart()
  if (PLAIN.test(rest)) return rest
  for (let n = 0; n < MOST_PREFIXES; n++) {
    const match = PREFIX.exec(rest)
    if (!match || match[0].length === rest.length) break
    rest = rest.slice(match[0].length)
  }
  return rest
}

/** Takes the states and, on a line that a loader joined with ": ", the rest of the log off an instruction. */
function instruction([, index = '', code = '', all = '']: RegExpExecArray): VerifierLine {
  const comment = all.indexOf(';')
  const text = (comment === -1 ? all : all.slice(0, comment)).trimEnd()
  const state = comment === -1 ? undefined : all.slice(comment + 1).trimStart()
  const end = text.indexOf(': ')
  const rest = end === -1 ? undefined : text.slice(end + 2)
  return { kind: 'instruction', index: Number(index), code, text: end === -1 ? text : text.slice(0, end), state, rest }
}

/** @param text without a prefix */
export function readLine(text: string): VerifierLine {
  const line = text.trim()
  if (line === '') return { kind: 'blank' }
  const found = INSTRUCTION.exec(line)
  if (found) return instruction(found)
  const source = SOURCE.exec(line)
  if (source) return { kind: 'source', text: source[1] ?? '', place: source[2] }
  const end = END.exec(line)
  if (end) return { kind: 'end', ...(end[1] !== undefined && { processed: Number(end[1]) }) }
  if (BEGIN.test(line)) return { kind: 'begin' }
  if (line.startsWith(REPORT)) return { kind: 'report', text: line.slice(REPORT.length) }
  const from = FROM.exec(line)
  if (from) return { kind: 'state', text: from[3] ?? '', from: Number(from[1]) }
  const at = STATE_AT.exec(line)
  if (at) return { kind: 'state', text: at[2] ?? '', at: Number(at[1]) }
  if (STATE.test(line)) return { kind: 'state', text: line }
  if (NOISE.test(line)) return { kind: 'noise' }
  return { kind: 'text', text: line }
}
