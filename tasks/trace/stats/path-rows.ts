/**
 * The messages of many runs, row by row in the order of their tables. DuckDB sorts nothing and holds no row back, so that
 * memory does not grow with the events; a message crosses over as a number.
 */
import { openDatabase, parquet, quoted, type Database, type DuckDBConnection, type DuckDBDataChunk } from '../duckdb.ts'
import { inTime } from '../../config/text/pattern.ts'
import type { Place } from '../events/cut-reads.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { Processes } from '../events/processes.ts'

/** One run's table of events. */
export interface PathRun {
  readonly file: string
  /** Runs of one group have one path: the same arm on the same kernel. */
  readonly group: number
  /** The workload; undefined: every process (nobody knows what the workload of an import was). */
  readonly pid: number | undefined
}

/** Called for each message: `time` counts from a moment of the run's own; `row` is its number in the table. */
export type TakeRow = (run: number, pid: number, time: number, text: number, row: number) => void

/** What may be in DuckDB's memory; the rest of the list of different messages goes to a directory. */
const MEMORY = '128MB'
/** Different messages that become a type of DuckDB's, which is in memory; where there are more, the texts cross over. */
const MOST_NUMBERED = 10_000
/** Of 2048 rows each, whose texts are looked at under one deadline: to set one takes some milliseconds. */
const CHUNKS = 16
/** Times are two numbers of 32 bits: a double holds no moment since 1970 to the nanosecond. */
const HIGH = 2 ** 32
const PRINTK = "event IN ('print', 'bpf_trace_printk')"
const PROCESS_EVENTS = "event IN ('sched_process_fork', 'sched_process_exec', 'sched_process_exit')"

async function rows<Row>(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS() as unknown as Row[]
}

const OWN_ROWS = 100_000

/** Processes of one run whose messages count; undefined: all of them. */
type Own = ReadonlySet<number> | undefined

/** The workload and all that it started, of each run that has one. */
async function ownProcesses(connection: DuckDBConnection, runs: readonly PathRun[], source: string): Promise<Own[]> {
  type Row = [run: number, timeNs: bigint, cpu: number, pid: number, comm: string, event: string, message: string]
  const found =
    source === ''
      ? []
      : await rows<Row>(
          connection,
          `SELECT run::INTEGER, time_ns, cpu, pid, comm, event, message FROM ${source} WHERE ${PROCESS_EVENTS} ORDER BY run, row`,
        )
  const ofRun = Map.groupBy(found, ([run]) => run)
  return runs.map(({ pid }, run) => {
    if (pid === undefined) return undefined
    const events = (ofRun.get(run) ?? []).map(([, timeNs, cpu, pid, comm, event, message]): TraceEvent => ({
      timeNs,
      cpu,
      pid,
      comm,
      event,
      message,
    }))
    return new Processes(events).descendants(pid)
  })
}

/** The same as a table of SQL: numbers only. */
async function fillOwn(connection: DuckDBConnection, own: readonly Own[]): Promise<void> {
  await connection.run('CREATE TEMP TABLE own (run INTEGER, pid UINTEGER)')
  const pairs = own.flatMap((pids, run) => Array.from(pids ?? [], (pid) => `(${run}, ${pid})`))
  for (let from = 0; from < pairs.length; from += OWN_ROWS)
    await connection.run(`INSERT INTO own VALUES ${pairs.slice(from, from + OWN_ROWS).join(', ')}`)
}

/** Values of one column: they are read where DuckDB has them, since lists of them would take longer to make. */
interface Vector {
  getItem(index: number): unknown
}
type Vectors = [run: Vector, pid: Vector, high: Vector, low: Vector, text: Vector, row: Vector]

class ChunkReader {
  readonly #runs: readonly PathRun[]
  readonly #own: readonly Own[]
  readonly #number: (text: number | string) => number
  readonly #take: TakeRow
  #run = -1
  #row = -1
  #base = 0

  constructor(runs: readonly PathRun[], own: readonly Own[], number: (text: number | string) => number, take: TakeRow) {
    this.#runs = runs
    this.#own = own
    this.#number = number
    this.#take = take
  }

  /** @throws Error where DuckDB does not keep the order of the tables, on which everything here depends */
  take(chunk: DuckDBDataChunk): void {
    const count = chunk.rowCount
    const columns = [0, 1, 2, 3, 4, 5].map((column) => chunk.getColumnVector(column))
    const [runs, pids, highs, lows, texts, rowNumbers] = columns as unknown as Vectors
    for (let at = 0; at < count; at++) {
      const run = runs.getItem(at) as number
      const row = rowNumbers.getItem(at) as number
      const high = highs.getItem(at) as number
      if (run < this.#run || (run === this.#run && row <= this.#row))
        throw new Error(`DuckDB gave row ${row} of ${this.#runs[run]?.file} after row ${this.#row}`)
      if (run !== this.#run) this.#base = high
      this.#run = run
      this.#row = row
      const pid = pids.getItem(at) as number
      const own = this.#own[run]
      const text = texts.getItem(at) as number | string | null
      if (text === null || (own !== undefined && !own.has(pid))) continue
      this.#take(run, pid, (high - this.#base) * HIGH + (lows.getItem(at) as number), this.#number(text), row)
    }
  }
}

export class PathRows implements Disposable {
  readonly #database: Database
  readonly #runs: readonly PathRun[]
  #own: readonly Own[] = []
  /** What a row has to be, and its text, as SQL. */
  #counts = PRINTK
  #step = 'message'
  /** How many different messages there are. */
  messages = 0

  private constructor(database: Database, runs: readonly PathRun[]) {
    this.#database = database
    this.#runs = runs
  }

  /**
   * @param runs at least one
   * @param temp a directory for what does not fit in memory; the caller removes it
   * @throws DuckDB's own error for a file that is missing or damaged
   */
  static async open(runs: readonly PathRun[], temp: string): Promise<PathRows> {
    // One thread: the rows of a table come in its order.
    const database = await openDatabase({ memory_limit: MEMORY, temp_directory: temp, threads: '1' })
    const opened = new PathRows(database, runs)
    try {
      await opened.#prepare()
    } catch (error) {
      database[Symbol.dispose]()
      throw error
    }
    return opened
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]()
  }

  /** The tables of some runs as one table of SQL; an empty text where there are none. */
  #source(include: (run: PathRun) => boolean): string {
    const files = this.#runs.filter(include).map(({ file }) => file)
    if (files.length === 0) return ''
    const tables = parquet(files, 'union_by_name = true', 'filename = true', 'file_row_number = true')
    return `(SELECT enum_code(filename::files) AS run, file_row_number AS row, time_ns, cpu, pid, comm, event, message FROM ${tables})`
  }

  async #prepare(): Promise<void> {
    const { connection } = this.#database
    await connection.run(`CREATE TYPE files AS ENUM (${this.#runs.map(({ file }) => quoted(file)).join(', ')})`)
    const [limited, all] = [this.#source(({ pid }) => pid !== undefined), this.#source(({ pid }) => pid === undefined)]
    this.#own = await ownProcesses(connection, this.#runs, limited)
    await fillOwn(connection, this.#own)
    if (all !== '') {
      // An import without any message of a probe has the path of its events.
      const silent = await rows<[number]>(
        connection,
        `SELECT run::INTEGER FROM ${all} GROUP BY run HAVING NOT bool_or(${PRINTK})`,
      )
      if (silent.length > 0) {
        this.#counts = `(${PRINTK} OR run IN (${silent.join(', ')}))`
        this.#step = `CASE WHEN ${PRINTK} THEN message ELSE event END`
      }
    }
    const parts = [limited && `${limited} SEMI JOIN own USING (run, pid)`, all].filter((part) => part !== '')
    const steps = parts.map((part) => `SELECT ${this.#step} AS message FROM ${part} WHERE ${this.#counts}`)
    await connection.run(
      `CREATE TEMP TABLE messages AS SELECT DISTINCT message FROM (${steps.join(' UNION ALL ')}) WHERE message IS NOT NULL`,
    )
    const [counted] = await rows<[bigint]>(connection, 'SELECT count(*) FROM messages')
    this.messages = Number(counted?.[0] ?? 0)
  }

  /** The caller's number of each message, by the number that DuckDB has for it; undefined where there are too many. */
  async #numbers(numberOf: (message: string) => number): Promise<number[] | undefined> {
    if (this.messages > MOST_NUMBERED) return undefined
    const { connection } = this.#database
    await connection.run('CREATE TYPE numbered AS ENUM (SELECT message FROM messages ORDER BY message)')
    const found = await rows<[code: number, message: string]>(
      connection,
      'SELECT enum_code(message::numbered)::INTEGER, message FROM messages ORDER BY message',
    )
    const numbers: number[] = []
    inTime(() => {
      for (const [code, message] of found) numbers[code] = numberOf(message)
    })
    return numbers
  }

  /**
   * Each message that counts, run by run and in the order of the run's table.
   * @param numberOf the number of a text, see `TakeRow`
   * @throws what `numberOf` and `take` throw, and GaveUp where they are never done
   */
  async each(numberOf: (message: string) => number, take: TakeRow): Promise<void> {
    const numbers = await this.#numbers(numberOf)
    const step = numbers === undefined ? this.#step : `enum_code(TRY_CAST(${this.#step} AS numbered))::INTEGER`
    const result = await this.#database.connection.stream(
      `SELECT run::INTEGER, pid, (time_ns >> 32)::UINTEGER, (time_ns & ${HIGH - 1})::UINTEGER, ${step}, row::DOUBLE
       FROM ${this.#source(() => true)} WHERE ${this.#counts}`,
    )
    const number = (text: number | string) => (typeof text === 'string' ? numberOf(text) : (numbers?.[text] ?? 0))
    const reader = new ChunkReader(this.#runs, this.#own, number, take)
    let chunks: DuckDBDataChunk[] = []
    const takeAll = () => {
      for (const chunk of chunks) reader.take(chunk)
      chunks = []
    }
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) break
      chunks.push(chunk)
      // The texts of the lab's numbers have been looked at.
      if (numbers !== undefined) takeAll()
      else if (chunks.length === CHUNKS) inTime(takeAll)
    }
    if (chunks.length > 0) inTime(takeAll)
  }

  /** The first messages of a read; `time` is in nanoseconds (or ticks) after the first of them. */
  async read({ run, pid, row }: Place, length: number): Promise<{ readonly time: number; readonly message: string }[]> {
    const found = await rows<[timeNs: bigint, message: string]>(
      this.#database.connection,
      `SELECT time_ns, ${this.#step} FROM ${this.#source((other) => other === this.#runs[run])}
       WHERE pid = ${pid} AND row >= ${row} AND ${this.#counts} ORDER BY row LIMIT ${length}`,
    )
    const start = found[0]?.[0] ?? 0n
    return found.map(([timeNs, message]) => ({ time: Number(timeNs - start), message }))
  }
}
