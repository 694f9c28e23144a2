/** Lines at the head of a stream that goes on with other bytes: who reads them says which is the last one. */

/**
 * A page of the trace as hexadecimal digits takes 8 KB, a verifier's log some megabytes; a longer line is no line.
 * Bytes.
 */
const LONGEST = 64 * 2 ** 20

export class LeadingLines {
  readonly #onLine: (line: string) => boolean | void
  /** Pieces of a line that has no end yet. */
  #pieces: Buffer[] = []
  #length = 0
  #reading = true

  /** @param onLine takes each line without its end; true: it was the last one */
  constructor(onLine: (line: string) => boolean | void) {
    this.#onLine = onLine
  }

  /**
   * Takes a piece of the stream.
   * @returns what of it follows the last line
   * @throws an Error for a line that is too long, and what `onLine` throws
   */
  push(chunk: Buffer): Buffer {
    if (!this.#reading) return chunk
    let rest = chunk
    for (let at = rest.indexOf(10); this.#reading && at >= 0; at = rest.indexOf(10)) {
      const line = this.#whole(rest.subarray(0, at))
      rest = rest.subarray(at + 1)
      if (this.#onLine(line) === true) this.#reading = false
    }
    if (!this.#reading) return rest
    this.#pieces.push(rest)
    this.#length += rest.length
    if (this.#length > LONGEST) throw new Error(`a line of more than ${LONGEST} bytes`)
    return Buffer.alloc(0)
  }

  #whole(last: Buffer): string {
    const line = Buffer.concat([...this.#pieces, last]).toString('utf8')
    this.#pieces = []
    this.#length = 0
    return line
  }

  /** The stream is over: a line without an end counts as one. */
  end(): void {
    if (this.#reading && this.#length > 0) this.#onLine(this.#whole(Buffer.alloc(0)))
  }
}
