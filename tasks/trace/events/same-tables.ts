/** Whether two tables of events have the same rows in the same order. */
import { TYPED } from '../../linux/ftrace/trace-line.ts'
import { openDatabase, parquet, quoted, quotedName } from '../duckdb.ts'

/**
 * Of all columns, where each row stands included. Only compared with numbers of the same process: DuckDB's hash() may
 * change between versions. A column that the recorded table does not have, since an older version wrote it, must be
 * empty in the other.
 * @throws DuckDB's own error where one of the files is missing or damaged
 */
export async function sameTables(recorded: string, computed: string): Promise<boolean> {
  using database = await openDatabase({ threads: '2' })
  const all = async (sql: string) => (await database.connection.runAndReadAll(sql)).getRowsJson()
  const columnsOf = async (file: string) =>
    (await all(`DESCRIBE SELECT * FROM ${parquet([file])}`)).flatMap(([name]) =>
      typeof name === 'string' ? [quotedName(name)] : [],
    )
  const columns = await columnsOf(recorded)
  const later = (await columnsOf(computed)).filter((name) => !columns.includes(name))
  for (const name of later)
    if ((await all(`SELECT count(${name})::VARCHAR FROM ${parquet([computed])}`))[0]?.[0] !== '0') return false
  const chosen = [...columns, 'file_row_number'].join(', ')
  const rows = async (file: string) =>
    JSON.stringify(
      await all(
        `SELECT count(*)::VARCHAR, sum(hash(t)::HUGEINT)::VARCHAR, bit_xor(hash(hash(t)))::VARCHAR
         FROM (SELECT ${chosen} FROM ${parquet([file], 'file_row_number = true')}) AS t`,
      ),
    )
  return (await rows(recorded)) === (await rows(computed))
}

/**
 * Whether the table of a channel of typed events tells of the same events as the table of all events: when, where and
 * who.
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
