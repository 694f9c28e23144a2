/** An expectation against the events of a run: a verdict, and where it first differs. */
import type { Pattern } from '../config/interpolate.ts'
import type { TraceEvent } from '../linux/trace-line.ts'
import type { Processes } from './processes.ts'
import { sequencesOf, type Sequence } from './sequences.ts'

export interface Expected {
  readonly order: readonly Pattern[]
  /** The patterns as they stand in the lab file, for messages. */
  readonly texts: readonly string[]
  readonly per: 'read' | 'run'
  readonly times?: number | undefined
}

export interface Checked {
  readonly ok: boolean
  readonly lines: readonly string[]
}

const matches = (pattern: Pattern | undefined, message: string): boolean =>
  pattern !== undefined && (pattern.kind === 'text' ? pattern.text === message : pattern.regex.test(message))

/** Where a sequence first differs from what was expected, or undefined when it is exactly that. */
function divergence(sequence: Sequence, { order, texts }: Expected): string | undefined {
  const count = Math.max(order.length, sequence.events.length)
  for (let index = 0; index < count; index++) {
    const message = sequence.events[index]?.message
    if (message !== undefined && matches(order[index], message)) continue
    const wanted = texts[index] === undefined ? 'nothing more' : `"${texts[index]}"`
    return `message ${index + 1}: expected ${wanted}, found ${message === undefined ? 'nothing more' : `"${message}"`}`
  }
  return undefined
}

/** Checks the events of the wanted processes. Reads that execve() made are named and never counted as the program's. */
export function checkExpectation(
  expected: Expected,
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
): Checked {
  const begins = (message: string) => matches(expected.order[0], message)
  let first = true
  // Per run there is one sequence: whatever follows belongs to it.
  const once = (message: string) =>
    expected.per === 'read' ? begins(message) : first && begins(message) && !(first = false)
  const { sequences } = sequencesOf(events, pids, processes, once)
  const own = sequences.filter(({ partialBecause }) => partialBecause !== 'exec')
  const word = expected.per
  const problems = own.flatMap((sequence, index) => {
    const where = divergence(sequence, expected)
    const why = sequence.partialBecause === undefined ? '' : ` (${sequence.partialBecause})`
    return where === undefined ? [] : [`${word} ${index + 1} of ${sequence.comm}-${sequence.pid}${why}, ${where}`]
  })
  const good = own.length - problems.length
  const wanted = expected.times
  const counted = wanted === undefined ? good >= 1 : good === wanted
  const exec = sequences.length - own.length
  const lines = [
    ...problems,
    ...(counted ? [] : [`expected ${wanted ?? 'at least 1'} such ${word}${wanted === 1 ? '' : 's'}, found ${good}`]),
    ...(exec > 0
      ? [
          `${exec} partial sequence${exec === 1 ? '' : 's'} before the program ran: execve() reads the headers of the file`,
        ]
      : []),
  ]
  return {
    ok: problems.length === 0 && counted,
    lines:
      problems.length === 0 && counted
        ? [
            `${good} ${word}${good === 1 ? '' : 's'}, each ${expected.order.length} messages in the expected order`,
            ...lines,
          ]
        : lines,
  }
}
