/** An expectation against the events of a run: a verdict, and where it first differs. */
import { matches, type Pattern } from '../../config/text/pattern.ts'
import { printable } from '../../engine/printable.ts'
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import type { Processes } from '../events/processes.ts'
import { sequencesOf, type PartialReason, type Sequence } from '../events/sequences.ts'
import { plural, pluralOf } from '../../engine/text.ts'

export interface Expected {
  /** The messages of one sequence: exactly these, in this order, each once, and nothing between. */
  readonly order: readonly Pattern[]
  /** The patterns as they are in the lab file, for messages. */
  readonly texts: readonly string[]
  readonly per: 'sequence' | 'run'
  /** What one sequence is called, in the singular: `read`, `call`. */
  readonly unit: string
  /** How many such sequences; at least one when left out. 0: the messages must not appear so. */
  readonly times?: number | undefined
}

/** The first place where the trace and the expectation part. Numbers count from 1. */
export interface Divergence {
  /** Among the program's own sequences. */
  readonly sequence: number
  readonly pid: number
  readonly comm: string
  /** Of the message. */
  readonly position: number
  /** null: nothing more was wanted. */
  readonly wanted: string | null
  /** null: nothing more was there. */
  readonly got: string | null
  readonly because?: PartialReason
}

/** Plain data: it is kept in the manifest. */
export interface Checked {
  readonly ok: boolean
  /** What was expected, in a sentence. */
  readonly expected: string
  /** The program's own sequences, the partial ones too. */
  readonly found: number
  readonly matching: number
  /** Partial sequences that were execve()'s: named, and counted nowhere. */
  readonly ofExec: number
  readonly divergence?: Divergence
  /** The same for people: what holds, or what does not. */
  readonly lines: readonly string[]
}

/** So many problems are written out; a run of a million reads can have as many. */
const SHOWN = 5

const fits = (pattern: Pattern | undefined, message: string): boolean =>
  pattern !== undefined && matches(pattern, message)

const quoted = (text: string | null): string => (text === null ? 'nothing more' : `"${printable(text, 200)}"`)

function divergenceOf(sequence: Sequence, number: number, { order, texts }: Expected): Divergence | undefined {
  const { events, pid, comm, partialBecause } = sequence
  const length = Math.max(order.length, events.length)
  for (let index = 0; index < length; index++) {
    const got = events[index]?.message
    if (got !== undefined && fits(order[index], got)) continue
    return {
      sequence: number,
      pid,
      comm,
      position: index + 1,
      wanted: texts[index] ?? null,
      got: got ?? null,
      ...(partialBecause === undefined ? {} : { because: partialBecause }),
    }
  }
  return undefined
}

const divergenceText = (word: string, { sequence, pid, comm, position, wanted, got, because }: Divergence): string =>
  `${word} ${sequence} of ${printable(comm, 16)}-${pid}${because === undefined ? '' : ` (${because})`}, ` +
  `message ${position}: expected ${quoted(wanted)}, found ${quoted(got)}`

const wordOf = ({ per, unit }: Expected): string => (per === 'run' ? 'run' : unit)

function expectedText(expected: Expected): string {
  const { order, texts, times } = expected
  const word = wordOf(expected)
  const list = texts.map(quoted).join(', ')
  if (times === 0) return `no ${word} with these ${plural(order.length, 'message')} in this order: ${list}`
  const count = times === undefined ? `1 ${word} or more` : plural(times, word)
  return `${count}, each with exactly ${plural(order.length, 'message')} in this order: ${list}`
}

const execText = (count: number): string[] =>
  count === 0
    ? []
    : [`${plural(count, 'partial sequence')} before the program ran: execve() reads the headers of the file`]

/** Why nothing of the workload was there to compare, as far as the trace tells. */
function nothingText(events: readonly TraceEvent[], pids: ReadonlySet<number>): string {
  const printed = events.filter(isPrintk)
  if (printed.length === 0) return 'no probe printed anything during the run'
  const others = printed.filter(({ pid }) => !pids.has(pid)).length
  return others === 0
    ? 'the program itself printed nothing'
    : `no message is the workload's; ${plural(others, 'message')} of other processes ${others === 1 ? 'is' : 'are'} not counted`
}

/**
 * Where the messages of an order stand one after the other in what one program printed; places that overlap count once.
 */
function* places(own: readonly Sequence[], order: Expected['order'], processes: Processes): Iterable<TraceEvent> {
  for (const [pid, sequences] of Map.groupBy(own, (sequence) => sequence.pid)) {
    const events = sequences.flatMap((sequence) => sequence.events)
    const execs = processes.execs(pid).map(({ timeNs }) => timeNs)
    for (let at = 0; at + order.length <= events.length; at++) {
      const [first, last] = [events[at], events[at + order.length - 1]]
      if (first === undefined || last === undefined) continue
      if (!order.every((pattern, index) => matches(pattern, events[at + index]?.message ?? ''))) continue
      if (execs.some((time) => first.timeNs < time && time <= last.timeNs)) continue
      yield first
      at += order.length - 1
    }
  }
}

/**
 * For `times: 0`: what comes before the unwanted messages, or follows them, does not matter; so they are looked for at
 * every message, and not only where a sequence would begin.
 */
function forbidden(
  own: readonly Sequence[],
  expected: Expected,
  processes: Processes,
): Pick<Checked, 'ok' | 'matching' | 'lines'> {
  const { order } = expected
  const found = [...places(own, order, processes)]
  const [first] = found
  const lines =
    first === undefined
      ? [`no ${wordOf(expected)} with the ${plural(order.length, 'unwanted message')}`]
      : [
          `expected none, found ${found.length}: the first is of ${printable(processes.comm(first.pid), 16)}-${first.pid} and begins with ${quoted(first.message)}`,
        ]
  return { ok: found.length === 0, matching: found.length, lines }
}

function wanted(
  own: readonly Sequence[],
  expected: Expected,
): Pick<Checked, 'ok' | 'matching' | 'lines' | 'divergence'> {
  const { order, times } = expected
  const word = wordOf(expected)
  const divergences = own.flatMap((sequence, index) => divergenceOf(sequence, index + 1, expected) ?? [])
  const matching = own.length - divergences.length
  const counted = times === undefined ? matching >= 1 : matching === times
  const hidden = divergences.length - SHOWN
  const [divergence] = divergences
  const lines = [
    ...divergences.slice(0, SHOWN).map((divergence) => divergenceText(word, divergence)),
    ...(hidden > 0 ? [`and ${hidden} more ${pluralOf(word)} that differ`] : []),
    ...(counted
      ? []
      : [
          `expected ${times ?? 'at least 1'} such ${times === undefined || times === 1 ? word : pluralOf(word)}, found ${matching}`,
        ]),
  ]
  const ok = divergences.length === 0 && counted
  return {
    ok,
    matching,
    lines: ok ? [`${plural(matching, word)}, each ${plural(order.length, 'message')} in the expected order`] : lines,
    ...(divergence === undefined ? {} : { divergence }),
  }
}

/**
 * Checks the messages of the wanted processes; those of other processes are never mixed in. Reads that execve() made
 * are named and never counted as the program's; any other partial sequence is a failure with its reason.
 */
export function checkExpectation(
  expected: Expected,
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
): Checked {
  const order = expected.order.map((pattern) => (message: string) => matches(pattern, message))
  // What must not be there can begin anywhere, also in the middle of a run.
  const per = expected.times === 0 ? 'sequence' : expected.per
  const { sequences } = sequencesOf(events, pids, processes, order, per)
  const own = sequences.filter(({ partialBecause }) => partialBecause !== 'exec')
  const ofExec = sequences.length - own.length
  const verdict = expected.times === 0 ? forbidden(own, expected, processes) : wanted(own, expected)
  const nothing = own.length === 0 && !verdict.ok ? [nothingText(events, pids)] : []
  return {
    expected: expectedText(expected),
    found: own.length,
    ofExec,
    ...verdict,
    lines: [...verdict.lines, ...nothing, ...execText(ofExec)],
  }
}
