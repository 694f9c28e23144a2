/** One number for everything that a trace says. */
import { createHash } from 'node:crypto'
import type { TraceEvent } from '../linux/trace-line.ts'

/**
 * SHA-256 of the events in the order of the trace, a line "TIME CPU PID COMM FLAGS EVENT MESSAGE" for each; TIME is nanoseconds, or ticks of a
 * clock that counts. Equal for two runs only where every event came at the same time, on the same CPU and in the same process.
 */
export function eventDigest(events: readonly TraceEvent[]): string {
  const hash = createHash('sha256')
  for (const { timeNs, cpu, pid, comm, flags = '', event, message } of events)
    hash.update(`${timeNs} ${cpu} ${pid} ${comm} ${flags} ${event} ${message}\n`)
  return hash.digest('hex')
}
