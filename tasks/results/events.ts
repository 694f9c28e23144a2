/** Step: trace. The events of a run that somebody wants to look at. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eachEvents, eachInTable, readEvents, type EventFilter, type EventsRead } from '../trace/events/read-events.ts'
import { typedView } from '../trace/events/typed-name.ts'
import { Processes } from '../trace/events/processes.ts'
import { messageOf, userError } from '../engine/error.ts'
import type { Context } from '../engine/context.ts'
import { printable } from '../engine/printable.ts'
import { INPUTS_DIR } from './kept-inputs.ts'
import type { Manifest } from './manifest.ts'
import type { StoredRun } from './manifest.ts'
import { reportText } from '../host/trace-cmd.ts'
import { printedBy } from '../linux/c/printed-by.ts'
import { isPrintk, parseTraceText, type TraceEvent } from '../linux/ftrace/trace-line.ts'

/** More are no view: `lab query` has them. */
export const MOST_EVENTS = 200_000
const TABLE = 'events.parquet'
const PROCESS_EVENTS = ['sched_process_fork', 'sched_process_exec', 'sched_process_exit']
/** Clocks that count without seconds. */
const TICKS = new Set(['counter', 'x86-tsc'])

export interface TraceRequest {
  readonly comm: string | undefined
  readonly pid: number | undefined
  readonly probe: string | undefined
  /** As the trace shows times: seconds, or ticks. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** Other processes than the workload, too. */
  readonly all: boolean
}

export interface TraceView {
  readonly events: readonly TraceEvent[]
  readonly processes: Processes
  /** Of the workload; undefined: every process was asked for. */
  readonly pids: ReadonlySet<number> | undefined
  readonly more: boolean
}

/** @param round added where the text has no more digits than a trace shows: those are rounded to microseconds */
function timeOf(text: string | undefined, ticks: boolean, option: string, round: bigint): bigint | undefined {
  if (text === undefined) return undefined
  const [, whole, fraction = ''] = (ticks ? /^(\d{1,19})$/ : /^(\d{1,9})(?:\.(\d{1,9}))?$/).exec(text) ?? []
  if (whole === undefined)
    throw userError({
      fact: `${option} ${printable(text, 40)} is not a time`,
      wayOut: ticks ? 'this trace counts: a whole number' : 'seconds, as the trace shows them: 8.498202',
    })
  if (ticks) return BigInt(whole)
  const time = BigInt(whole + fraction.padEnd(9, '0')) + (fraction.length <= 6 ? round : 0n)
  return time < 0n ? 0n : time
}

/** Sources of probes, as they were kept with the run. */
function sourcesOf({ dir, manifest }: StoredRun): string[] {
  const kept = join(dir, '..', '..', INPUTS_DIR, manifest.inputs?.lab ?? '')
  if (manifest.inputs === undefined || !existsSync(kept)) return []
  return readdirSync(kept, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.bpf.c'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

/**
 * Tells the events of one program: by their name, or by a text that the program's source prints. `sure`: a source that
 * was kept has it, so that no events are an answer.
 */
function probeTest(
  run: StoredRun,
  probe: string,
): { readonly sure: boolean; readonly test: (event: TraceEvent) => boolean } {
  const texts = sourcesOf(run).flatMap((source) => printedBy(source, probe) ?? [])
  return {
    sure: texts.length > 0,
    test: ({ event, message }) =>
      event === probe || (isPrintk({ event }) && texts.some((pattern) => pattern.test(message))),
  }
}

const unknownProbe = (run: StoredRun, probe: string) =>
  userError({
    place: `run ${run.run}`,
    fact: `no event is called ${printable(probe, 60)}, and no source that was kept has a program of this name that prints`,
    wayOut: '`lab results show RUN` lists the programs of the run',
  })

/** All events of a run whose table is gone or damaged, from the raw recording. */
async function fromRecording(run: StoredRun, why: unknown, context: Context): Promise<readonly TraceEvent[]> {
  const file = join(run.dir, 'trace.dat')
  const place = `run ${run.run}`
  if (!existsSync(file))
    throw userError(
      {
        place,
        fact: `events.parquet cannot be read: ${printable(messageOf(why).split('\n')[0] ?? '', 200)}`,
        wayOut: 'there is no trace.dat to read instead',
      },
      why,
    )
  const typed = (run.manifest.trace.typed ?? []).map(({ name }) => name)
  context.emit({
    type: 'notice',
    level: 'warning',
    place,
    text: 'events.parquet cannot be read; trace.dat is read instead',
    ...(typed.length > 0 && {
      wayOut: `trace.dat has no typed events: lab query "SELECT * FROM ${typedView(typed[0] ?? '')}" shows them`,
    }),
  })
  return parseTraceText((await reportText(file, context.signal)).split('\n')).events
}

/** @throws a user's Failure for a run whose experiment keeps no trace: nothing is missing that was ever there */
function needTrace({ dir, run, manifest }: StoredRun): void {
  const recorded: Readonly<Record<string, unknown>> | undefined = manifest.sha256
  const kept = recorded === undefined || [TABLE, 'trace.dat'].some((name) => Object.hasOwn(recorded, name))
  if (kept || existsSync(join(dir, TABLE))) return
  throw userError({
    place: `run ${run}`,
    fact: `no trace was kept: \`collect:\` of experiment ${printable(manifest.experiment, 60)} does not have \`trace\``,
    wayOut: `\`lab results show ${run}\` lists the files of the run; with \`collect: [trace, ...]\` the next run keeps its events`,
  })
}

const keeps =
  ({ comm, pids, from, to, events, messages }: EventFilter) =>
  (event: TraceEvent): boolean =>
    (comm === undefined || event.comm === comm) &&
    (pids === undefined || pids.includes(event.pid)) &&
    (from === undefined || event.timeNs >= from) &&
    (to === undefined || event.timeNs <= to) &&
    (events === undefined || events.includes(event.event)) &&
    (!messages || isPrintk(event))

/** Whether the trace counts without seconds. */
export const hasTicks = ({ trace }: Manifest): boolean => TICKS.has(trace.clock)

/**
 * The window that was asked for; both ends as the trace shows them, so rounded to microseconds. @throws Failure (user)
 */
const windowOf = (request: TraceRequest, ticks: boolean): Pick<EventFilter, 'from' | 'to'> => ({
  from: timeOf(request.from, ticks, '--from', -500n),
  to: timeOf(request.to, ticks, '--to', 499n),
})

/**
 * Who is who in a run. All of its process events, however many: without one of them a child's messages would be a
 * stranger's.
 */
async function processesOf(file: string, ticks: boolean): Promise<Processes> {
  const processes = new Processes([])
  for await (const some of eachInTable(file, { events: PROCESS_EVENTS }, ticks)) processes.add(some)
  return processes
}

/** @throws Failure (user) for a filter that is none */
export async function traceStep(run: StoredRun, request: TraceRequest, context: Context): Promise<TraceView> {
  needTrace(run)
  const { manifest, dir } = run
  const ticks = hasTicks(manifest)
  const file = join(dir, TABLE)
  const window = windowOf(request, ticks)
  let recorded: readonly TraceEvent[] | undefined
  const read = async <T>(fromTable: () => Promise<T>, fromEvents: (all: readonly TraceEvent[]) => T): Promise<T> => {
    try {
      if (recorded === undefined) return await fromTable()
    } catch (error) {
      recorded = await fromRecording(run, error, context)
    }
    return fromEvents(recorded ?? [])
  }
  const processes = await read(
    () => processesOf(file, ticks),
    (all) => new Processes(all.filter(keeps({ events: PROCESS_EVENTS }))),
  )
  // Nobody knows what the workload of an import was.
  const own =
    request.all || manifest.imported !== undefined ? undefined : processes.descendants(manifest.workload.pid ?? -1)
  const pids = request.pid === undefined ? own && [...own] : [request.pid]
  const probe = request.probe === undefined ? undefined : probeTest(run, request.probe)
  const select = (messages: boolean): Promise<EventsRead> => {
    const filter: EventFilter = { comm: request.comm, pids, messages, ...window }
    return read<EventsRead>(
      () => readEvents(file, filter, MOST_EVENTS, ticks, probe?.test),
      (all) => {
        const found = all.filter(keeps(filter)).filter(probe?.test ?? (() => true))
        return { events: found.slice(0, MOST_EVENTS), more: found.length > MOST_EVENTS }
      },
    )
  }
  const onlyMessages = probe === undefined && manifest.imported === undefined
  const found = await select(onlyMessages)
  // Nobody prints where there are no probes: what the kernel told of processes is all there is.
  const { events, more } = onlyMessages && request.all && found.events.length === 0 ? await select(false) : found
  if (events.length === 0 && probe?.sure === false) {
    // An event of this name that no filter lets through is known all the same.
    const named = { events: [request.probe ?? ''] }
    const known = await read(
      async () => (await readEvents(file, named, 1, ticks)).events.length > 0,
      (all) => all.some(keeps(named)),
    )
    if (!known) throw unknownProbe(run, request.probe ?? '')
  }
  return { events, processes, pids: own, more }
}

/**
 * Events of a run for a file: all of them, of every process and kind, but for what was asked for. Some thousand at a
 * time, in the order of time.
 */
export interface TraceStream {
  readonly processes: Processes
  readonly events: AsyncIterable<readonly TraceEvent[]>
}

/**
 * @param spill see `eachEvents` @throws Failure (user) for a filter that is none, and for a table that cannot be read
 */
export async function traceStream(run: StoredRun, request: TraceRequest, spill: string): Promise<TraceStream> {
  needTrace(run)
  const { manifest, dir } = run
  const ticks = hasTicks(manifest)
  const file = join(dir, TABLE)
  const unreadable = (error: unknown) =>
    userError(
      {
        place: `run ${run.run}`,
        fact: `${TABLE} cannot be read: ${printable(messageOf(error).split('\n')[0] ?? '', 200)}`,
        wayOut: '--dat FILE gives the raw recording, where the run has one',
      },
      error,
    )
  const filter: EventFilter = {
    comm: request.comm,
    pids: request.pid === undefined ? undefined : [request.pid],
    ...windowOf(request, ticks),
  }
  const processes = await processesOf(file, ticks).catch((error: unknown) => {
    throw unreadable(error)
  })
  const { probe } = request
  const chosen = probe === undefined ? undefined : probeTest(run, probe)
  async function* events() {
    let count = 0
    for await (const some of eachEvents(file, filter, ticks, spill)) {
      const kept = chosen ? some.filter(chosen.test) : some
      count += kept.length
      yield kept
    }
    if (count === 0 && probe !== undefined && chosen?.sure === false) throw unknownProbe(run, probe)
  }
  return { processes, events: events() }
}
