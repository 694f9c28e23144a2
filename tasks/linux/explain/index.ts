/**
 * What a text from the world of kernel tracing means: dmesg, verifier logs, kallsyms, strace, build logs, traces,
 * pasted into a diary or as they are. Each thing once, with its lines; nothing about what is not known. Lines in,
 * findings out; memory is bounded.
 */
import { Addresses } from './addresses.ts'
import { BtfLogs } from './btf-log.ts'
import { CallTraces } from './call-trace.ts'
import { CausedBy } from './caused-by.ts'
import { ErrorLog } from './error-log.ts'
import { Findings, type Finding } from './finding.ts'
import { BIT, interestOf } from './interest.ts'
import { Kallsyms } from './kallsyms.ts'
import { messages } from './messages.ts'
import { BY_WORDS_RULE } from './messages/by-words.ts'
import { MAKE_RULE } from './messages/compiler.ts'
import { Context } from './messages/seen.ts'
import { linesOf } from './long-line.ts'
import { splats } from './splats.ts'
import { TraceLines } from './trace.ts'
import { isPlain } from '../verifier/index.ts'
import { VerifierLogs } from './verifier.ts'

export type { Confidence, Finding } from './finding.ts'

/** CSI sequences (colours, cursor), OSC (titles), and single escapes. */
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g
/** `dmesg -T`, journalctl and Markdown quotes put something before a line; the line itself begins after it. */
const QUOTE = /^(?:> ?)+/

/** A line as it would be in a file: without colours, carriage returns and quote marks. */
export function cleanLine(line: string): string {
  const plain = line.includes('\u001b') ? line.replaceAll(ESCAPES, '') : line
  const shown = plain.endsWith('\r') ? plain.slice(0, -1) : plain
  return shown.startsWith('>') ? shown.replace(QUOTE, '') : shown
}

/** What a loader says of a program whose log is in the text. */
const LOADER_WORDS: ReadonlySet<string> = new Set(['program of Falco is refused'])
const REFUSED_BY_NUMBER = /fails with (?:EPERM|EACCES|EINVAL)$/

/**
 * EACCES and EINVAL of a program say only that it was refused: where the verifier's log is in the text, that is the
 * answer.
 */
const REFUSED = /^(?:program cannot be loaded|program of an aya loader refused by errno)$/

/** They say that something failed and not why: worth a word only where nothing else is known. */
const CONSEQUENCES: ReadonlySet<string> = new Set(['object cannot be loaded', MAKE_RULE])

/**
 * A guess by a number is left out where a table knows a line beside it: programs report one failure in several lines.
 */
const BESIDE = 4
function withoutWeak(findings: Finding[]): Finding[] {
  const known = findings.filter(({ rule }) => rule !== BY_WORDS_RULE).flatMap(({ lines }) => lines)
  return findings.filter(
    ({ rule, lines: [line = 0] }) => rule !== BY_WORDS_RULE || !known.some((one) => Math.abs(one - line) <= BESIDE),
  )
}

/** bcc prints why a probe was refused, and then raises an exception that does not know. */
const BCC_REFUSED = /probe refused: E(?!NOENT)/
const BCC_EXCEPTION = /^Failed to attach BPF|cannot be attached to the k(?:ret)?probe/
function withoutBccEcho(findings: Finding[]): Finding[] {
  const refused = findings.findIndex(({ what }) => BCC_REFUSED.test(what))
  return refused < 0 ? findings : findings.filter(({ what }, at) => at < refused || !BCC_EXCEPTION.test(what))
}

function withoutWhatLogsSay(findings: Finding[]): Finding[] {
  const strong = findings.filter(({ rule }) => !CONSEQUENCES.has(rule))
  if (strong.length === 0) return findings
  const causes = withoutWeak(withoutBccEcho(strong))
  return causes.some(({ rule }) => rule.startsWith('verifier'))
    ? causes.filter(
        ({ rule, what }) =>
          !(REFUSED.test(rule) && /: (?:EACCES|EINVAL)$|-(?:13|22)$/.test(what)) &&
          !LOADER_WORDS.has(rule) &&
          !(rule === BY_WORDS_RULE && REFUSED_BY_NUMBER.test(what)),
      )
    : causes
}

/** A program that is not loaded is reported by the library, by the object and by the skeleton, in a line each. */
function withoutRepeats(findings: readonly Finding[]): readonly Finding[] {
  const kept: Finding[] = []
  for (const finding of findings) {
    const before = kept.at(-1)
    const repeats =
      before !== undefined &&
      REFUSED.test(finding.rule) &&
      before.rule === finding.rule &&
      before.cause.split(': ').at(-1) === finding.cause.split(': ').at(-1) &&
      (finding.lines[0] ?? 0) - (before.lines.at(-1) ?? 0) <= BESIDE
    if (!repeats) kept.push(finding)
    else
      kept[kept.length - 1] = {
        ...before,
        lines: [...before.lines, ...finding.lines],
        count: before.count + finding.count,
      }
  }
  return kept
}

/** Characters. A longer line may be several lines in one: a log in a JSON string, or one that lost its line ends. */
const ONE_LINE = 1000

export class Explainer {
  readonly #findings = new Findings()
  readonly #context = new Context()
  readonly #messages = messages(this.#findings, this.#context)
  readonly #causedBy = new CausedBy()
  readonly #splats = splats(this.#findings)
  readonly #callTraces = new CallTraces(this.#findings)
  readonly #verifier = new VerifierLogs(this.#findings)
  readonly #kallsyms = new Kallsyms(this.#findings)
  readonly #errorLog = new ErrorLog(this.#findings)
  readonly #btf = new BtfLogs(this.#findings)
  readonly #addresses = new Addresses(this.#findings)
  readonly #trace = new TraceLines(this.#findings, this.#addresses)
  #number = 0

  /**
   * The next line, without its end. Its number is that of the text, also where it is several lines with escaped ends.
   */
  feed(line: string): void {
    const number = ++this.#number
    if (line.length > ONE_LINE) for (const part of linesOf(line)) this.#line(part, number)
    else this.#line(line, number)
  }

  #line(line: string, number: number): void {
    const clean = cleanLine(line)
    // Most lines of a verifier log, and of no interest to anybody else.
    if (this.#verifier.isOpen && isPlain(clean)) return this.#verifier.feed(clean, number)
    const { rows, readers } = interestOf(clean)
    if (readers & BIT.context) this.#context.feed(clean, number)
    if (rows.length > 0) this.#messages.feed(clean, number, rows)
    if (readers & BIT.causedBy || this.#causedBy.isOpen) this.#cause(clean, number)
    if (readers & BIT.splats || this.#splats.isOpen()) this.#splats.feed(clean, number)
    if (readers & BIT.callTrace || this.#callTraces.isOpen) this.#callTraces.feed(clean, number, this.#splats.isOpen())
    if (readers & BIT.btf || this.#btf.isOpen) this.#btf.feed(clean, number)
    if (readers & BIT.trace && this.#trace.feed(clean, number)) return
    if (readers & BIT.verifier || this.#verifier.isOpen) this.#verifier.feed(clean, number)
    if (readers & BIT.search || this.#kallsyms.mayConcern(clean)) this.#kallsyms.feed(clean, number)
    if (readers & BIT.errorLog || this.#errorLog.isOpen) this.#errorLog.feed(clean, number)
    if (readers & BIT.addresses || this.#addresses.isNear(number)) this.#addresses.feed(clean, number)
  }

  /** A reason in a line of its own is looked up together with the error that it belongs to. */
  #cause(line: string, number: number): void {
    const joined = this.#causedBy.joined(line, number)
    if (joined !== undefined) this.#messages.feed(joined, number, interestOf(joined).rows)
  }

  /** What was found, in the order of the text; `more` findings are only counted. */
  end(): { readonly findings: readonly Finding[]; readonly lines: number; readonly more: number } {
    const readers = [
      this.#splats,
      this.#callTraces,
      this.#verifier,
      this.#kallsyms,
      this.#errorLog,
      this.#trace,
      this.#addresses,
    ]
    for (const reader of readers) reader.end()
    return {
      findings: withoutRepeats(withoutWhatLogsSay(this.#findings.list())),
      lines: this.#number,
      more: this.#findings.more,
    }
  }
}

/** A text that is in memory anyway. */
export function explainText(text: string): readonly Finding[] {
  const explainer = new Explainer()
  for (const line of text.split('\n')) explainer.feed(line)
  return explainer.end().findings
}
