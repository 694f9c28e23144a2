import { Writable } from 'node:stream'

/**
 * For tests: a terminal that knows what listr2 sends: text with wrapping, cursor up, down and to column 1, erase line,
 * show and hide cursor. Any other sequence is an error, so that a new one is noticed.
 */
export class Terminal extends Writable {
  readonly isTTY = true
  columns: number
  readonly rows = 24
  /** Whether the cursor is shown. */
  cursor = true
  readonly lines: string[] = ['']
  #y = 0
  #x = 0

  constructor(columns = 80) {
    super()
    this.columns = columns
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    // oxlint-disable-next-line no-control-regex -- escape sequences are what a terminal reads
    for (const [token] of chunk.toString().matchAll(/\x1b\[[?\d;]*[A-Za-z]|[^]/gu)) this.#take(token)
    done()
  }

  #take(token: string): void {
    const line = this.lines[this.#y] ?? ''
    const count = Number(/\d+/.exec(token)?.[0] ?? 1)
    if (token === '\n') this.#move(1, true)
    else if (token === '\x1b[?25l' || token === '\x1b[?25h') this.cursor = token.endsWith('h')
    else if (token.startsWith('\x1b[?2026') || (token.endsWith('m') && token.length > 1)) return
    else if (/\[\d*A$/.test(token)) this.#move(-count)
    else if (/\[\d*B$/.test(token)) this.#move(count)
    else if (token === '\x1b[G') this.#x = 0
    else if (token === '\x1b[2K') this.lines[this.#y] = ''
    else if (token === '\x1b[K') this.lines[this.#y] = line.slice(0, this.#x)
    else if (token.startsWith('\x1b'))
      throw new Error(`the terminal of this test does not know ${JSON.stringify(token)}`)
    else {
      if (this.#x === this.columns) this.#move(1, true)
      const now = this.lines[this.#y] ?? ''
      this.lines[this.#y] = now.slice(0, this.#x).padEnd(this.#x) + token + now.slice(this.#x + 1)
      this.#x += 1
    }
  }

  #move(down: number, newLine = false): void {
    if (newLine) this.#x = 0
    this.#y = Math.max(0, this.#y + down)
    while (this.lines.length <= this.#y) this.lines.push('')
  }

  /** What stands there, without the spinner's frame and the empty end. */
  get screen(): string[] {
    return this.lines
      .join('\n')
      .trimEnd()
      .replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '*')
      .split('\n')
  }
}
