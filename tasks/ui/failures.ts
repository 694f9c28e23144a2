/** The words for what went wrong: a Failure as place, fact and way out; anything else as a bug of ours. */
import { inspect } from 'node:util'
import { EXIT, Failure, type FailureKind, type FailureReason, messageOf } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { diskFailure } from '../engine/disk.ts'
import { wrap, type Paint } from '../engine/text.ts'

/** Writes a stack trace to a file and says which; given by `cli.ts`, because `ui/` does not know where state lives. */
export type BugLog = (stack: string) => string

/**
 * The log of the whole command, which failures name: its path, or why there is none. Undefined where no log is kept.
 */
export type CommandLogName = () => string | undefined

/** One thing to report: what both the text and the JSON line are made of. Not yet sanitised. */
export interface Report {
  readonly kind: FailureKind | 'bug'
  readonly reason?: FailureReason | undefined
  readonly place?: string | undefined
  readonly fact: string
  readonly wayOut?: string | undefined
  readonly lines?: readonly string[] | undefined
  readonly log?: string | undefined
  /** The log of the whole command. */
  readonly commandLog?: string | undefined
  readonly exitCode: number
}

/**
 * What is inside a thrown value, the first error first. `await using` wraps a clean-up's error and the error it
 * happened on top of in a SuppressedError whose `suppressed` is the earlier one: that one is the cause, and the other
 * may only be its consequence.
 */
function parts(thrown: unknown): readonly unknown[] {
  if (thrown instanceof SuppressedError) return [...parts(thrown.suppressed), ...parts(thrown.error)]
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors.flatMap(parts)
  return [thrown]
}

/** What the system refused outside of any step is no bug either. */
const known = (thrown: unknown): unknown => diskFailure(thrown, undefined)

/** The exit code that a thrown value asks for: its first error decides. */
export function exitCodeOf(thrown: unknown): number {
  const [first] = parts(thrown).map(known)
  return first instanceof Failure ? first.exitCode : EXIT.bug
}

function bugReport(thrown: unknown, bugLog: BugLog): Report {
  const stack = inspect(thrown)
  const fact = `this is a bug in lab: ${messageOf(thrown)}`
  try {
    return { kind: 'bug', fact, log: bugLog(stack), exitCode: EXIT.bug }
  } catch (error) {
    // A full disk must not hide the bug as well.
    const lines = [`(the stack could not be written to a file: ${messageOf(error)})`, ...stack.split('\n')]
    return { kind: 'bug', fact, lines, exitCode: EXIT.bug }
  }
}

/**
 * Answers with the reports in a thrown value that were not made before: one failure may reach the view along two paths.
 */
export function reporter(
  bugLog: BugLog,
  commandLog: CommandLogName = () => undefined,
): (thrown: unknown) => readonly Report[] {
  const seen = new Set<unknown>()
  return (thrown) =>
    parts(thrown)
      .filter((part) => !seen.has(part) && seen.add(part))
      .map(known)
      .map((part): Report => {
        if (!(part instanceof Failure)) return bugReport(part, bugLog)
        const { kind, parts: said, exitCode } = part
        // What is wrong with an input, its message says; and who interrupted a command knows why it ended.
        const named = kind === 'lab' || kind === 'experiment' ? commandLog() : undefined
        return { kind, ...said, ...(named === undefined ? {} : { commandLog: named }), exitCode }
      })
}

const LABEL: Readonly<Record<Report['kind'], string>> = {
  experiment: 'failed: ',
  user: 'error: ',
  lab: 'error: ',
  interrupted: '',
  bug: 'error: ',
}

const TAB = ' '.repeat(8)

/** Tabs in a compiler's message carry its alignment, so they become spaces, not `\t`. */
const line = (text: string): string => printable(text.trimEnd().replaceAll('\t', TAB))

/**
 * The report as lines for people: label, place, fact; way out; lines as they are, indented; the log.
 * @param width of the terminal, where there is one: sentences are broken between words
 */
export function reportLines(report: Report, paint: Paint, width = Number.POSITIVE_INFINITY): string[] {
  const [fact = '', ...more] = report.fact.split('\n')
  const place = report.place === undefined ? '' : `${printable(report.place)}: `
  return [
    ...wrap(paint('red', LABEL[report.kind]) + paint('bold', place) + line(fact), width, 2),
    ...more.flatMap((text) => wrap(`  ${line(text)}`, width, 2)),
    ...(report.wayOut === undefined
      ? []
      : report.wayOut.split('\n').flatMap((text) => wrap(`  ${paint('cyan', '→')} ${line(text)}`, width, 4))),
    ...(report.lines ?? []).map((text) => `    ${line(text)}`.trimEnd()),
    ...(report.log === undefined
      ? []
      : [`  ${report.kind === 'bug' ? 'stack' : 'full log'}: ${printable(report.log)}`]),
    ...(report.commandLog === undefined ? [] : [`  log of this command: ${printable(report.commandLog)}`]),
  ]
}
