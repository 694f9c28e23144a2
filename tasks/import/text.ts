/** The text of a trace -> a table of events, and the count of everything else. */
import { createHash } from 'node:crypto'
import { RowFile } from '../trace/events/row-file.ts'
import { TraceParser, type TraceEvent } from '../linux/ftrace/trace-line.ts'
import { eachLine } from './lines.ts'
import { Tally } from './tally.ts'

export interface TextRequest {
  readonly file: string
  /** The table; whole or not at all. */
  readonly table: string
  readonly signal: AbortSignal
  /** Bytes so far. */
  readonly progress: (bytes: number) => void
  /** What else is known of the event in a line. */
  readonly known?: (event: TraceEvent, line: number) => TraceEvent
}

export interface TextRead {
  readonly tally: Tally
  /** What the text of a function_graph trace did not have, so that it was made up from what it has. */
  readonly graph: { readonly timesAreDurations: boolean; readonly cpuForProcess: boolean }
  readonly lines: number
  readonly bytes: number
  readonly sha256: string
}

/**
 * Reads a text of any size in bounded memory. Without an event no table is written. Throws the errors of the disk and
 * of DuckDB.
 */
export async function readText({ file, table, signal, progress, known }: TextRequest): Promise<TextRead> {
  using rows = new RowFile(`${table}.rows`)
  let [plain, before] = [true, true]
  const tally = new Tally(
    known ? (event, line) => rows.add(known(event, line), line, plain) : (event, line) => rows.add(event, line, plain),
  )
  const parser = new TraceParser(tally)
  const hash = createHash('sha256')
  let bytes = 0
  await eachLine(
    file,
    {
      line: (line, isPlain) => {
        // A stack is given out with a line after it: it was plain if both are.
        plain = isPlain && before
        before = isPlain
        parser.take(line)
      },
      tooLong: (text) => parser.skip(text),
    },
    {
      signal,
      hash,
      progress: (count) => {
        bytes = count
        progress(count)
      },
    },
  )
  parser.end()
  if (rows.count > 0) await rows.finish(table)
  const { timesAreDurations, cpuForProcess } = parser.graph
  return { tally, graph: { timesAreDurations, cpuForProcess }, lines: parser.lines, bytes, sha256: hash.digest('hex') }
}
