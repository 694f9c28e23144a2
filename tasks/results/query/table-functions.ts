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

/**
 * Names in small letters, wherever in the statement they stand. Nothing is bound or run. Empty for a statement that is no SELECT (which DuckDB
 * does not write out).
 */
export async function tableFunctions(connection: DuckDBConnection, sql: string): Promise<readonly string[]> {
  const reader = await connection.runAndReadAll(`SELECT json_serialize_sql(${quoted(sql)})`)
  const text = reader.getRowsJson()[0]?.[0]
  return typeof text === 'string' ? [...functionsIn(JSON.parse(text))] : []
}
