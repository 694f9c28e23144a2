/** A file of any size as lines of bytes. */
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { isPlain } from '../trace/events/event-rows.ts'
import { interrupted } from '../engine/error.ts'

/** A longer line is no line of a trace; it is told by its beginning. Bytes. */
export const LONGEST_LINE = 16 << 20
/** So much of a line that is too long is given. */
const BEGINNING = 200

export interface LineTaker {
  /** A line of bytes (latin1) without its end. `plain`: as `isPlain` says of all that was read for it. */
  readonly line: (line: string, plain: boolean) => void
  /** The beginning of a line that is too long. */
  readonly tooLong: (beginning: string) => void
}

/**
 * Reads a file once, in pieces, and gives each line. The bytes come as latin1: nothing of them is changed. The lines of
 * a file whose first line ends in CR LF end so.
 * @param hash is given all bytes, if there is one
 * @param progress bytes so far
 */
export async function eachLine(
  file: string,
  { line, tooLong }: LineTaker,
  { signal, hash, progress }: { signal: AbortSignal; hash?: Hash; progress?: (bytes: number) => void },
): Promise<void> {
  let rest = ''
  let cut = false
  let bytes = 0
  let plain = true
  let crlf: boolean | undefined
  const give = (text: string): void => {
    crlf ??= text.endsWith('\r')
    line(crlf && text.endsWith('\r') ? text.slice(0, -1) : text, plain)
  }
  const end = (text: string): void => {
    if (cut) cut = false
    else if (text.length > LONGEST_LINE) tooLong(text.slice(0, BEGINNING))
    else give(text)
  }
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 16 })) {
    if (signal.aborted) throw interrupted()
    const piece = chunk as Buffer
    hash?.update(piece)
    bytes += piece.length
    progress?.(bytes)
    plain = isPlain(piece) && (rest === '' || plain)
    const text = rest + piece.toString('latin1')
    let from = 0
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      end(text.slice(from, to))
      from = to + 1
    }
    rest = text.slice(from)
    if (rest.length <= LONGEST_LINE) continue
    if (!cut) tooLong(rest.slice(0, BEGINNING))
    cut = true
    rest = ''
  }
  if (rest !== '') end(rest)
}
