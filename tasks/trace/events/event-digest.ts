/** One number for everything that a trace says. */
import { createHash, type Hash } from 'node:crypto'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'

/**
 * SHA-256 of the events in the order of the trace, a line "TIME CPU PID COMM FLAGS EVENT MESSAGE" for each; TIME is
 * nanoseconds, or ticks of a clock that counts. Equal for two runs only where every event came at the same time, on the
 * same CPU and in the same process.
 */
export function eventDigest(events: readonly TraceEvent[]): string {
  const hash = createHash('sha256')
  add(hash, events)
  return hash.digest('hex')
}

/** The same of events that come some at a time. */
export async function eventDigestOf(batches: AsyncIterable<readonly TraceEvent[]>): Promise<string> {
  const hash = createHash('sha256')
  for await (const events of batches) add(hash, events)
  return hash.digest('hex')
}

function add(hash: Hash, events: readonly TraceEvent[]): void {
  for (const { timeNs, cpu, pid, comm, flags = '', event, message } of events)
    hash.update(`${timeNs} ${cpu} ${pid} ${comm} ${flags} ${event} ${message}\n`)
}
