/** Who is who in a trace, from the scheduler's process events: names of pids, children, and when a program really began. */
import type { TraceEvent } from '../linux/trace-line.ts'

const field = (message: string, name: string): string | undefined =>
  new RegExp(`(?:^| )${name}=(.*?)(?= \\w+=|$)`).exec(message)?.[1]

export class Processes {
  readonly #comms = new Map<number, string>()
  readonly #parents = new Map<number, number>()
  readonly #execs = new Map<number, bigint>()

  constructor(events: Iterable<TraceEvent>) {
    for (const { event, message, pid, comm, timeNs } of events) {
      if (comm !== '<...>') this.#comms.set(pid, comm)
      if (event === 'sched_process_fork') {
        const child = Number(field(message, 'child_pid'))
        if (Number.isInteger(child)) {
          this.#parents.set(child, pid)
          if (!this.#comms.has(child)) this.#comms.set(child, field(message, 'child_comm') ?? comm)
        }
      }
      // The last exec counts: what a process read before it belonged to the loading of the program.
      if (event === 'sched_process_exec') this.#execs.set(pid, timeNs)
    }
  }

  /** Its name as last seen, or `<...>` when nobody ever said. */
  comm(pid: number): string {
    return this.#comms.get(pid) ?? '<...>'
  }

  /** When its program began to run; undefined when its exec is not in the trace. */
  execTime(pid: number): bigint | undefined {
    return this.#execs.get(pid)
  }

  /** The process and everything that it started, directly or not. */
  descendants(pid: number): ReadonlySet<number> {
    const found = new Set([pid])
    for (let grew = true; grew;) {
      grew = false
      for (const [child, parent] of this.#parents)
        if (found.has(parent) && !found.has(child)) {
          found.add(child)
          grew = true
        }
    }
    return found
  }
}
