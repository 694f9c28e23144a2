/** DuckDB. The only file that knows the package; it is loaded when it is needed, since that takes 0.1 s. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { atInterruption } from '../engine/interruption.ts'

export type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'

/** Begins to load the package; a failure shows in `openDatabase`. */
export const prepareDatabase = (): void => void import('@duckdb/node-api').catch(() => undefined)

export interface Database extends Disposable {
  readonly connection: DuckDBConnection
}

/**
 * A database in memory. Nothing is fetched: the lab needs none of DuckDB's extensions. What does not fit in memory goes
 * to `temp_directory`, and nowhere unless that is named: DuckDB's own choice is `.tmp` of the current directory, which
 * it then lets every statement read. Ctrl-C ends its statements: their threads go on otherwise, and the process could
 * not end before them.
 */
export async function openDatabase(settings: Readonly<Record<string, string>>): Promise<Database> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: '',
    ...settings,
  })
  const connection = await instance.connect()
  const goOn = atInterruption(() => connection.interrupt())
  return {
    connection,
    [Symbol.dispose]: () => {
      goOn()
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** A text as SQL: doubled quotes stand for themselves. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * The name of a file that is read, without its quotes: where DuckDB reads, `*`, `?` and `[` are patterns, and a
 * directory called `a[b]` would be taken for its neighbour `ab`. A file that is written is named as it is.
 */
export const literally = (file: string): string => file.replaceAll(/[[*?]/g, '[$&]')

/** Parquet files as a table of SQL. No part of a path is a column, also where a directory is called `run=3`. */
export const parquet = (files: readonly string[], ...options: readonly string[]): string =>
  `read_parquet([${files.map((file) => quoted(literally(file))).join(', ')}], ${['hive_partitioning = false', ...options].join(', ')})`

/** A name as SQL. */
export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`
