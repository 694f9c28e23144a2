/**
 * A run's messages without what differs from boot to boot, as a file: a line "READ PROCESS MESSAGE" with tabs between
 * for each message of the workload, in the order of the trace's clock. READ counts the reads of the run from 1 and is 0
 * for what is no read of the program's (the reads of execve); PROCESS counts the workload's processes in order of
 * appearance. Two runs whose files have the same bytes had the same events in the same order.
 */
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { shapeOf } from './isolation.ts'
import type { Unit } from '../stats/order.ts'
import type { Processes } from './processes.ts'
import { sequencesOf, withoutAddresses, type Matches } from './sequences.ts'

export const SEQUENCE_FILE = 'sequence.txt'

/**
 * Text of the file.
 * @param order what makes a read, where an expectation says so; else a read begins at each message like the first of
 * all
 */
export function sequenceText(
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
  order: readonly Matches[] | undefined,
): string {
  const own = events.filter((event) => isPrintk(event) && pids.has(event.pid))
  const begin = shapeOf(own[0]?.message ?? '')
  const { sequences } = sequencesOf(events, pids, processes, order ?? ((message) => shapeOf(message) === begin))
  const readOf = new Map<TraceEvent, number>()
  let reads = 0
  for (const { events: ofRead, partialBecause } of sequences) {
    const number = partialBecause === 'exec' ? 0 : ++reads
    for (const event of ofRead) readOf.set(event, number)
  }
  const ordinal = new Map<number, number>()
  for (const { pid } of own) if (!ordinal.has(pid)) ordinal.set(pid, ordinal.size + 1)
  return own
    .map((event) => `${readOf.get(event) ?? 0}\t${ordinal.get(event.pid) ?? 0}\t${withoutAddresses(event.message)}\n`)
    .join('')
}

interface Line {
  readonly read: number
  readonly process: number
  readonly message: string
}

/** Lines of such a file; what is none of them is left out: the file may have been edited. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const [, read, process, message] = /^(\d{1,9})\t(\d{1,9})\t(.*)$/s.exec(line) ?? []
    return message === undefined ? [] : [{ read: Number(read), process: Number(process), message }]
  })
}

/**
 * The sequences of a run. Numbers are left out of the labels: "took 512 ns" and "took 498 ns" are one kind of event.
 * @param per `sequence`: one for each read; `run`: one for all, in which processes are told apart where there are
 * several
 */
export function unitsOf(text: string, run: string, per: 'sequence' | 'run'): Unit[] {
  const lines = linesOf(text).filter(({ read }) => read > 0)
  if (per === 'run') {
    const several = new Set(lines.map(({ process }) => process)).size > 1
    const label = ({ process, message }: Line) => `${several ? `process ${process}: ` : ''}${shapeOf(message)}`
    return lines.length === 0 ? [] : [{ run, number: 1, labels: lines.map(label) }]
  }
  return [...Map.groupBy(lines, ({ read }) => read)].map(([number, ofRead]) => ({
    run,
    number,
    labels: ofRead.map(({ message }) => shapeOf(message)),
  }))
}
