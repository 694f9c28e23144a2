/**
 * A busy host told apart from a program that does nothing. A deadline on the wall clock cannot: with 17 programs on two
 * CPUs, a guest that boots in 5 s of CPU time took half a minute, and looked as silent as a broken one.
 */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * How long a process has been kept from running: it had work, and no CPU was free. Milliseconds since its start, of the
 * thread that waited longest (/proc/PID/task/TID/schedstat, second field: nanoseconds on a run queue,
 * Documentation/scheduler/sched-stats.rst). 0 where the kernel does not count it, and for a process that has ended.
 */
export function waitedForCpu(pid: number): number {
  let threads: string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch {
    return 0
  }
  return Math.max(0, ...threads.map((thread) => waitOf(`/proc/${pid}/task/${thread}/schedstat`)))
}

function waitOf(file: string): number {
  try {
    const [, waited] = readFileSync(file, 'utf8').split(' ')
    return Number(waited) / 1e6
  } catch {
    // The thread has ended meanwhile.
    return 0
  }
}

/** A stretch of time in the life of a process, without the time in which it was kept from running. */
export class OwnTime {
  readonly #pid: number
  readonly #since = performance.now()
  readonly #waited: number

  /** Begins now. */
  constructor(pid: number) {
    this.#pid = pid
    this.#waited = waitedForCpu(pid)
  }

  /** Of the milliseconds that have passed, those in which the process waited for a CPU. */
  get waited(): number {
    // The thread that waited longest may be another one than at the beginning.
    return Math.max(0, waitedForCpu(this.#pid) - this.#waited)
  }

  /**
   * How many of these milliseconds the process still has to itself; 0 or less: none. /proc is read only once the wall
   * clock says so.
   */
  left(ms: number): number {
    const left = ms - (performance.now() - this.#since)
    return left > 0 ? left : Math.min(ms, left + this.waited)
  }
}
