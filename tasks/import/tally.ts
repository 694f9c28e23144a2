/** What was found in a trace: every line of it is counted as something. */
import { decoded } from '../trace/events/event-rows.ts'
import { GraphCalls } from '../linux/ftrace/graph-calls.ts'
import type { LostMark, OtherLine, TraceEvent, TraceSink } from '../linux/ftrace/trace-line.ts'

/**
 * Lines that are kept as text, and characters of each; all of them are counted, and their numbers lead into the
 * original.
 */
const KEPT = { lines: 10_000, characters: 500 } as const
/** Names of events that are counted apart. A text can have one for each of a million records. */
const MOST_NAMES = 200

export class Tally implements TraceSink {
  readonly #add: (event: TraceEvent, line: number) => void
  readonly #names = new Map<string, number>()
  readonly #lost = new Map<number, { marks: number; events: number; uncounted: number }>()
  readonly calls = new GraphCalls()
  /** The first lines that were not understood, as text. */
  readonly others: OtherLine[] = []
  events = 0
  notUnderstood = 0
  headings = 0
  inProse = 0
  backwards = 0
  /** Line of the first event whose time lies before that of the one above it. */
  firstBackwards = 0
  /** Times are counts of a clock without seconds. */
  ticks = false
  #last = 0n

  /** @param add is given every event (texts are bytes, latin1) and its line */
  constructor(add: (event: TraceEvent, line: number) => void) {
    this.#add = add
  }

  event = (event: TraceEvent, line: number): void => {
    this.events++
    const name = this.#names.has(event.event) || this.#names.size < MOST_NAMES ? event.event : 'others'
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1)
    if (event.timeNs < this.#last && this.backwards++ === 0) this.firstBackwards = line
    this.#last = event.timeNs
    if (event.ticks) this.ticks = true
    this.calls.take(event)
    this.#add(event, line)
  }

  lost = ({ cpu, count }: LostMark): void => {
    const of = this.#lost.get(cpu) ?? { marks: 0, events: 0, uncounted: 0 }
    of.marks++
    if (count === undefined) of.uncounted++
    else of.events += count
    this.#lost.set(cpu, of)
  }

  other = ({ line, text }: OtherLine): void => {
    this.notUnderstood++
    if (this.others.length < KEPT.lines) this.others.push({ line, text: decoded(text.slice(0, KEPT.characters)) })
  }

  heading = (): void => {
    this.headings++
  }

  prose = (): void => {
    this.inProse++
  }

  /** How many of each event, the most frequent first. */
  get names(): readonly (readonly [name: string, count: number])[] {
    return [...this.#names].toSorted((a, b) => b[1] - a[1])
  }

  /** One mark for each CPU that lost events: as many as the text says, or unknown where it does not say. */
  get marks(): { readonly marks: number; readonly lost: readonly LostMark[] } {
    const all = [...this.#lost]
    return {
      marks: all.reduce((sum, [, tally]) => sum + tally.marks, 0),
      lost: all.flatMap(([cpu, { events, uncounted }]) => [
        ...(events > 0 ? [{ cpu, count: events }] : []),
        ...(uncounted > 0 ? [{ cpu, count: undefined }] : []),
      ]),
    }
  }
}
