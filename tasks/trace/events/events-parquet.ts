/** Events as a Parquet table (zstd), for DuckDB, pandas and R. */
import { rename, rm } from 'node:fs/promises'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { prepareDatabase, quoted, withKeptDatabase, type DuckDBAppender } from '../duckdb.ts'
import { EVENT_COLUMNS } from './table-shape.ts'

/** Begins to load what `writeEvents` needs; a failure shows there. */
export const prepareParquet = prepareDatabase

/**
 * In this order in the file. `time_ns` is ticks where the trace's clock counts; `flags` is null where the text had
 * none.
 */
const COLUMNS = Object.entries(EVENT_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ')

function append(appender: DuckDBAppender, { timeNs, cpu, pid, comm, flags, event, message }: TraceEvent): void {
  appender.appendUBigInt(timeNs)
  appender.appendUSmallInt(cpu)
  appender.appendUInteger(pid)
  appender.appendVarchar(comm)
  if (flags === undefined) appender.appendNull()
  else appender.appendVarchar(flags)
  appender.appendVarchar(event)
  appender.appendVarchar(message)
  appender.endRow()
}

async function appendAll(
  appender: DuckDBAppender,
  events: AsyncIterable<TraceEvent> | Iterable<TraceEvent>,
): Promise<number> {
  let count = 0
  const add = (event: TraceEvent) => {
    append(appender, event)
    count++
  }
  // Awaiting each of a million events that are there already would take longer than writing them.
  if (Symbol.iterator in events) for (const event of events) add(event)
  else for await (const event of events) add(event)
  appender.closeSync()
  return count
}

/**
 * Writes `file`, whole or not at all; what stood there stays until then.
 * @returns number of events
 * @throws DuckDB's own error (no space, no such directory), or what `events` throws
 */
export async function writeEvents(
  file: string,
  events: AsyncIterable<TraceEvent> | Iterable<TraceEvent>,
): Promise<number> {
  const partial = `${file}.partial`
  try {
    const count = await withKeptDatabase(async (connection) => {
      await connection.run(`CREATE TEMP TABLE events (${COLUMNS})`)
      const appended = await appendAll(await connection.createAppender('events'), events)
      await connection.run(`COPY events TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd)`)
      return appended
    })
    await rename(partial, file)
    return count
  } finally {
    await rm(partial, { force: true })
  }
}
