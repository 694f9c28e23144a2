/**
 * A trace as what timeline viewers draw: tracks, slices on them, instants, counters. One track for each CPU with
 * everything that happened on it, one for each process: a slice for each read, in it one for each step up to the next
 * message, and the system calls around them. Events go in one by one in the order of time, and what is known of each
 * process is one read: memory does not grow with the trace.
 */
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { unitWord } from '../../config/unit-word.ts'
import { kindOfMessage } from '../events/steps.ts'
import type { Matches } from '../events/sequences.ts'

/** A place to draw on; ids are the timeline's own. */
/** A track without its number, which the timeline gives. */
interface TrackFacts {
  readonly name: string
  readonly kind: 'group' | 'cpu' | 'process' | 'thread' | 'counter' | 'notes'
  readonly parent?: number
  /** Of `process` and `thread`. */
  readonly pid?: number
  /** Of `cpu`. */
  readonly cpu?: number
}

export interface Track extends TrackFacts {
  readonly id: number
}

export type Args = Readonly<Record<string, string | number>>

/**
 * Begins and ends of one track are nested, in the order of time; an instant may come before a slice that began earlier,
 * since readers sort by time. Times are those of the trace.
 */
export type Item =
  | { readonly type: 'track'; readonly track: Track }
  | {
      readonly type: 'begin' | 'instant'
      readonly track: Track
      readonly timeNs: bigint
      readonly name: string
      readonly args?: Args
    }
  | { readonly type: 'end'; readonly track: Track; readonly timeNs: bigint; readonly args?: Args }
  | { readonly type: 'counter'; readonly track: Track; readonly timeNs: bigint; readonly value: number }

export interface TimelineOptions {
  /** The messages of one read. Without it one begins wherever the first message of the process comes again. */
  readonly order?: readonly Matches[] | undefined
  /** What one read is called, in the singular. Without an order it is a round: nobody knows what it stands for. */
  readonly unit?: string | undefined
  /** Name of a process, where more is known of it than an event says. */
  readonly comm: (pid: number, seen: string) => string
  /** What the first instant of the trace says: which run this is, and whether anything is missing. */
  readonly notes: { readonly name: string; readonly args: Args }
}

/** The message that is open on a process's track: how long its step took is known when the next one comes. */
interface Open {
  readonly event: TraceEvent
  /** Messages of this read so far. */
  readonly count: number
  readonly startNs: bigint
  /** All of them were in the declared order. */
  readonly expected: boolean
}

interface Lane {
  readonly thread: Track
  readonly duration: Track
  /** What a read begins with where nobody declared it. */
  readonly first: string
  open: Open | undefined
  /** System calls that were entered and not left. */
  calls: string[]
}

const ENTER = /^sys_enter_(\w+)$/
const EXIT = /^sys_exit_(\w+)$/
/** sched_switch as the kernel prints it, and as trace-cmd's plugin does. */
const SWITCH = [/ ==> next_comm=(.*) next_pid=(\d+) next_prio=/s, / ==> (.*):(\d+) \[\d+\]$/s] as const

const NOTES: Track = { id: 1, name: 'lab', kind: 'notes' }
const CPUS: Track = { id: 2, name: 'CPUs', kind: 'group' }
/** Ids are free from here on. */
const FIRST_ID = 10

export class Timeline {
  readonly #options: TimelineOptions
  readonly #cpus = new Map<number, { readonly track: Track; running: boolean }>()
  readonly #lanes = new Map<number, Lane>()
  #nextId = FIRST_ID
  #lastNs = 0n
  #begun = false

  constructor(options: TimelineOptions) {
    this.#options = options
  }

  /** What this event adds; the tracks that it needs come before it. */
  *add(event: TraceEvent): Generator<Item> {
    const { timeNs } = event
    if (!this.#begun) {
      this.#begun = true
      const { name, args } = this.#options.notes
      yield { type: 'track', track: NOTES }
      yield { type: 'instant', track: NOTES, timeNs, name, args }
      yield { type: 'track', track: CPUS }
    }
    if (timeNs > this.#lastNs) this.#lastNs = timeNs
    yield* this.#onCpu(event)
    yield* this.#onThread(event)
  }

  /** Closes what is open. Nothing can be added afterwards. */
  *finish(): Generator<Item> {
    for (const lane of this.#lanes.values()) {
      yield* this.#endRead(lane)
      for (let call = lane.calls.pop(); call !== undefined; call = lane.calls.pop())
        yield { type: 'end', track: lane.thread, timeNs: this.#lastNs, args: { returned: 'not in the trace' } }
    }
    for (const { track, running } of this.#cpus.values())
      if (running) yield { type: 'end', track, timeNs: this.#lastNs }
  }

  #word(first: string): string {
    const { order, unit } = this.#options
    return order ? unitWord(unit, first) : 'round'
  }

  #track(facts: TrackFacts): Track {
    return { id: this.#nextId++, ...facts }
  }

  *#onCpu({ cpu, pid, comm, event, message, timeNs, flags }: TraceEvent): Generator<Item> {
    let place = this.#cpus.get(cpu)
    if (place === undefined) {
      place = { track: this.#track({ name: `CPU ${cpu}`, kind: 'cpu', parent: CPUS.id, cpu }), running: false }
      this.#cpus.set(cpu, place)
      yield { type: 'track', track: place.track }
    }
    const { track } = place
    const next = event === 'sched_switch' ? SWITCH.map((form) => form.exec(message)).find(Boolean) : undefined
    if (next) {
      if (place.running) yield { type: 'end', track, timeNs }
      place.running = next[2] !== '0'
      if (place.running) yield { type: 'begin', track, timeNs, name: `${next[1] ?? ''}-${next[2] ?? ''}` }
      return
    }
    const name = isPrintk({ event }) ? kindOfMessage(message) : event
    const args = {
      message,
      process: `${this.#options.comm(pid, comm)}-${pid}`,
      ...(flags === undefined ? {} : { flags }),
    }
    yield { type: 'instant', track, timeNs, name, args }
  }

  *#lane({ pid, comm, message }: TraceEvent): Generator<Item, Lane> {
    const before = this.#lanes.get(pid)
    if (before) return before
    const name = this.#options.comm(pid, comm)
    // One pid 0 for each CPU: no process at all.
    const process = pid === 0 ? undefined : this.#track({ name, kind: 'process', pid })
    const parent = process === undefined ? {} : { parent: process.id, pid }
    const thread = this.#track({ name: `${name}-${pid}`, kind: process === undefined ? 'notes' : 'thread', ...parent })
    const duration = this.#track({ name: `duration of one ${this.#word(message)}`, kind: 'counter', ...parent })
    const lane: Lane = { thread, duration, first: kindOfMessage(message), open: undefined, calls: [] }
    this.#lanes.set(pid, lane)
    for (const track of [process, thread, duration]) if (track) yield { type: 'track', track }
    return lane
  }

  *#onThread(event: TraceEvent): Generator<Item> {
    const { timeNs, message } = event
    if (event.event === 'sched_switch') return
    const [entered, left] = [ENTER.exec(event.event)?.[1], EXIT.exec(event.event)?.[1]]
    const lane = yield* this.#lane(event)
    if (isPrintk(event)) yield* this.#message(lane, event)
    else if (entered !== undefined) {
      yield* this.#endRead(lane)
      lane.calls.push(entered)
      yield { type: 'begin', track: lane.thread, timeNs, name: `${entered}()`, args: { message } }
    } else if (left !== undefined && lane.calls.at(-1) === left) {
      yield* this.#endRead(lane)
      lane.calls.pop()
      yield { type: 'end', track: lane.thread, timeNs, args: { returned: message } }
    } else yield { type: 'instant', track: lane.thread, timeNs, name: event.event, args: { message } }
  }

  *#message(lane: Lane, event: TraceEvent): Generator<Item> {
    const { order } = this.#options
    const { open, thread } = lane
    const fits = (index: number) => order?.[index]?.(event.message) ?? true
    const begins = order
      ? fits(0) && !(open?.expected === true && open.count < order.length && fits(open.count))
      : kindOfMessage(event.message) === lane.first
    const { timeNs } = event
    if (open === undefined || begins) {
      yield* this.#endRead(lane)
      lane.open = { event, count: 1, startNs: timeNs, expected: fits(0) }
      yield { type: 'begin', track: thread, timeNs, name: this.#word(lane.first) }
      return
    }
    yield* this.#step(thread, open.event, timeNs)
    const expected = open.expected && (order === undefined || (open.count < order.length && fits(open.count)))
    lane.open = { event, count: open.count + 1, startNs: open.startNs, expected }
  }

  /** From a message to the next one. */
  *#step(track: Track, { message, timeNs }: TraceEvent, until: bigint): Generator<Item> {
    yield { type: 'begin', track, timeNs, name: kindOfMessage(message), args: { message } }
    yield { type: 'end', track, timeNs: until }
  }

  /** The last message of a read is a point: nothing says how long what it stands for took. */
  *#endRead(lane: Lane): Generator<Item> {
    const { open, thread, duration } = lane
    if (open === undefined) return
    lane.open = undefined
    const { order } = this.#options
    const { event, count, startNs, expected } = open
    const { timeNs, message } = event
    yield { type: 'instant', track: thread, timeNs, name: kindOfMessage(message), args: { message } }
    const whole = order === undefined || (expected && count === order.length)
    yield {
      type: 'end',
      track: thread,
      timeNs,
      args: { messages: count, ...(order ? { whole: whole ? 'yes' : 'NO' } : {}) },
    }
    if (whole && count > 1) yield { type: 'counter', track: duration, timeNs, value: Number(timeNs - startNs) }
  }
}
