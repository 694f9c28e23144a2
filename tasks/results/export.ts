/**
 * Step: the events of a run as a file for another program. Written whole or not at all, in memory that does not grow
 * with the trace.
 */
import { constants, createWriteStream, existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inTime } from '../config/text/pattern.ts'
import { chromeEvents, chromeFrame } from '../trace/export/chrome-json.ts'
import { csvRow } from '../trace/export/csv.ts'
import { perfettoEncoder } from '../trace/export/perfetto.ts'
import { UNKNOWN_COMM } from '../trace/events/processes.ts'
import type { Matches } from '../trace/events/sequences.ts'
import { Timeline, type Item } from '../trace/export/timeline.ts'
import { beside } from '../engine/beside.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { safeJson } from '../engine/printable.ts'
import { checkedRun } from './checked-run.ts'
import type { StoredRun } from './manifest.ts'
import type { TraceEvent } from '../linux/ftrace/trace-line.ts'
import { hasTicks, traceStream, type TraceStream, type TraceRequest } from './events.ts'

export const FORMATS = ['perfetto', 'chrome', 'csv', 'jsonl', 'dat'] as const
export type Format = (typeof FORMATS)[number]

/** Which events of a run are exported. */
export interface ExportedEvents {
  readonly run: StoredRun
  readonly request: TraceRequest
  /** The messages of one read, where the experiment says so. */
  readonly order: readonly Matches[] | undefined
}

export interface ExportRequest extends ExportedEvents {
  readonly format: Format
  readonly file: string
}

export interface Exported {
  readonly file: string
  readonly format: Format
  /** null of a file that was copied. */
  readonly events: number | null
}

/** Texts are gathered until there are so many characters: a write for each event takes longer than the event. */
const CHUNK = 1 << 18

/** What a viewer must know before anything else: whether the trace is whole. */
function notesOf({ run, manifest }: StoredRun): { name: string; args: Record<string, string | number> } {
  const { experiment, arm, kernel, guest, trace, verdict } = manifest
  const { completeness, reasons, clock } = trace
  return {
    name: completeness === 'complete' ? 'trace complete' : `TRACE ${completeness.toUpperCase()}`,
    args: {
      run: `${experiment} ${run}`,
      arm: arm.name,
      verdict,
      kernel: kernel.release,
      accelerator: guest.accel.accel,
      boot: guest.bootId,
      clock: hasTicks(manifest) ? `${clock}: ticks, not nanoseconds` : clock,
      ...Object.fromEntries(reasons.map((reason, index) => [`reason ${index + 1}`, reason])),
    },
  }
}

async function* itemsOf({ run, order }: ExportRequest, { processes, events }: TraceStream, count: (n: number) => void) {
  const comm = (pid: number, seen: string) => {
    const known = processes.comm(pid)
    return known === UNKNOWN_COMM ? seen : known
  }
  const timeline = new Timeline({ order, unit: run.manifest.unit, comm, notes: notesOf(run) })
  for await (const some of events) {
    count(some.length)
    yield inTime(() => some.flatMap((event): Item[] => [...timeline.add(event)]))
  }
  yield [...timeline.finish()]
}

/** Pieces as chunks that are worth a write. */
async function* gathered(pieces: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  let text = ''
  for await (const some of pieces) {
    for (const piece of some) {
      text += piece
      if (text.length > CHUNK) {
        yield text
        text = ''
      }
    }
  }
  if (text !== '') yield text
}

type Content = AsyncIterable<string | Uint8Array>
type Count = (n: number) => void

async function* perfetto(request: ExportRequest, stream: TraceStream, count: Count): AsyncGenerator<Uint8Array> {
  const encoder = await perfettoEncoder()
  for await (const items of itemsOf(request, stream, count))
    yield Buffer.concat(items.map((item) => encoder.encode(item)))
}

async function* chromePieces(request: ExportRequest, stream: TraceStream, count: Count): AsyncGenerator<string[]> {
  const { head, tail } = chromeFrame(notesOf(request.run))
  let before = ''
  yield [head]
  for await (const items of itemsOf(request, stream, count)) {
    const events = items.flatMap(chromeEvents)
    yield events.map((event) => {
      const text = before + event
      before = ',\n'
      return text
    })
  }
  yield [tail]
}

const COLUMNS = ['time_ns', 'cpu', 'pid', 'comm', 'flags', 'event', 'message'] as const
const valuesOf = ({ timeNs, cpu, pid, comm, flags, event, message }: TraceEvent) =>
  [timeNs, cpu, pid, comm, flags ?? null, event, message] as const

async function* rows(stream: TraceStream, count: Count, head: string, row: (event: TraceEvent) => string) {
  yield [head]
  for await (const events of stream.events) {
    count(events.length)
    yield events.map(row)
  }
}

/** One object a line. Times are numbers as long as JSON's readers have them exactly. */
const jsonRow = (event: TraceEvent): string => {
  const [timeNs, ...rest] = valuesOf(event)
  const time = timeNs <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(timeNs) : String(timeNs)
  return `${safeJson(Object.fromEntries([time, ...rest].map((value, index) => [COLUMNS[index], value])))}\n`
}

const WRITERS: Readonly<
  Record<Exclude<Format, 'dat'>, (request: ExportRequest, stream: TraceStream, count: Count) => Content>
> = {
  perfetto,
  chrome: (request, stream, count) => gathered(chromePieces(request, stream, count)),
  csv: (_, stream, count) =>
    gathered(rows(stream, count, `${csvRow(COLUMNS)}\n`, (event) => `${csvRow(valuesOf(event))}\n`)),
  jsonl: (_, stream, count) => gathered(rows(stream, count, '', jsonRow)),
}

async function copyRecording({ dir, run, manifest }: StoredRun, to: string): Promise<void> {
  const from = join(dir, manifest.imported?.kept ?? 'trace.dat')
  if (!from.endsWith('.dat') || !existsSync(from))
    throw userError({
      place: `run ${run}`,
      fact:
        manifest.imported === undefined
          ? 'its trace.dat was not kept'
          : 'it was imported from text: there is no trace.dat',
      wayOut: '--perfetto, --chrome, --csv and --jsonl are made from its table of events',
    })
  await copyFile(from, to, constants.COPYFILE_FICLONE)
}

/**
 * @throws Failure (user) for a filter that is none, a run without what is asked for, and a file that cannot be written
 */
export async function exportStep(request: ExportRequest, context: Context): Promise<Exported> {
  const { format } = request
  const run = checkedRun(request.run)
  const { file } = request
  let events = 0
  const write = async (partial: string) => {
    if (format === 'dat') return await copyRecording(run, partial)
    const stream = await traceStream(run, request.request, `${partial}.spill`)
    const content = WRITERS[format](request, stream, (n) => (events += n))
    await pipeline(Readable.from(content), createWriteStream(partial), { signal: context.signal })
  }
  await beside(context.cache, file, write, context.signal)
  return { file, format, events: format === 'dat' ? null : events }
}
