/** DuckDB. The only file that knows the package; it is loaded when it is needed, since that takes 0.1 s. */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { atInterruption } from '../engine/interruption.ts'

export type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'

/** Begins to load the package; a failure shows in `openDatabase`. */
export const prepareDatabase = (): void => void import('@duckdb/node-api').catch(() => undefined)

export interface Database extends Disposable {
  readonly connection: DuckDBConnection
}

async function newInstance(settings: Readonly<Record<string, string>>): Promise<DuckDBInstance> {
  const { DuckDBInstance: instances } = await import('@duckdb/node-api')
  return await instances.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: '',
    ...settings,
  })
}

async function connectTo(instance: DuckDBInstance): Promise<Database> {
  const connection = await instance.connect()
  const goOn = atInterruption(() => connection.interrupt())
  return {
    connection,
    [Symbol.dispose]: () => {
      goOn()
      connection.closeSync()
    },
  }
}

/**
 * A database in memory. Nothing is fetched: the lab needs none of DuckDB's extensions. What does not fit in memory goes
 * to `temp_directory`, and nowhere unless that is named: DuckDB's own choice is `.tmp` of the current directory, which
 * it then lets every statement read. Ctrl-C ends its statements: their threads go on otherwise, and the process could
 * not end before them.
 */
export async function openDatabase(settings: Readonly<Record<string, string>>): Promise<Database> {
  const instance = await newInstance(settings)
  const { connection, [Symbol.dispose]: close } = await connectTo(instance)
  return {
    connection,
    [Symbol.dispose]: () => {
      close()
      instance.closeSync()
    },
  }
}

let kept: Promise<DuckDBInstance> | undefined

/**
 * Does something with a connection of its own to a database in memory that stays open as long as the process: making
 * one takes 12 ms of CPU, connecting to it 0.1 ms, and every run of an experiment writes a table. It has one thread:
 * the work is in filling the rows, and the other cores may run a guest. Tables must be temporary (CREATE TEMP TABLE):
 * nobody else sees those, and they go with the connection. After a failure the next call makes a new database, since
 * DuckDB takes no statement any more after an error that it calls fatal.
 */
export async function withKeptDatabase<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  kept ??= newInstance({ threads: '1' })
  try {
    using database = await connectTo(await kept)
    return await work(database.connection)
  } catch (error) {
    kept = undefined
    throw error
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
