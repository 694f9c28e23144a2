/**
 * The rows of the tables in this folder: a message as one program prints it, and what it means. A table covers one
 * program or one part of the kernel. Patterns are those of the programs, never of prose.
 */
import type { Version } from '../../version.ts'
import type { Confidence } from '../finding.ts'

/** What an earlier line of the same text said, and a later message depends on. */
export interface Seen {
  /** From "Linux version ..." or `uname -a`; the last one before the message. */
  readonly kernel: Version | undefined
  /** bcc is compiling: an earlier line names its virtual files. */
  readonly bcc: boolean
  /** The shell command above the message, without its prompt. */
  readonly command: string | undefined
  /** The first line of the build step above the message that looks like an error. */
  readonly error: string | undefined
}

export interface Answer {
  /** The message in one line; the matched text where a row leaves it out. */
  readonly what?: string
  readonly cause: string
  /** The best first. */
  readonly fixes: readonly string[]
  readonly confidence?: Confidence
  /** What to look at when it is something else. */
  readonly otherwise?: string
  /** The function of the kernel that the message is about. */
  readonly symbol?: string
  /** Commits of the kernel, files of the program that prints the message. */
  readonly sources?: readonly string[]
}

interface Recognised {
  readonly rule: string
  /**
   * Text that every matching line contains, one of them if there are several. Lines without it are not looked at any
   * further.
   */
  readonly needle: string | readonly string[]
  readonly pattern: RegExp
  /** What tells one such message from another; the matched text where a row leaves it out. */
  readonly key?: (match: RegExpExecArray) => string
}

type Fixed = Recognised & Answer
type Computed = Recognised & {
  /** undefined: the message means something else here, and later rows may know it. */
  readonly answer: (match: RegExpExecArray, seen: Seen) => Answer | undefined
}

/** The first row of a table that has an answer for a line gives it; other tables may know the same line too. */
export type Row = Fixed | Computed

export const answerOf = (row: Row, match: RegExpExecArray, seen: Seen): Answer | undefined =>
  'answer' in row ? row.answer(match, seen) : row

/** The text of a group, or nothing. */
export const group = (match: RegExpExecArray, index: number): string => match[index] ?? ''
