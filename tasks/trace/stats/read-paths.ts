/**
 * The path of a read and the time between its steps, over the events of many runs. Memory is bounded by DuckDB's limit,
 * and 4 bytes for each gap between two messages.
 */
import { inTime, matches, type Pattern } from '../../config/text/pattern.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { MOST_STEPS, ReadCutter, type Kind } from '../events/cut-reads.ts'
import { openDatabase, parquet, type DuckDBConnection } from '../duckdb.ts'
import { Processes } from '../events/processes.ts'
import { withoutAddresses } from '../events/sequences.ts'
import { kindOfMessage } from '../events/steps.ts'

/** One run's table of events. */
export interface PathRun {
  readonly file: string
  /** Runs of one group have one path: the same arm on the same kernel. */
  readonly group: number
  /** The workload; undefined: every process (nobody knows what the workload of an import was). */
  readonly pid: number | undefined
}

export interface PathGroup {
  /** What one read is; left out where that is not declared. */
  readonly order: readonly Pattern[] | undefined
}

export interface Path {
  /** Message of each step, without what differs from boot to boot. */
  readonly steps: readonly string[]
  readonly kind: Kind
  /** Messages of a read of the median duration; `time` is in nanoseconds (or ticks) after its first. */
  readonly typical: readonly { readonly time: number; readonly message: string }[]
  /** Index of the run that it is of. */
  readonly run: number
  /** Groups of messages that are no whole read, or one of another kind. */
  readonly others: number
  readonly declared: boolean
}

/**
 * Different messages that are told apart, addresses aside; where there are more, all numbers are left out of the
 * comparison.
 */
const MOST_TEXTS = 5000
const MEMORY = '256MB'
const ROWS = 100_000
const PRINTK = "event IN ('print', 'bpf_trace_printk')"
const PROCESS_EVENTS = "event IN ('sched_process_fork', 'sched_process_exec', 'sched_process_exit')"

async function rows<Row>(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS() as unknown as Row[]
}

/** Texts and numbers as a table; nothing of them is SQL. */
async function fill(
  connection: DuckDBConnection,
  name: string,
  columns: string,
  values: readonly unknown[][],
): Promise<void> {
  await connection.run(`CREATE TEMP TABLE ${name} (${columns})`)
  const types = columns.split(', ').map((column) => column.split(' ')[1] ?? '')
  const taken = types.map((type, index) => `CAST(v->>${index} AS ${type})`).join(', ')
  for (let from = 0; from < values.length; from += ROWS)
    await connection.run(`INSERT INTO ${name} SELECT ${taken} FROM (SELECT unnest(CAST($1 AS JSON[])) AS v)`, [
      JSON.stringify(values.slice(from, from + ROWS)),
    ])
}

/** The workload and all that it started, of each run that has one. */
async function ownProcesses(connection: DuckDBConnection, runs: readonly PathRun[]): Promise<number[][]> {
  type Row = [run: number, timeNs: bigint, cpu: number, pid: number, comm: string, event: string, message: string]
  const found = await rows<Row>(
    connection,
    `SELECT run, time_ns, cpu, pid, comm, event, message FROM events WHERE limited AND ${PROCESS_EVENTS} ORDER BY run, row`,
  )
  const ofRun = Map.groupBy(found, ([run]) => run)
  return runs.flatMap(({ pid }, run) => {
    if (pid === undefined) return []
    const events = (ofRun.get(run) ?? []).map(([, timeNs, cpu, one, comm, event, message]): TraceEvent => ({
      timeNs,
      cpu,
      pid: one,
      comm,
      event,
      message,
    }))
    return [...new Processes(events).descendants(pid)].map((own) => [run, own])
  })
}

interface Texts {
  readonly texts: readonly { readonly text: string; readonly sample: string; readonly kind: number }[]
  /** Texts without numbers: what tells steps apart where nothing is declared. */
  readonly kinds: readonly string[]
}

/** Every different message gets a number; those that differ in addresses only share one. */
async function numberTexts(connection: DuckDBConnection, groups: readonly PathGroup[]): Promise<Texts> {
  await connection.run(`CREATE TEMP TABLE messages AS SELECT DISTINCT step AS message FROM own_events`)
  const [counted] = await rows<[bigint]>(connection, 'SELECT count(*) FROM messages')
  const texts = new Map<string, { id: number; sample: string; text: string }>()
  const numbered: unknown[][] = []
  const many = Number(counted?.[0] ?? 0) > MOST_TEXTS
  const plain = many ? kindOfMessage : withoutAddresses
  const declared = groups.flatMap((group) => (isDeclared(group) ? (group.order ?? []) : []))
  // A number that is left out can be the one that an order asks for: messages that fit other steps stay apart.
  const fitting = (message: string) => declared.map((pattern) => (matches(pattern, message) ? '1' : '0')).join('')
  const number = (message: string) => {
    const text = plain(message)
    const key = many ? `${text}\0${fitting(message)}` : text
    const known = texts.get(key) ?? { id: texts.size, sample: message, text }
    texts.set(key, known)
    numbered.push([message, known.id])
  }
  for await (const chunk of await connection.stream('SELECT message FROM messages ORDER BY message'))
    inTime(() => {
      for (const value of chunk.getColumnValues(0)) number(String(value))
    })
  await fill(connection, 'numbered', 'message VARCHAR, text INTEGER', numbered)
  const kinds = new Map<string, number>()
  const kindOf = (text: string): number => {
    const kind = kindOfMessage(text)
    const number = kinds.get(kind) ?? kinds.size
    kinds.set(kind, number)
    return number
  }
  return {
    texts: [...texts.values()].map(({ text, sample }) => ({ text, sample, kind: kindOf(text) })),
    kinds: [...kinds.keys()],
  }
}

/** Whether what one read is was declared, and can be looked at. */
const isDeclared = ({ order }: PathGroup): boolean => order !== undefined && order.length <= MOST_STEPS

function cutterOf(group: PathGroup, { texts }: Texts): ReadCutter {
  const { order } = group
  if (order === undefined || !isDeclared(group)) return new ReadCutter()
  const masks = inTime(() =>
    texts.map(({ sample }) =>
      order.reduce((mask, pattern, index) => (matches(pattern, sample) ? mask | (1 << index) : mask), 0),
    ),
  )
  return new ReadCutter({ length: order.length, mask: (text) => masks[text] ?? 0 })
}

async function pathOf(
  connection: DuckDBConnection,
  cutter: ReadCutter,
  { texts, kinds }: Texts,
  declared: boolean,
): Promise<Path | undefined> {
  const kind = cutter.finish()
  const place = kind?.typical()
  if (kind === undefined || place === undefined) return undefined
  const messages = await rows<[time: number, message: string]>(
    connection,
    `SELECT time, step FROM own_events WHERE run = ${place.run} AND pid = ${place.pid} AND row >= ${place.row}
     ORDER BY row LIMIT ${kind.steps.length}`,
  )
  const start = messages[0]?.[0] ?? 0
  return {
    steps: kind.steps.map((step) => (declared ? texts[step]?.text : kinds[step]) ?? ''),
    kind,
    typical: messages.map(([time, message]) => ({ time: time - start, message })),
    run: place.run,
    others: cutter.others,
    declared,
  }
}

/**
 * The path of each group; undefined where no run has two messages that belong together.
 * @param temp a directory for what does not fit in memory; the caller removes it
 * @throws DuckDB's own error for a file that is missing or damaged, GaveUp for an expression of an order that is never
 * done
 */
export async function pathsOf(
  runs: readonly PathRun[],
  groups: readonly PathGroup[],
  temp: string,
): Promise<(Path | undefined)[]> {
  if (runs.length === 0) return groups.map(() => undefined)
  using database = await openDatabase({ memory_limit: MEMORY, temp_directory: temp })
  const { connection } = database
  await fill(
    connection,
    'runs',
    'run INTEGER, filename VARCHAR, limited BOOLEAN',
    runs.map(({ file, pid }, run) => [run, file, pid !== undefined]),
  )
  const columns = ['union_by_name = true', 'filename = true', 'file_row_number = true']
  const events = parquet(
    runs.map(({ file }) => file),
    ...columns,
  )
  await connection.run(`CREATE TEMP VIEW events AS SELECT run, limited, file_row_number AS row, * EXCLUDE (run, limited, filename, file_row_number)
    FROM ${events} JOIN runs USING (filename)`)
  await fill(connection, 'own', 'run INTEGER, pid UINTEGER', await ownProcesses(connection, runs))
  // An import without any message of a probe has the path of its events.
  await connection.run(
    `CREATE TEMP TABLE firsts AS SELECT run, min(time_ns) AS first, bool_or(${PRINTK}) AS printed FROM events GROUP BY run`,
  )
  await connection.run(`CREATE TEMP VIEW own_events AS SELECT events.run, events.pid, row, (time_ns::HUGEINT - first::HUGEINT)::DOUBLE AS time,
      CASE WHEN ${PRINTK} THEN message ELSE event END AS step
    FROM events JOIN firsts USING (run) LEFT JOIN own ON own.run = events.run AND own.pid = events.pid
    WHERE CASE WHEN limited THEN own.pid IS NOT NULL AND ${PRINTK} ELSE ${PRINTK} OR NOT printed END`)
  const texts = await numberTexts(connection, groups)
  const cutters = groups.map((group) => cutterOf(group, texts))
  const declared = groups.map(isDeclared)
  const sorted = await connection.stream(
    'SELECT run, pid, time, text, row::DOUBLE FROM own_events JOIN numbered ON message = step ORDER BY run, pid, row',
  )
  for await (const chunk of sorted) {
    const [run = [], pid = [], time = [], text = [], row = []] = chunk.getColumns() as number[][]
    for (let at = 0; at < run.length; at++) {
      const which = run[at] ?? 0
      const group = runs[which]?.group ?? -1
      const number = text[at] ?? 0
      const step = declared[group] === true ? number : (texts.texts[number]?.kind ?? 0)
      cutters[group]?.row(which, pid[at] ?? 0, time[at] ?? 0, step, row[at] ?? 0)
    }
  }
  const paths: (Path | undefined)[] = []
  for (const [index, cutter] of cutters.entries())
    paths.push(await pathOf(connection, cutter, texts, declared[index] === true))
  return paths
}
