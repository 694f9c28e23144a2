/** DuckDB. The only file that knows the package; it is loaded when it is needed, since that takes 0.1 s. */
import type { DuckDBConnection } from '@duckdb/node-api'

export type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'

/** Begins to load the package; a failure shows in `openDatabase`. */
export const prepareDatabase = (): void => void import('@duckdb/node-api').catch(() => undefined)

export interface Database extends Disposable {
  readonly connection: DuckDBConnection
}

/** A database in memory. Nothing is fetched: the lab needs none of DuckDB's extensions. */
export async function openDatabase(settings: Readonly<Record<string, string>>): Promise<Database> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...settings,
  })
  const connection = await instance.connect()
  return {
    connection,
    [Symbol.dispose]: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

/** A text as SQL: doubled quotes stand for themselves. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A name as SQL. */
export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`
