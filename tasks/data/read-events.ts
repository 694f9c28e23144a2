/** Events out of a run's table: only those that are asked for, so that a table of any size can be looked into. */
import type { TraceEvent } from '../linux/trace-line.ts'
import { openDatabase, quoted } from './duckdb.ts'

export interface EventFilter {
  readonly comm?: string | undefined
  readonly pids?: readonly number[] | undefined
  /** Nanoseconds (or ticks) of the trace's clock, both ends included. */
  readonly from?: bigint | undefined
  readonly to?: bigint | undefined
  /** Only events of these names. */
  readonly events?: readonly string[] | undefined
}

/** Values come as numbers and quoted texts; nothing of them is SQL. */
function conditions({ comm, pids, from, to, events }: EventFilter): string {
  const all = [
    ...(comm === undefined ? [] : [`comm = ${quoted(comm)}`]),
    ...(pids === undefined ? [] : [`pid IN (${pids.length === 0 ? 'NULL' : pids.map(Number).join(', ')})`]),
    ...(from === undefined ? [] : [`time_ns >= ${String(from)}`]),
    ...(to === undefined ? [] : [`time_ns <= ${String(to)}`]),
    ...(events === undefined ? [] : [`event IN (${events.map(quoted).join(', ')})`]),
  ]
  return all.length === 0 ? 'true' : all.join(' AND ')
}

export interface FoundEvents {
  /** In the order of the table. */
  readonly events: readonly TraceEvent[]
  /** There are more than were asked for. */
  readonly more: boolean
}

/**
 * @param ticks the clock of the trace has no seconds
 * @throws DuckDB's own error for a file that is missing or damaged
 */
export async function readEvents(
  file: string,
  filter: EventFilter,
  most: number,
  ticks: boolean,
): Promise<FoundEvents> {
  // One thread: the rows come in the order of the table.
  using database = await openDatabase({ threads: '1' })
  const reader = await database.connection.streamAndReadUntil(
    `SELECT time_ns, cpu, pid, comm, flags, event, message FROM read_parquet(${quoted(file)}) WHERE ${conditions(filter)}`,
    most + 1,
  )
  type Values = [bigint, number, number, string, string | null, string, string]
  const rows = reader.getRowsJS() as unknown as Values[]
  return {
    events: rows.slice(0, most).map(([timeNs, cpu, pid, comm, flags, event, message]) => ({
      ...{ timeNs, cpu, pid, comm, event, message },
      ...(flags === null ? {} : { flags }),
      ...(ticks ? { ticks } : {}),
    })),
    more: rows.length > most,
  }
}
