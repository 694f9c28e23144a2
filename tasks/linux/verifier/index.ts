/**
 * The verifier's log of one program: which instruction was refused, about which register, from which line of the
 * source.
 */
import { VerifierLogs, type Rejection } from './log.ts'
import { meaningOf } from './rejection.ts'

export { isPlain } from './line.ts'
export { logNeedles, VerifierLogs, type Acceptance, type Rejection } from './log.ts'
export { meaningOf } from './rejection.ts'

export interface Explained {
  readonly message: string
  readonly instruction?: { readonly index: number; readonly text: string }
  /** "R0". */
  readonly register?: string
  /** Text of the C line. */
  readonly sourceLine?: string
  /** "file.c:12", where the log has it. */
  readonly source?: string
  readonly cause: string
  readonly wayOut: string
}

/** The rejection in a log, or undefined if there is none; of several the first one. */
export function explainRejection(log: string): Explained | undefined {
  let rejection: Rejection | undefined
  const logs = new VerifierLogs({ rejected: (found) => (rejection ??= found) })
  for (const [index, line] of log.split('\n').entries()) logs.feed(line, index + 1)
  // The whole of the text is a log: what is at its end is the reason, though "processed" be cut off.
  logs.endOfLog()
  if (rejection === undefined) return undefined
  const { last, sourceLine, source } = rejection
  const { cause, fixes, register } = meaningOf(rejection)
  return {
    message: rejection.messages.join('; '),
    cause,
    wayOut: fixes.join('; or '),
    ...(last === undefined ? {} : { instruction: { index: last.index, text: `(${last.code}) ${last.text}` } }),
    ...(register === undefined ? {} : { register }),
    ...(sourceLine === undefined ? {} : { sourceLine }),
    ...(source === undefined ? {} : { source }),
  }
}
