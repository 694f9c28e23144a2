/**
 * Whether two tables hold the very same events, whatever the runs are called and however the traces were written down.
 */
import { openDatabase, parquet } from '../duckdb.ts'

/**
 * What stays the same when a recording is written as text and read again: microseconds, CPU, pid, and the message.
 * Names of processes and flags depend on who wrote it, the name of a BPF program's event on the kernel.
 */
const ROW = `hash((time_ns + 500) // 1000, cpu, pid, CASE WHEN event IN ('print', 'bpf_trace_printk') THEN 'print' ELSE event END, message)`

/**
 * A number for the events of each table, in any order: equal tables have equal ones, and others with 128 bits of luck.
 * Only to be compared with those of the same process: DuckDB's hash() may change between versions.
 * @throws DuckDB's own error where one of the files is missing or damaged
 */
export async function eventsDigests(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (files.length === 0) return new Map()
  using database = await openDatabase({ threads: '2' })
  const reader = await database.connection.runAndReadAll(
    `SELECT filename, count(*)::VARCHAR || '-' || sum(h::HUGEINT)::VARCHAR || '-' || bit_xor(hash(h))::VARCHAR
     FROM (SELECT filename, ${ROW} AS h FROM ${parquet(files, 'union_by_name = true', 'filename = true')})
     GROUP BY filename`,
  )
  return new Map(reader.getRowsJson() as [string, string][])
}
