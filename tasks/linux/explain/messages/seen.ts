/** What earlier lines of a text say about later ones: which kernel wrote them, and which command was given. */
import { parseVersion, type Version } from '../../version.ts'
import type { Seen } from './row.ts'

const KERNEL = /\bLinux version (\d+\.\d+\S*)|^Linux \S+ (\d+\.\d+\.\d+\S*) #\d/
/** "user@host:~$ cmd", "# cmd", "[root@host dir]# cmd", "$ cmd". */
const PROMPT = /^\s*(?:\[[^\]]{1,60}\]|[\w.-]{1,32}@[\w.-]{1,64}(?::| )?[^\s$#%]{0,80})?\s?[$#%] (?:sudo )?(\S.*)$/
/** So many lines may be between a command and its error. */
const NEAR = 4

/** A line without one of these says nothing about later ones. */
export const CONTEXT_NEEDLES: readonly string[] = ['Linux ', '/virtual/', '>', 'tee ']

export class Context implements Seen {
  kernel: Version | undefined
  bcc = false
  #command: string | undefined
  #at = 0
  #line = 0

  /** The line that is looked at. */
  at(number: number): void {
    this.#line = number
  }

  get command(): string | undefined {
    return this.#line - this.#at <= NEAR ? this.#command : undefined
  }

  /** @param number of the line, from 1; lines of no interest may be left out */
  feed(line: string, number: number): void {
    this.#line = number
    if (line.includes('Linux ')) {
      const kernel = KERNEL.exec(line)
      if (kernel) this.kernel = parseVersion(kernel[1] ?? kernel[2] ?? '')
    }
    if (!this.bcc && line.includes('/virtual/')) this.bcc = true
    // Only what a shell could do to these files matters.
    if (line.length > 500 || !(line.includes('>') || line.includes('tee '))) return
    const command = PROMPT.exec(line)?.[1] ?? (/^\s*(?:echo|printf|cat|sudo) /.test(line) ? line.trim() : undefined)
    if (command === undefined) return
    this.#command = command
    this.#at = this.#line
  }
}
