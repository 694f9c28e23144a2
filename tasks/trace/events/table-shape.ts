/**
 * Whether a file is a table of events as the lab writes it: one that is not must not decide the types of all others, or
 * end a reader.
 */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { messageOf, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { openDatabase, parquet, type DuckDBConnection } from '../duckdb.ts'

/** Columns of a table of events and their types, as DuckDB names them. Older tables may lack some. */
export const EVENT_COLUMNS: Readonly<Record<string, string>> = {
  time_ns: 'UBIGINT',
  cpu: 'USMALLINT',
  pid: 'UINTEGER',
  comm: 'VARCHAR',
  flags: 'VARCHAR',
  event: 'VARCHAR',
  message: 'VARCHAR',
}

/** The name of that table; tables of typed events have fields of any type. */
const EVENTS = 'events.parquet'

/** What keeps a path from being opened: a pipe would be waited for, for ever. */
export function notAFile(file: string): string | undefined {
  try {
    const facts = statSync(file, { throwIfNoEntry: false })
    return facts === undefined ? 'it was deleted' : facts.isFile() ? undefined : 'it is not a file'
  } catch (error) {
    return messageOf(error)
  }
}

/**
 * The first column of `source` (a table of SQL) that has another type than in a table of events. @throws DuckDB's own
 * error
 */
export async function oddColumn(connection: DuckDBConnection, source: string): Promise<string | undefined> {
  const reader = await connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE FROM ${source})`)
  for (const [name, type] of reader.getRowsJson() as [string, string][]) {
    const wanted = EVENT_COLUMNS[name]
    if (wanted !== undefined && wanted !== type) return `its column ${name} is ${type} and not ${wanted}`
  }
  return undefined
}

/**
 * What is wrong with a Parquet file, or undefined.
 * @param deep of all its pages; otherwise of its end, where their places and types are
 */
export async function damageOf(file: string, deep: boolean): Promise<string | undefined> {
  const other = notAFile(file)
  if (other !== undefined) return other
  using database = await openDatabase({ threads: '1' })
  const source = parquet([file])
  try {
    await database.connection.run(deep ? `SELECT count(COLUMNS(*)) FROM ${source}` : `SELECT * FROM ${source} LIMIT 0`)
    return basename(file) === EVENTS ? await oddColumn(database.connection, source) : undefined
  } catch (error) {
    return messageOf(error).split('\n')[0] ?? ''
  }
}

/** @throws Failure (user) for what is no table of events; DuckDB's own error for a damaged file */
export async function needEvents(connection: DuckDBConnection, file: string): Promise<void> {
  const fact = notAFile(file) ?? (await oddColumn(connection, parquet([file])))
  if (fact === undefined) return
  throw userError({
    place: printable(file, 300),
    fact: `${basename(file)} is not a table of events: ${printable(fact, 200)}`,
    wayOut: '`lab verify RUN` says what else is not as it was recorded',
  })
}
