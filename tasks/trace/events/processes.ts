/**
 * Who is who in a trace, from the scheduler's process events: names of pids, parents, and when a program really began.
 */
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'

/** What trace_pipe and trace-cmd show for a pid whose comm was not saved. */
export const UNKNOWN_COMM = '<...>'
/** The program in the guest that loads the probes and takes the trace; also its comm. */
export const HOLDER = 'lab-holder'
/** TASK_COMM_LEN without the end of the string. */
export const COMM_LENGTH = 15

/**
 * The formats of include/trace/events/sched.h, 4.15 to 6.12. A comm or a path can hold " pid=7": the fields behind it
 * are tied to the end, and the first group takes all it can.
 */
const FORK = /^comm=.* pid=\d+ child_comm=(.*) child_pid=(\d+)$/s
const EXEC = /^filename=(.*) pid=\d+ old_pid=(\d+)$/s
const EXIT = /^comm=(.*) pid=\d+ prio=-?\d+/s

/** One execve() that succeeded. */
export interface Exec {
  readonly timeNs: bigint
  readonly filename: string
}

interface Process {
  comm?: string
  parent?: number
  exitNs?: bigint
  readonly execs: Exec[]
}

/**
 * Pids are taken as they are: one that the kernel gave away twice within the trace (after pid_max, 32768 by default,
 * forks) is its last owner's. Threads are processes here, as in the trace.
 */
export class Processes {
  readonly #processes = new Map<number, Process>()
  readonly #known: ReadonlyMap<number, string>

  /**
   * @param known names that the caller is sure of, because it started these processes; they win over what the trace
   * says
   */
  constructor(events: Iterable<TraceEvent>, known: ReadonlyMap<number, string> = new Map()) {
    this.#known = known
    this.add(events)
  }

  /** Takes later events. */
  add(events: Iterable<TraceEvent>): void {
    for (const event of events) {
      if (event.comm !== UNKNOWN_COMM) this.#at(event.pid).comm = event.comm
      if (event.event === 'sched_process_fork') this.#fork(event)
      else if (event.event === 'sched_process_exec') this.#exec(event)
      else if (event.event === 'sched_process_exit') this.#exit(event)
    }
  }

  #at(pid: number): Process {
    const process = this.#processes.get(pid) ?? { execs: [] }
    this.#processes.set(pid, process)
    return process
  }

  #fork({ pid, message }: TraceEvent): void {
    const [, comm, child] = FORK.exec(message) ?? []
    if (comm === undefined || child === undefined) return
    const process = this.#at(Number(child))
    process.parent = pid
    process.comm ??= comm
  }

  #exec({ pid, message, timeNs }: TraceEvent): void {
    const [, filename, oldPid] = EXEC.exec(message) ?? []
    if (filename === undefined) return
    const exec = { timeNs, filename }
    const process = this.#at(pid)
    process.execs.push(exec)
    // begin_new_exec() names it so; what fork said was its parent's name.
    process.comm = filename.replace(/^.*\//s, '').slice(0, COMM_LENGTH)
    // A thread that calls execve() becomes its group's leader: until then it read as old_pid.
    if (Number(oldPid) !== pid) this.#at(Number(oldPid)).execs.push(exec)
  }

  #exit({ pid, message, timeNs }: TraceEvent): void {
    const process = this.#at(pid)
    process.exitNs = timeNs
    const comm = EXIT.exec(message)?.[1]
    if (comm !== undefined) process.comm ??= comm
  }

  /** Its name as last seen, or `<...>` when nobody ever said. */
  comm(pid: number): string {
    return this.#known.get(pid) ?? this.#processes.get(pid)?.comm ?? UNKNOWN_COMM
  }

  /** The event with its process's name where the trace had `<...>`. */
  named(event: TraceEvent): TraceEvent {
    return event.comm === UNKNOWN_COMM ? { ...event, comm: this.comm(event.pid) } : event
  }

  /** Who forked it; undefined when that is not in the trace. */
  parent(pid: number): number | undefined {
    return this.#processes.get(pid)?.parent
  }

  /** Its execve()s in order of the trace. */
  execs(pid: number): readonly Exec[] {
    return this.#processes.get(pid)?.execs ?? []
  }

  /** When its last program began to run; undefined when its exec is not in the trace. */
  execTime(pid: number): bigint | undefined {
    return this.execs(pid).at(-1)?.timeNs
  }

  /** When it ended; undefined when that is not in the trace. */
  exitTime(pid: number): bigint | undefined {
    return this.#processes.get(pid)?.exitNs
  }

  /** Whether the trace has its beginning, so that nothing of it can be from before the capture. */
  beganInTrace(pid: number): boolean {
    return this.parent(pid) !== undefined || this.execs(pid).length > 0
  }

  /** The process and everything that it started, directly or not. */
  descendants(pid: number): ReadonlySet<number> {
    const children = new Map<number, number[]>()
    for (const [child, { parent }] of this.#processes) {
      if (parent === undefined) continue
      const siblings = children.get(parent)
      if (siblings) siblings.push(child)
      else children.set(parent, [child])
    }
    const found = new Set([pid])
    // A set that grows while it is walked is walked to its new end.
    for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child)
    return found
  }
}
