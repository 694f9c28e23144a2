/** The interface of every view. */
import type { Emit } from '../engine/event.ts'

/** What a command found out. */
export interface Answer {
  /**
   * For people, to stdout. Plain text of any number of lines; control characters but \n and \t are shown as escapes.
   */
  readonly text: string
  /** The text is code or rows of data: a terminal shows its lines as they are. Others are broken between words. */
  readonly verbatim?: boolean
  /** The same for programs (`--json`): anything that JSON can hold. */
  readonly data: unknown
  /** The file that was asked for went to stdout (`-o -`), so that the text may not. */
  readonly onStderr?: boolean
}

export interface View {
  readonly emit: Emit
  /**
   * Columns of the terminal that shows the answer, for `table`; undefined where it goes to a file, a pipe or a program.
   */
  readonly width: number | undefined
  /** Says the answer. While progress is being drawn it waits for `close`. */
  answer(answer: Answer): void
  /**
   * Bytes that the user asked for as they are (`lab exec`): nothing of them is changed or escaped. Resolves when they
   * have left the process: to false when nobody reads them any more (`lab exec ... | head`).
   */
  raw(bytes: Buffer, to: 'stdout' | 'stderr'): Promise<boolean>
  /** A conversation on the terminal (`lab ssh`): what the stream sends is shown as it is. */
  pipe(from: NodeJS.ReadableStream): void
  /**
   * Says what went wrong, once, however often it arrives: a Failure for people, anything else as a bug. Waits like
   * `answer`.
   */
  failure(thrown: unknown): void
  /**
   * Ends the drawing (running steps are shown as stopped), gives the terminal back, says what waited, and resolves when
   * all of it has left the process. Rejects with a Failure when the answer could not be written, or with the error of
   * the drawing itself. Calling it again is harmless; a failure that comes after it, this one too, is said at once.
   */
  close(): Promise<void>
}
