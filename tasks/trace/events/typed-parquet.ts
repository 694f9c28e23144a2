/**
 * Typed events of one channel as a Parquet table (zstd): when, where and who, then the fields of the probe's struct.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { eventMessage, type Column, type Field, type RecordHead } from '../../linux/objects/event-record.ts'
import { TYPED, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { literally, quoted, quotedName, withKeptDatabase } from '../duckdb.ts'

/** What was sent through one channel, in order of time. */
export interface Channel {
  /** Name of the map, as the probe's C has it. */
  readonly name: string
  /** `struct copied`. */
  readonly type: string
  readonly columns: readonly Column[]
  readonly records: readonly TypedRecord[]
}

export interface TypedRecord extends RecordHead {
  /** In the order of the columns. */
  readonly values: readonly Field[]
}

/** Columns that every table of typed events begins with. */
const HEAD = { time_ns: 'UBIGINT', cpu: 'USMALLINT', pid: 'UINTEGER', comm: 'VARCHAR' } as const
/** Those and the one that `lab query` adds. */
const TAKEN: ReadonlySet<string> = new Set([...Object.keys(HEAD), 'run'])

/**
 * Names of the columns: `pos.x` is `pos_x`. One that is there already gets `field_` in front (a struct's own pid is
 * `field_pid`), then numbers; SQL does not tell small letters from capitals.
 */
export function columnNames(columns: readonly Pick<Column, 'path'>[]): string[] {
  const taken = new Set(TAKEN)
  return columns.map(({ path }) => {
    const plain = path.replaceAll('.', '_')
    let name = taken.has(plain.toLowerCase()) ? `field_${plain}` : plain
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `field_${plain}_${count}`
    taken.add(name.toLowerCase())
    return name
  })
}

/** What `events_NAME` of lab query has, besides the run. */
export const columnTypes = (columns: readonly Column[]): [name: string, type: string][] => {
  const names = columnNames(columns)
  return columns.map(({ type }, index): [string, string] => [names[index] ?? '', type])
}

/** JSON of a value of a column; what is JSON itself is a text in its column. */
function json(value: Field): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`
  if (typeof value !== 'object') return JSON.stringify(value)
  return 'json' in value ? JSON.stringify(JSON.stringify(value.json)) : `[${value.map(json).join(',')}]`
}

function* lines({ columns, records }: Channel): Generator<string> {
  const keys = columnNames(columns).map((name) => `,${JSON.stringify(name)}:`)
  let batch = ''
  for (const { timeNs, cpu, thread, comm, values } of records) {
    batch += `{"time_ns":${timeNs},"cpu":${cpu},"pid":${thread},"comm":${JSON.stringify(comm)}`
    for (const [index, key] of keys.entries()) batch += key + json(values[index] ?? '')
    batch += '}\n'
    if (batch.length < 1 << 16) continue
    yield batch
    batch = ''
  }
  yield batch
}

/** Writes `file`, whole or not at all. @throws DuckDB's own error, or the disk's */
export async function writeTyped(file: string, channel: Channel): Promise<void> {
  const [partial, text] = [`${file}.partial`, `${file}.ndjson`]
  const columns = [...Object.entries(HEAD), ...columnTypes(channel.columns)]
    .map(([name, type]) => `${quotedName(name)}: ${quoted(type)}`)
    .join(', ')
  try {
    await pipeline(Readable.from(lines(channel)), createWriteStream(text))
    await withKeptDatabase((connection) =>
      connection.run(
        `COPY (SELECT * FROM read_json(${quoted(literally(text))}, format = 'newline_delimited', columns = {${columns}}))
         TO ${quoted(partial)} (FORMAT parquet, COMPRESSION zstd)`,
      ),
    )
    await rename(partial, file)
  } finally {
    for (const path of [partial, text]) await rm(path, { force: true })
  }
}

/** A channel's records as events of the trace: `bpf:NAME`, and the fields as its message. */
export const typedEvents = ({ name, columns, records }: Channel): TraceEvent[] =>
  records.map(({ timeNs, thread, cpu, comm, values }) => ({
    timeNs,
    cpu,
    comm,
    pid: thread,
    event: TYPED + name,
    system: 'bpf',
    message: eventMessage(columns, values),
  }))

/** Both in order of time; of equal times the trace's own comes first. Each is in order by itself. */
export function mergeByTime(trace: readonly TraceEvent[], typed: readonly TraceEvent[]): readonly TraceEvent[] {
  if (typed.length === 0) return trace
  const merged: TraceEvent[] = []
  let at = 0
  for (const event of typed) {
    for (let next = trace[at]; next && next.timeNs <= event.timeNs; next = trace[++at]) merged.push(next)
    merged.push(event)
  }
  // Not push(...rest): a million arguments do not fit on the stack.
  for (; at < trace.length; at++) merged.push(trace[at] as TraceEvent)
  return merged
}
