/** Events out of a run's table: only those that are asked for, so that a table of any size can be looked into. */
import { TYPED, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { openDatabase, parquet, quoted } from '../duckdb.ts'
import { needEvents } from './table-shape.ts'

export interface EventFilter {
  readonly comm?: string | undefined
  readonly pids?: readonly number[] | undefined
  /** Nanoseconds (or ticks) of the trace's clock, both ends included. */
  readonly from?: bigint | undefined
  readonly to?: bigint | undefined
  /** Only events of these names. */
  readonly events?: readonly string[] | undefined
  /** Only what BPF programs printed or sent. */
  readonly messages?: boolean | undefined
}

/** Values come as numbers and quoted texts; nothing of them is SQL. */
function conditions({ comm, pids, from, to, events, messages }: EventFilter): string {
  const all = [
    ...(comm === undefined ? [] : [`comm = ${quoted(comm)}`]),
    ...(pids === undefined ? [] : [`pid IN (${pids.length === 0 ? 'NULL' : pids.map(Number).join(', ')})`]),
    ...(from === undefined ? [] : [`time_ns >= ${String(from)}`]),
    ...(to === undefined ? [] : [`time_ns <= ${String(to)}`]),
    ...(events === undefined ? [] : [`event IN (${events.map(quoted).join(', ')})`]),
    ...(messages ? [`(event IN ('print', 'bpf_trace_printk') OR starts_with(event, ${quoted(TYPED)}))`] : []),
  ]
  return all.length === 0 ? 'true' : all.join(' AND ')
}

export interface EventsRead {
  /** In the order of the table. */
  readonly events: readonly TraceEvent[]
  /** There are more than were asked for. */
  readonly more: boolean
}

const COLUMNS = 'time_ns, cpu, pid, comm, flags, event, message'
type Values = [bigint, number, number, string, string | null, string, string]

const eventOf = ([timeNs, cpu, pid, comm, flags, event, message]: Values, ticks: boolean): TraceEvent => ({
  timeNs,
  cpu,
  pid,
  comm,
  event,
  message,
  ...(flags === null ? {} : { flags }),
  ...(ticks ? { ticks } : {}),
})

/**
 * Every event that passes, in the order of the table, some thousand at a time: memory does not grow with the table.
 * @param ticks the clock of the trace has no seconds
 * @throws Failure (user) for a file that is missing or no table of events, DuckDB's own error for a damaged one
 */
export async function* eachInTable(file: string, filter: EventFilter, ticks: boolean): AsyncGenerator<TraceEvent[]> {
  // One thread: the rows come in the order of the table.
  using database = await openDatabase({ threads: '1' })
  await needEvents(database.connection, file)
  const result = await database.connection.stream(
    `SELECT ${COLUMNS} FROM ${parquet([file])} WHERE ${conditions(filter)}`,
  )
  for await (const rows of result.yieldRowsJs()) yield (rows as unknown as Values[]).map((row) => eventOf(row, ticks))
}

/**
 * The first events that pass, `most` of them.
 * @param test what SQL cannot say of an event: it decides before anything is cut off
 * @throws as `eachInTable`
 */
export async function readEvents(
  file: string,
  filter: EventFilter,
  most: number,
  ticks: boolean,
  test: (event: TraceEvent) => boolean = () => true,
): Promise<EventsRead> {
  const events: TraceEvent[] = []
  for await (const some of eachInTable(file, filter, ticks))
    for (const event of some) {
      if (!test(event)) continue
      if (events.length === most) return { events, more: true }
      events.push(event)
    }
  return { events, more: false }
}

/** What sorting may use; the rest goes to a directory beside the output. */
const MEMORY = '128MB'

/**
 * Every event that passes, in the order of time, some thousand at a time: memory does not grow with the table.
 * @param spill a directory that may be made for what does not fit; the caller removes it
 * @throws DuckDB's own error for a file that is missing or damaged
 */
export async function* eachEvents(
  file: string,
  filter: EventFilter,
  ticks: boolean,
  spill: string,
): AsyncGenerator<TraceEvent[]> {
  using database = await openDatabase({ threads: '2', memory_limit: MEMORY, temp_directory: spill })
  await needEvents(database.connection, file)
  const result = await database.connection.stream(
    `SELECT ${COLUMNS} FROM ${parquet([file], 'file_row_number = true')} WHERE ${conditions(filter)} ORDER BY time_ns, file_row_number`,
  )
  for await (const rows of result.yieldRowsJs()) yield (rows as unknown as Values[]).map((row) => eventOf(row, ticks))
}
