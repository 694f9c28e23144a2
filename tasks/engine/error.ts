/**
 * What went wrong, for a person: place, fact, way out. Each kind has its own exit code (sysexits.h where one fits), so
 * that a script can tell "my input is wrong" from "the experiment failed" from "the machine could not do it".
 */
export const EXIT = { done: 0, experiment: 1, user: 2, lab: 69, bug: 70, interrupted: 130 } as const

export type FailureKind = 'experiment' | 'user' | 'lab' | 'interrupted'

/**
 * Why something failed, for code that decides by it. Text is for people and may change; a reason may not. What an
 * outside program prints becomes a reason in one place, engine/outside-words.
 */
export const REASONS = {
  'disk-full': 'no room on a disk, or no more files can be made there',
  'out-of-memory': 'the kernel killed a program because the memory was used up',
  'not-installed': 'the host lacks a program',
  'needs-consent': 'lab does this only with --yes, or when somebody at the terminal agrees',
  'exit-status': 'a program ended with a status that means failure',
  signal: 'a program was ended by a signal',
  timeout: 'a program took longer than it may',
  'output-limit': 'a program printed more than it may',
  unavailable: 'a source cannot be fetched from here; the only reason to take a fallback',
  'wrong-bytes': 'a file came, and it is not the one that was asked for',
  'damaged-input': 'a confined program could not read its input: the input is damaged, and the lab is well',
  'newer-format': 'a later version of lab wrote the file',
  'host-key': 'the guest has another host key than the one it was given',
  'key-refused': "the guest refuses the lab's key",
} as const
export type FailureReason = keyof typeof REASONS

export interface FailureParts {
  /** Where: `lab.yaml:12:7`, `kernel v5.4`, `vm default`. */
  readonly place?: string | undefined
  /** What code may decide by; most failures need none. */
  readonly reason?: FailureReason | undefined
  /** What is so, in one sentence, without a full stop. */
  readonly fact: string
  /** What the person can do about it. */
  readonly wayOut?: string | undefined
  /** More lines to show as they are: the last console lines, the compiler's message. Already safe to print. */
  readonly lines?: readonly string[] | undefined
  /** The full log, where there is one. */
  readonly log?: string | undefined
}

/** The only error that steps throw on purpose; anything else that reaches `cli.ts` is a bug (exit 70). */
export class Failure extends Error {
  readonly kind: FailureKind
  readonly parts: FailureParts

  constructor(kind: FailureKind, parts: FailureParts, options?: { cause?: unknown }) {
    super(parts.place === undefined ? parts.fact : `${parts.place}: ${parts.fact}`, options)
    this.name = 'Failure'
    this.kind = kind
    this.parts = parts
  }

  get reason(): FailureReason | undefined {
    return this.parts.reason
  }

  get exitCode(): number {
    return EXIT[this.kind]
  }
}

/** The user's input is wrong: exit 2. */
export const userError = (parts: FailureParts, cause?: unknown) => new Failure('user', parts, { cause })

/** The lab could not do it (host, network, VM): exit 69. */
export const labError = (parts: FailureParts, cause?: unknown) => new Failure('lab', parts, { cause })

/** The experiment itself failed: exit 1. */
export const experimentError = (parts: FailureParts, cause?: unknown) => new Failure('experiment', parts, { cause })

/** Somebody pressed Ctrl-C or sent SIGTERM: exit 130. */
export const interrupted = () => new Failure('interrupted', { fact: 'interrupted' })

/** Whether something failed for this reason. */
export const failedBy = (error: unknown, reason: FailureReason): error is Failure =>
  error instanceof Failure && error.reason === reason

/** Message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The `code` of a Node system error (`ENOENT`), or undefined. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
