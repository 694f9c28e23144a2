/**
 * Verifier logs in the middle of other text. A loader may print the same log twice: the same message at the same
 * instruction is one finding.
 */
import { meaningOf, VerifierLogs as Logs, type Rejection } from '../verifier/index.ts'
import type { Findings, Reader } from './finding.ts'

/** "err=13" of the kernel's own loader, "(errno 13)", libbpf's "failed to load: -13". */
const ERRNO =
  /\bbpf_load_program\(\) err=(\d+)|\bloading BPF program \(errno (\d+)\)|failed to load(?: object)?: ?-(\d+)/

export const ERRNO_NEEDLES: readonly string[] = [
  'bpf_load_program() err=',
  'loading BPF program (errno ',
  'failed to load',
]

export class VerifierLogs implements Reader {
  readonly #findings: Findings
  readonly #logs: Logs
  #errno: number | undefined

  constructor(findings: Findings) {
    this.#findings = findings
    this.#logs = new Logs({
      rejected: (rejection) => this.#rejected(rejection),
    })
  }

  readonly feed = (line: string, number: number): void => {
    if (line.includes('err') || line.includes('fail')) {
      const errno = ERRNO.exec(line)
      if (errno) this.#errno = Number(errno[1] ?? errno[2] ?? errno[3])
    }
    this.#logs.feed(line, number)
  }

  get isOpen(): boolean {
    return this.#logs.isOpen
  }

  readonly end = (): void => this.#logs.end()

  #rejected(rejection: Rejection): void {
    const { last, instructions } = rejection
    const meaning = meaningOf(rejection)
    const message = rejection.messages.join('; ')
    const kernel = rejection.report.get('Reason')
    const place = [rejection.source, rejection.sourceLine].filter((text) => text !== undefined).join('  ')
    this.#findings.add(
      {
        rule: `verifier: ${meaning.id}`,
        key: `${message}\n${last?.index ?? ''} ${last?.text ?? ''}`,
        what: `the verifier refuses ${last && !meaning.wholeProgram ? `instruction ${last.index}` : 'a program'}: ${message}`,
        cause: kernel === undefined ? meaning.cause : `${meaning.cause}. The kernel says: ${kernel}`,
        fixes: meaning.fixes,
        confidence: meaning.confidence,
        otherwise: meaning.otherwise,
        sources: meaning.sources,
        evidence: [
          ...(last ? [`${last.index}: (${last.code}) ${last.text}`] : []),
          ...(place === '' ? [] : [place]),
          ...meaning.registers,
          ...(instructions > 0
            ? [
                `${instructions} instruction${instructions === 1 ? '' : 's'} in the log${this.#errno === undefined ? '' : `, errno ${this.#errno}`}`,
              ]
            : []),
        ],
      },
      [rejection.line],
    )
  }
}
