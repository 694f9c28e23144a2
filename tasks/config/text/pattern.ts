/**
 * Runs the regular expressions of lab files. A lab may be a stranger's (a pack, results of another host, a clone), and
 * a regular expression can backtrack for ever or need more memory than V8 gives it. Nothing else runs them, so none
 * runs without a deadline.
 */
import { isUnderDeadline, Late, withDeadline } from '../../engine/deadline.ts'
import { Failure } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'

/** What a message of the trace is compared with. */
export type Pattern =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'regex'; readonly regex: RegExp }

/** For work that takes well below a second where its expressions are sane, on any machine. Milliseconds. */
const DEADLINE = 30_000

/** A regular expression, or work that runs several, was given up: the user's error, since the lab file has it. */
export class GaveUp extends Failure {
  constructor(what: string, regex: RegExp | undefined) {
    const name = regex === undefined ? 'the analysis' : `the regular expression ${printable(String(regex), 200)}`
    super('user', {
      fact: `${name} ${what}`,
      wayOut:
        regex === undefined
          ? 'try again when the machine has less to do'
          : 'in the lab file, avoid a repeat inside a repeat, such as (a+)+, and alternatives that are repeated, such as (a|b)*',
    })
  }
}

/** The expression that is running; it stays here when V8 ends the work. */
let running: RegExp | undefined

/**
 * Work that runs regular expressions, and waits for nothing. Call it around a loop: each expression that runs outside
 * has a deadline of its own, which costs a millisecond.
 * @param ms milliseconds that all of it has
 * @throws GaveUp, Failure (interrupted) at Ctrl-C, and what `work` throws
 */
export function inTime<T>(work: () => T, ms: number = DEADLINE): T {
  if (isUnderDeadline()) return work()
  running = undefined
  try {
    return withDeadline(ms, work)
  } catch (error) {
    if (!(error instanceof Late)) throw error
    throw new GaveUp(`was not done after ${ms / 1000} s`, running)
  }
}

/** V8 keeps what is left to try on a stack, which is full after some ten million characters of /(a|b)*c/. */
const isTooBig = (error: unknown): boolean => error instanceof RangeError || error instanceof SyntaxError

function run<T>(regex: RegExp, work: () => T): T {
  return inTime(() => {
    running = regex
    try {
      return work()
    } catch (error) {
      throw isTooBig(error) ? new GaveUp('needs more memory than there is for it', regex) : error
    } finally {
      running = undefined
    }
  })
}

/**
 * Whether a line is what is expected: the whole line, or anywhere in it for a regular expression. @throws as `inTime`
 */
export const matches = (pattern: Pattern, line: string): boolean =>
  pattern.kind === 'text' ? pattern.text === line : run(pattern.regex, () => pattern.regex.test(line))

/**
 * Every match in a text. `^` and `$` stand for the ends of each line, as they do where a pattern is compared line by
 * line: one meaning for all keys of the lab file.
 * @throws as `inTime`
 */
export const everyMatch = (text: string, regex: RegExp): RegExpExecArray[] =>
  run(regex, () => [...text.matchAll(new RegExp(regex.source, 'gmu'))])

/**
 * How many groups an expression has.
 * @throws as `inTime`, and SyntaxError where it does not compile
 */
export function groupsOf(source: string): number {
  const orNothing = new RegExp(`${source}|`, 'u')
  return run(orNothing, () => orNothing.exec('')?.length ?? 1) - 1
}
