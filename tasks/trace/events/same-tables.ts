/** Whether two tables of events have the same rows in the same order. */
import { TYPED } from '../../linux/ftrace/trace-line.ts'
import { openDatabase, parquet, quoted } from '../duckdb.ts'

/**
 * Of all columns, where each row stands included. Only compared with numbers of the same process: DuckDB's hash() may change between versions.
 * @throws DuckDB's own error where one of the files is missing or damaged
 */
export async function sameTables(a: string, b: string): Promise<boolean> {
  using database = await openDatabase({ threads: '2' })
  const rows = async (file: string) => {
    const reader = await database.connection.runAndReadAll(
      `SELECT count(*)::VARCHAR, sum(hash(t)::HUGEINT)::VARCHAR, bit_xor(hash(hash(t)))::VARCHAR
       FROM ${parquet([file], 'file_row_number = true')} AS t`,
    )
    return JSON.stringify(reader.getRowsJson())
  }
  return (await rows(a)) === (await rows(b))
}

/**
 * Whether the table of a channel of typed events tells of the same events as the table of all events: when, where and who.
 * @throws DuckDB's own error where one of the files is missing or damaged
 */
export async function sameTyped(all: string, channel: string, name: string): Promise<boolean> {
  using database = await openDatabase({ threads: '2' })
  const columns = 'time_ns, cpu, pid, comm'
  const mine = `SELECT ${columns} FROM ${parquet([all])} WHERE event = ${quoted(TYPED + name)}`
  const theirs = `SELECT ${columns} FROM ${parquet([channel])}`
  const reader = await database.connection.runAndReadAll(
    `SELECT count(*) FROM ((${mine} EXCEPT ALL ${theirs}) UNION ALL (${theirs} EXCEPT ALL ${mine}))`,
  )
  return reader.getRowsJS()[0]?.[0] === 0n
}
