/** Events as a Parquet table (zstd), for DuckDB, pandas and R. The only file that knows DuckDB; it is loaded when a table is written. */
import { rename, rm } from 'node:fs/promises'
import type { TraceEvent } from '../linux/trace-line.ts'

/** Begins to load what `writeEvents` needs; a failure shows there. */
export const prepareParquet = (): void => void import('@duckdb/node-api').catch(() => undefined)

/** Writes `file`, whole or not at all. Columns: time_ns, cpu, pid, comm, flags, event, message. */
export async function writeEvents(file: string, events: Iterable<TraceEvent>): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  const partial = `${file}.partial`
  try {
    await connection.run(
      'CREATE TABLE events (time_ns UBIGINT, cpu USMALLINT, pid UINTEGER, comm VARCHAR, flags VARCHAR, event VARCHAR, message VARCHAR)',
    )
    const appender = await connection.createAppender('events')
    for (const { timeNs, cpu, pid, comm, flags, event, message } of events) {
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
    appender.closeSync()
    // A path goes in as a quoted string of SQL: doubled quotes stand for themselves.
    await connection.run(`COPY events TO '${partial.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`)
    await rename(partial, file)
  } finally {
    connection.closeSync()
    await rm(partial, { force: true })
  }
}
