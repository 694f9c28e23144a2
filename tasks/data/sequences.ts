/** Messages of probes as sequences: one per read() of the workload, with the partial ones named for what they are. */
import { isPrintk, type TraceEvent } from '../linux/trace-line.ts'
import type { Processes } from './processes.ts'

export interface Sequence {
  readonly pid: number
  readonly comm: string
  readonly events: readonly TraceEvent[]
  /**
   * `exec`: the kernel read the program's headers for execve(), before the program ran. `started before the capture`: its first messages
   * are not in the trace.
   */
  readonly partialBecause?: 'exec' | 'started before the capture'
}

export interface Other {
  readonly pid: number
  readonly comm: string
  readonly events: number
}

/** Groups the wanted processes' messages; a sequence begins at every message for which `begins` holds. The rest is counted by process. */
export function sequencesOf(
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
  begins: (message: string) => boolean,
): { sequences: Sequence[]; others: Other[] } {
  const groups = new Map<number, TraceEvent[][]>()
  const others = new Map<number, number>()
  for (const event of events) {
    if (!isPrintk(event)) continue
    if (!pids.has(event.pid)) {
      others.set(event.pid, (others.get(event.pid) ?? 0) + 1)
      continue
    }
    const list = groups.get(event.pid) ?? []
    groups.set(event.pid, list)
    const exec = processes.execTime(event.pid)
    const crossesExec = exec !== undefined && (list.at(-1)?.[0]?.timeNs ?? exec) < exec && event.timeNs >= exec
    if (list.length === 0 || begins(event.message) || crossesExec) list.push([])
    list.at(-1)?.push(event)
  }
  const sequences = [...groups].flatMap(([pid, list]) =>
    list.map((group): Sequence => {
      const exec = processes.execTime(pid)
      const first = group[0]
      const common = { pid, comm: processes.comm(pid), events: group }
      if (first && exec !== undefined && first.timeNs < exec) return { ...common, partialBecause: 'exec' }
      return first && !begins(first.message) ? { ...common, partialBecause: 'started before the capture' } : common
    }),
  )
  return { sequences, others: [...others].map(([pid, count]) => ({ pid, comm: processes.comm(pid), events: count })) }
}
