/** All runs as tables for SQL: runs, params, probes, losses in memory, events as a view of the runs' Parquet files. */
import { messageOf } from '../../engine/error.ts'
import { memoryLimit } from '../../host/memory-group.ts'
import {
  literally,
  openDatabase,
  parquet,
  quoted,
  quotedName,
  type Database,
  type DuckDBConnection,
} from '../../trace/duckdb.ts'
import { oddColumn } from '../../trace/events/table-shape.ts'
import { outlineOf } from './table-functions.ts'

type Value = string | number | boolean | null
export type Row = Readonly<Record<string, Value>>

/** A table with its types; the rows have the same names. */
export interface TableOfRows {
  readonly name: string
  readonly columns: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

/** Columns that every table of events has, also where there is no run yet. */
const EVENTS = `NULL::VARCHAR AS run, NULL::UBIGINT AS time_ns, NULL::USMALLINT AS cpu, NULL::UINTEGER AS pid, NULL::VARCHAR AS comm,
  NULL::VARCHAR AS flags, NULL::VARCHAR AS event, NULL::VARCHAR AS message`

async function fill(connection: DuckDBConnection, { name, columns, rows }: TableOfRows): Promise<void> {
  const types = Object.entries(columns)
  await connection.run(`CREATE TABLE ${name} (${types.map(([column, type]) => `${column} ${type}`).join(', ')})`)
  if (rows.length === 0) return
  const structure = Object.fromEntries(types.map(([column, type]) => [column, type === 'TIMESTAMP' ? 'VARCHAR' : type]))
  // The JSON goes in as a value, so that nothing of it is SQL.
  await connection.run(
    `INSERT INTO ${name} SELECT ${types.map(([column, type]) => `CAST(r.${column} AS ${type})`).join(', ')}
     FROM (SELECT unnest(from_json($1::JSON, ${quoted(JSON.stringify([structure]))})) AS r)`,
    [JSON.stringify(rows)],
  )
}

/** `.../run/events.parquet`: the run is the name of the directory. */
const parquetView = (files: readonly string[]): string =>
  `SELECT string_split(filename, '/')[-2] AS run, * EXCLUDE (filename)
   FROM ${parquet(files, 'union_by_name = true', 'filename = true')}`

/** A file with the tables of many runs (compact.ts), each event with its run. */
export interface CompactTable {
  readonly file: string
  /** Runs whose part of it does not count: they were deleted or changed. */
  readonly without: readonly string[]
}

const compactView = ({ file, without }: CompactTable): string =>
  `SELECT * FROM ${parquet([file])}${without.length === 0 ? '' : ` WHERE run NOT IN (${without.map(quoted).join(', ')})`}`

/** The events of these runs as SQL, each with its run. */
export function eventsOf({ compact, files }: { compact: readonly CompactTable[]; files: readonly string[] }): string {
  const parts = [...compact.map(compactView), ...(files.length === 0 ? [] : [parquetView(files)])]
  return parts.length === 0 ? `SELECT ${EVENTS} WHERE false` : parts.join(' UNION ALL BY NAME ')
}

/** The files of a run are not what they should be; which, only looking at each of them says. */
export class OddTable extends Error {}

/** Makes a view. One file of another shape would change the types of all. @throws OddTable */
async function viewOf(connection: DuckDBConnection, name: string, select: string): Promise<void> {
  try {
    await connection.run(`CREATE VIEW ${quotedName(name)} AS ${select}`)
    if (name !== 'events' || (await oddColumn(connection, 'events')) === undefined) return
  } catch (error) {
    throw new OddTable(messageOf(error), { cause: error })
  }
  throw new OddTable('a table is of another shape')
}

/** What DuckDB may use on a small host; bytes. */
const LEAST_MEMORY = 512 * 2 ** 20

/** What DuckDB may use of the memory, bytes: a quarter, since VMs run on the same host. */
export const queryMemory = (): number => Math.max(LEAST_MEMORY, Math.floor(memoryLimit() / 4))

export interface QueryOptions {
  readonly tables: readonly TableOfRows[]
  /** Parquet files by the view that shows them: `events`, and the tables of typed events. */
  readonly files: ReadonlyMap<string, readonly string[]>
  /** More of `events`. */
  readonly compact: readonly CompactTable[]
  /** A file that the answer may be written to, if any. */
  readonly output?: string | undefined
  readonly threads: number
  /** What it may take of the memory; bytes. */
  readonly memory: number
  /** An empty directory for what does not fit in that; the caller removes it. None: it is an error of DuckDB's. */
  readonly spill?: string | undefined
}

/**
 * A database that can read these files and nothing else of the machine, and write nothing but `output`: DuckDB's file
 * systems are closed but for these names, and its settings locked.
 */
export async function openQuery({
  tables,
  files,
  compact,
  output,
  threads,
  memory,
  spill = '',
}: QueryOptions): Promise<Database> {
  const limits = { threads: String(threads), memory_limit: `${memory}B`, temp_directory: spill }
  const database = await openDatabase(limits)
  const { connection } = database
  try {
    for (const table of tables) await fill(connection, table)
    const views = new Map([['events', [] as readonly string[]], ...files])
    for (const [name, own] of views) {
      if (own.length === 0 && name !== 'events') continue
      await viewOf(connection, name, name === 'events' ? eventsOf({ compact, files: own }) : parquetView(own))
    }
    // A file is looked up as it is called and as the pattern that means only it.
    const read = [...views.values(), compact.map(({ file }) => file)].flat()
    const allowed = [...new Set([...read, ...read.map(literally)]), ...(output === undefined ? [] : [output])]
    await connection.run(`SET allowed_paths = [${allowed.map(quoted).join(', ')}]`)
    await connection.run('SET enable_external_access = false')
    await connection.run('SET lock_configuration = true')
    return database
  } catch (error) {
    database[Symbol.dispose]()
    throw error
  }
}

/** What a cell can be after DuckDB's own types have become JSON's; numbers that JSON cannot hold exactly are text. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell }

export interface Table {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly Cell[])[]
  /** There are more rows than were asked for. */
  readonly more: boolean
}

/** DuckDB's number of a statement that only reads. */
const SELECT = 1

/**
 * Functions in the place of a table that only read, and only what the database may: nothing is left on (enable_logging,
 * enable_profiling) or taken for an address (arrow_scan), and no text becomes a statement that nobody looked at (query,
 * json_execute_serialized_sql).
 */
export const READING: readonly string[] = [
  'range',
  'generate_series',
  'unnest',
  'repeat',
  'repeat_row',
  'json_each',
  'json_tree',
  'histogram',
  'histogram_values',
  'summary',
  'test_all_types',
  'test_vector_types',
  'read_parquet',
  'parquet_scan',
  'parquet_metadata',
  'parquet_file_metadata',
  'parquet_kv_metadata',
  'parquet_schema',
  'duckdb_tables',
  'duckdb_views',
  'duckdb_columns',
  'duckdb_types',
  'duckdb_functions',
  'duckdb_keywords',
  'duckdb_databases',
  'duckdb_schemas',
  'duckdb_constraints',
  'duckdb_indexes',
  'duckdb_settings',
  'pragma_table_info',
  'pragma_version',
]

/** The statement is not one SELECT. */
export class NotASelect extends Error {}

/** It calls a function in the place of a table that a query of results may not; its name. */
export class NotATable extends Error {}

/**
 * Throws NotASelect, NotATable, or DuckDB's own error for what it cannot understand. Needed because SQL could otherwise
 * write to a file that it may read, and because some functions that stand where a table can do more than read.
 */
export async function mustSelect(connection: DuckDBConnection, sql: string): Promise<void> {
  // Before anything is extracted or bound: that alone reads files for some (PRAGMA import_database), and calls
  // functions of others.
  const { kind, functions } = await outlineOf(connection, sql)
  if (kind === 'other') throw new NotASelect('another statement')
  const statements = await connection.extractStatements(sql)
  if (statements.count !== 1) throw new NotASelect(`${statements.count} statements`)
  if (kind === 'unknown') throw new NotASelect('another statement')
  const other = functions.find((name) => !READING.includes(name))
  if (other !== undefined) throw new NotATable(other)
  const prepared = await statements.prepare(0)
  try {
    if (Number(prepared.statementType) !== SELECT) throw new NotASelect('another statement')
  } finally {
    prepared.destroySync()
  }
}

const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/

/** JSON has 53 bits: larger integers stay text. */
const cell = (value: unknown, type: string): Cell => {
  if (typeof value === 'string' && INTEGER.test(type)) {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
  return value as Cell
}

/** At most so many rows of the answer. Throws DuckDB's own error. */
export async function select(connection: DuckDBConnection, sql: string, most: number): Promise<Table> {
  const reader = await connection.streamAndReadUntil(sql, most + 1)
  const types = reader.columnTypes().map(String)
  const rows = reader.getRowsJson().slice(0, most)
  return {
    columns: reader.columnNames().map((name, index) => ({ name, type: types[index] ?? '' })),
    rows: rows.map((row) => row.map((value, index) => cell(value, types[index] ?? ''))),
    more: reader.currentRowCount > most,
  }
}

/** Writes the answer as Parquet. The statement has passed `mustSelect`. */
export async function copyTo(connection: DuckDBConnection, sql: string, file: string): Promise<number> {
  const result = await connection.runAndReadAll(
    `COPY (FROM query(${quoted(sql)})) TO ${quoted(file)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
  )
  return Number(result.getRowsJson()[0]?.[0] ?? 0)
}
