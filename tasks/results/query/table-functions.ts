/** Which functions a statement has in the place of a table, by DuckDB's own parser. */
import { quoted, type DuckDBConnection } from '../../trace/duckdb.ts'

interface Parsed {
  readonly type?: unknown
  readonly function?: { readonly function_name?: unknown }
}

function* functionsIn(tree: unknown): Iterable<string> {
  const todo = [tree]
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (typeof node !== 'object' || node === null) continue
    const { type, function: call }: Parsed = node
    if (type === 'TABLE_FUNCTION') yield String(call?.function_name).toLowerCase()
    for (const inner of Object.values(node)) if (typeof inner === 'object' && inner !== null) todo.push(inner)
  }
}

interface Serialized {
  readonly error?: unknown
  readonly error_type?: unknown
}

/** What a statement is before it is bound or run. */
export interface Outline {
  /**
   * `other`: DuckDB writes out only what is written as a SELECT, so a PRAGMA that becomes one is none. `unknown`: it
   * cannot be parsed.
   */
  readonly kind: 'select' | 'other' | 'unknown'
  /** Names in small letters of functions in the place of a table, wherever in the statement they stand. */
  readonly functions: readonly string[]
}

/** Nothing is bound or run. */
export async function outlineOf(connection: DuckDBConnection, sql: string): Promise<Outline> {
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${quoted(sql)})`)
  const text = reader.getRowsJson()[0]?.[0]
  const tree = (typeof text === 'string' ? JSON.parse(text) : {}) as Serialized
  if (tree.error === false) return { kind: 'select', functions: [...functionsIn(tree)] }
  return { kind: tree.error_type === 'not implemented' ? 'other' : 'unknown', functions: [] }
}
