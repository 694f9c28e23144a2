/**
 * What a text from the world of kernel tracing means: dmesg, verifier logs, kallsyms, strace, build logs, traces,
 * pasted into a diary or as they are. Each thing once, with its lines; nothing about what is not known. Lines in,
 * findings out; memory is bounded.
 */
import { Addresses } from './addresses.ts'
import { BtfLogs } from './btf-log.ts'
import { CallTraces } from './call-trace.ts'
import { CausedBy } from './caused-by.ts'
import { withCutLog, withoutConsequences, withoutRepeats } from './consequences.ts'
import { ErrorLog } from './error-log.ts'
import { Findings, type Finding } from './finding.ts'
import { BIT, interestOf } from './interest.ts'
import { Kallsyms } from './kallsyms.ts'
import { messages } from './messages.ts'
import { CALL_RULE } from './messages/bpf-syscall.ts'
import { Context } from './messages/seen.ts'
import { linesOf } from './long-line.ts'
import { RetriedCalls } from './retried-calls.ts'
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

/** Lines above the current one that a reader may look back at. */
const RECENT = 8

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
  readonly #calls = new RetriedCalls()
  /** The last lines, without those of a verifier log; the current one is the last. */
  readonly #recent: string[] = []
  #number = 0
  /** The text has instructions of a verifier log. */
  #hasLog = false

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
    if (this.#verifier.isOpen && isPlain(clean)) {
      this.#hasLog = true
      return this.#verifier.feed(clean, number)
    }
    if (this.#recent.push(clean) > RECENT) this.#recent.shift()
    const { rows, readers } = interestOf(clean)
    if (readers & BIT.context) this.#context.feed(clean, number)
    if (rows.length > 0) this.#messages.feed(clean, number, rows, this.#recent.at(-2))
    if (readers & BIT.calls) this.#calls.feed(clean, number)
    if (readers & BIT.causedBy || this.#causedBy.isOpen) this.#cause(clean, number)
    if (readers & BIT.splats || this.#splats.isOpen()) this.#splats.feed(clean, number)
    if (readers & BIT.callTrace || this.#callTraces.isOpen)
      this.#callTraces.feed(clean, number, this.#splats.isOpen(), this.#recent)
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
    const list = this.#findings.list().filter(({ rule, lines }) => rule !== CALL_RULE || !this.#calls.covers(lines))
    return {
      findings: withCutLog(withoutRepeats(withoutConsequences(list)), this.#hasLog),
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
