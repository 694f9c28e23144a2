/** Writing to a stream whose reader may leave (`lab results | head`) or whose disk may be full. */
import { codeOf, labError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'

/** process.stdout and process.stderr, or a stream of a test. `columns` only where it is a terminal. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/**
 * The reader has gone: EPIPE from the system, the other one from Node for every write after it. EIO: the terminal was
 * closed.
 */
const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'EIO'])

export interface OutputOptions {
  /** For messages: `stdout`. */
  readonly name: string
  /** Called once when the reader has gone; without an error listener Node would end the process with a stack trace. */
  readonly onReaderGone?: (() => void) | undefined
}

export class Output {
  readonly stream: TextStream
  readonly #options: OutputOptions
  #gone = false
  #lost: Error | undefined
  #pending = 0
  #idle: PromiseWithResolvers<void> | undefined
  readonly #onError = (error: Error): void => this.#fail(error)

  constructor(stream: TextStream, options: OutputOptions) {
    this.stream = stream
    this.#options = options
    stream.on('error', this.#onError)
  }

  /** Whether the reader has gone. */
  get gone(): boolean {
    return this.#gone
  }

  /** Writes as it is. Quietly nothing when the reader has gone. */
  write(text: string | Uint8Array): void {
    if (this.#gone || this.#lost !== undefined) return
    this.#pending += 1
    this.stream.write(text, (error) => {
      if (error) this.#fail(error)
      this.#pending -= 1
      if (this.#pending > 0) return
      this.#idle?.resolve()
      this.#idle = undefined
    })
  }

  /**
   * Text of several lines, made printable line by line, ended by one line end. Tabs stay; empty text writes nothing.
   */
  text(text: string): void {
    if (text === '') return
    const lines = text.replace(/\n$/, '').split('\n')
    this.write(
      `${lines
        .map((line) =>
          line
            .split('\t')
            .map((part) => printable(part))
            .join('\t'),
        )
        .join('\n')}\n`,
    )
  }

  /**
   * Resolves when everything written has left the process. Throws a Failure when it could not (a full disk): an answer
   * that is silently incomplete would be taken for the whole. A reader that has gone wanted no more and is no failure.
   */
  async flushed(): Promise<void> {
    if (this.#pending > 0) await (this.#idle ??= Promise.withResolvers<void>()).promise
    if (this.#lost !== undefined) {
      throw labError({ place: this.#options.name, fact: `could not be written: ${this.#lost.message}` }, this.#lost)
    }
  }

  #fail(error: Error): void {
    if (!READER_GONE.has(codeOf(error))) {
      this.#lost ??= error
      return
    }
    if (this.#gone) return
    this.#gone = true
    this.#options.onReaderGone?.()
  }
}
