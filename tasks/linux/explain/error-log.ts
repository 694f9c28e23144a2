/**
 * error_log of tracefs (since 5.2), and the same lines in dmesg: what was wrong, the command, and a caret below the
 * word that is meant. Three lines together are one finding.
 */
import type { Findings, Reader } from './finding.ts'
import { ERRORS, SUBSYSTEMS } from './messages/error-log.ts'

/** "[   88.1] trace_kprobe: error: Invalid probed address or symbol". */
const HEAD = /(?:^|\s|\])(\w+(?::\w+)*): error: (\S.*)$/
export const ERROR_LOG_NEEDLES: readonly string[] = [': error: ']
const COMMAND = /^(.*?\bCommand: )(.*)$/
const CARET = /^(\s*)\^\s*$/

interface Open {
  readonly subsystem: string
  readonly error: string
  readonly line: number
  command?: string
  /** Column at which the command begins. */
  indent: number
}

/** The word of a command that a column is in. */
function wordAt(command: string, column: number): string {
  const start = command.lastIndexOf(' ', column) + 1
  const end = command.indexOf(' ', column)
  return command.slice(start, end < 0 ? undefined : end)
}

export class ErrorLog implements Reader {
  readonly #findings: Findings
  #open: Open | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  readonly feed = (line: string, number: number): void => {
    const open = this.#open
    if (open !== undefined) {
      const command = open.command === undefined ? COMMAND.exec(line) : null
      if (command) {
        open.command = command[2] ?? ''
        open.indent = command[1]?.length ?? 0
        return
      }
      const caret = CARET.exec(line)
      this.end(caret === null ? undefined : (caret[1]?.length ?? 0) - open.indent)
      if (caret !== null) return
    }
    if (!line.includes(': error: ')) return
    const [, subsystem = '', error = ''] = HEAD.exec(line) ?? []
    if (SUBSYSTEMS.test(subsystem)) this.#open = { subsystem, error, line: number, indent: 0 }
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  readonly end = (column?: number): void => {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const { subsystem, error, command } = open
    const known = ERRORS.find(({ pattern }) => pattern.test(error))
    // Without its command a line of another program could look like this.
    if (command === undefined && known === undefined) return
    const word = command === undefined || column === undefined || column < 0 ? '' : wordAt(command, column)
    this.#findings.add(
      {
        rule: 'tracefs refuses a definition',
        key: `${error}\n${command ?? ''}`,
        what: `${subsystem}: ${error}${word === '' ? '' : `: ${word}`}`,
        cause: known?.cause ?? 'the kernel marks the word of the command that it does not accept',
        fixes: known?.fixes ?? ['README in the same directory lists what this kernel accepts'],
        confidence: known?.confidence ?? 'certain',
        sources: ['kernel/trace/trace_probe.h', 'Documentation/trace/ftrace.rst (error_log)'],
        ...(command !== undefined && {
          evidence: [command, ...(word === '' ? [] : [`${' '.repeat(column ?? 0)}^`])],
        }),
      },
      [open.line],
    )
  }
}
