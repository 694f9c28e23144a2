/** Lines at the head of a stream that goes on with other bytes: who reads them says which is the last one. */
export class LeadingLines {
  readonly #onLine: (line: string) => boolean | void
  #rest: Buffer = Buffer.alloc(0)
  #reading = true

  /** @param onLine takes each line without its end; true: it was the last one */
  constructor(onLine: (line: string) => boolean | void) {
    this.#onLine = onLine
  }

  /** Takes a piece of the stream. @returns what of it follows the last line */
  push(chunk: Buffer): Buffer {
    if (!this.#reading) return chunk
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (let at = this.#rest.indexOf(10); this.#reading && at >= 0; at = this.#rest.indexOf(10)) {
      const line = this.#rest.toString('utf8', 0, at)
      this.#rest = this.#rest.subarray(at + 1)
      if (this.#onLine(line) === true) this.#reading = false
    }
    return this.#reading ? Buffer.alloc(0) : this.#rest
  }

  /** The stream is over: a line without an end counts as one. */
  end(): void {
    if (this.#reading && this.#rest.length > 0) this.#onLine(this.#rest.toString('utf8'))
  }
}
