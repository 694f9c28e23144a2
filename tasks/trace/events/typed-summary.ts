/** What the fields of typed events are like, over the tables of many runs. */
import { openDatabase, parquet, quotedName } from '../duckdb.ts'
import { HOLDER } from './processes.ts'

export interface FieldSummary {
  /** Name of its column. */
  readonly field: string
  readonly records: number
  /** Records of the lab's own loader, which nobody asked about; they are in no other number here. */
  readonly ofHolder: number
  /** How many different values it has. */
  readonly different: number
  /** Of numbers; null for text, arrays, and numbers that are beyond 2^53 and so are rather addresses. */
  readonly range: { readonly least: number; readonly median: number; readonly most: number } | null
  /** Of numbers with a range: all values, or an evenly drawn sample of them. */
  readonly values: Float32Array
  /** Of text, and of numbers with few different values: the most frequent ones, with how many records have them. */
  readonly counts: readonly (readonly [value: string, records: number])[]
}

const MEMORY = '256MB'
/** What every table begins with, and DuckDB adds. */
const HEAD = 'time_ns, cpu, pid, comm'
/** Values of one field that are kept: enough for a picture. */
const SAMPLE = 20_000
/** Values of one field that are counted: each of several arms has its own, and a figure shows those of all of them. */
const MOST_COUNTED = 1000
/** Numbers that differ this little are names of something (kinds, sizes) rather than measurements. */
const FEW = 12
const NUMBER = /^U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?$|^(?:DOUBLE|FLOAT)$/

/**
 * One line for each field, in the order of the struct.
 * @param temp a directory for what does not fit in memory; the caller removes it
 * @throws DuckDB's own error for a file that is missing or damaged
 */
export async function typedSummary(files: readonly string[], temp: string): Promise<FieldSummary[]> {
  if (files.length === 0) return []
  using database = await openDatabase({ memory_limit: MEMORY, temp_directory: temp })
  const { connection } = database
  const rows = async (sql: string) =>
    (await connection.runAndReadAll(sql)).getRowsJS() as unknown as (string | number | bigint | null)[][]
  const tables = parquet(files, 'union_by_name = true')
  await connection.run(
    `CREATE TEMP VIEW records AS SELECT * EXCLUDE (${HEAD}) FROM ${tables} WHERE comm <> '${HOLDER}'`,
  )
  const [[ofHolder = 0] = []] = await rows(`SELECT count(*) FROM ${tables} WHERE comm = '${HOLDER}'`)
  const columns = (await rows('DESCRIBE records')).map(([name, type]) => ({ name: String(name), type: String(type) }))
  const summaries: FieldSummary[] = []
  for (const { name: field, type } of columns) {
    const column = quotedName(field)
    const range = NUMBER.test(type)
      ? ['min', 'median', 'max'].map((aggregate) => `${aggregate}(${column})::DOUBLE`)
      : ['NULL']
    const [row = []] = await rows(`SELECT count(*), count(DISTINCT ${column}), ${range.join(', ')} FROM records`)
    const sample = async (): Promise<Float32Array> => {
      const found = await rows(
        `SELECT ${column}::DOUBLE FROM records WHERE ${column} IS NOT NULL USING SAMPLE reservoir(${SAMPLE} ROWS) REPEATABLE (1)`,
      )
      return Float32Array.from(found, ([value]) => Number(value))
    }
    const counted = async (): Promise<[string, number][]> => {
      const found = await rows(
        `SELECT ${column}::VARCHAR, count(*) FROM records WHERE ${column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${MOST_COUNTED}`,
      )
      return found.map(([value, count]) => [String(value), Number(count)])
    }
    const [records, different, least, median, most] = row.map((value) => (value === null ? null : Number(value)))
    const known =
      typeof least === 'number' && typeof median === 'number' && typeof most === 'number' && most <= 2 ** 53
        ? { least, median, most }
        : null
    summaries.push({
      field,
      records: records ?? 0,
      ofHolder: Number(ofHolder),
      different: different ?? 0,
      range: known,
      values: known === null ? new Float32Array() : await sample(),
      counts: type === 'VARCHAR' || (known !== null && (different ?? 0) <= FEW) ? await counted() : [],
    })
  }
  return summaries
}
