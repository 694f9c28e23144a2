/** What earlier lines of a text say about later ones: which kernel wrote them, and which command was given. */
import { parseVersion, type Version } from '../../version.ts'
import type { Seen } from './row.ts'

const KERNEL = /\bLinux version (\d+\.\d+\S*)|^Linux \S+ (\d+\.\d+\.\d+\S*) #\d/
/** "user@host:~$ cmd", "# cmd", "[root@host dir]# cmd", "$ cmd". */
const PROMPT = /^\s*(?:\[[^\]]{1,60}\]|[\w.-]{1,32}@[\w.-]{1,64}(?::| )?[^\s$#%]{0,80})?\s?[$#%] (?:sudo )?(\S.*)$/
/** So many lines may be between a command and its error. */
const NEAR = 4

/** A line without one of these says nothing about later ones. */
export const CONTEXT_NEEDLES: readonly string[] = [
  'Linux ',
  '/virtual/',
  '>',
  'tee ',
  'rror',
  'not found',
  'No such file',
  'ailed',
  'FAILED',
  'annot ',
  'undefined',
]

/** What looks like an error of a step of a build; make's own words and mere warnings do not. */
const ERROR =
  /\b(?:[Ee]rror|ERROR|FATAL|[Ff]atal)(?:: |\[| \d)|: not found$|No such file or directory|\b(?:[Ff]ailed|FAILED)\b|\b[Cc]annot \w+|undefined (?:reference|symbol)/
const NO_ERROR =
  /recipe for target|^\s*(?:make|gmake|ninja)(?:\[\d+\])?: |\*\*\* \[|\bwarning: |-Werror(?![\w=-]*\])|^\s*(?:CC|LD|AR|GEN|HOSTCC)\s/
/** So many lines may be between an error and the line with which make stops: other jobs go on. */
const STEP = 40
/** Errors that are kept of one step: the first ones. */
const MOST_ERRORS = 4

export class Context implements Seen {
  kernel: Version | undefined
  bcc = false
  #command: string | undefined
  #at = 0
  #line = 0
  #errors: { readonly text: string; readonly line: number }[] = []

  /** The line that is looked at. */
  at(number: number): void {
    this.#line = number
  }

  get command(): string | undefined {
    return this.#line - this.#at <= NEAR ? this.#command : undefined
  }

  get error(): string | undefined {
    return this.#errors.find(({ line }) => line < this.#line && this.#line - line <= STEP)?.text
  }

  /** Keeps the first errors of the last lines. */
  #keepError(line: string, number: number): void {
    if (line.length > 300 || NO_ERROR.test(line) || !ERROR.test(line)) return
    this.#errors = this.#errors.filter((one) => number - one.line <= STEP)
    if (this.#errors.length < MOST_ERRORS) this.#errors.push({ text: line.trim(), line: number })
  }

  /** @param number of the line, from 1; lines of no interest may be left out */
  feed(line: string, number: number): void {
    this.#line = number
    if (line.includes('Linux ')) {
      const kernel = KERNEL.exec(line)
      if (kernel) this.kernel = parseVersion(kernel[1] ?? kernel[2] ?? '')
    }
    this.#keepError(line, number)
    if (!this.bcc && line.includes('/virtual/')) this.bcc = true
    // Only what a shell could do to these files matters.
    if (line.length > 500 || !(line.includes('>') || line.includes('tee '))) return
    const command = PROMPT.exec(line)?.[1] ?? (/^\s*(?:echo|printf|cat|sudo) /.test(line) ? line.trim() : undefined)
    if (command === undefined) return
    this.#command = command
    this.#at = this.#line
  }
}
