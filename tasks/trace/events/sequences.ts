/** Messages of probes as sequences: one per read() of the workload, with the partial ones named for what they are. */
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import type { Processes } from './processes.ts'

export type Matches = (message: string) => boolean

/**
 * Why a sequence is not whole.
 * - `exec`: the kernel read the program's headers for execve() (kernel_read(): no user buffer, so the path stops half
 *   way), or the process that was to become the workload did something before. Not the program's.
 * - `started before the capture`: the trace has its end only.
 * - `ended early`: right as far as it goes, and then the next one begins, or the process or the capture ends.
 */
export type PartialReason = 'exec' | 'started before the capture' | 'ended early'

export interface Sequence {
  readonly pid: number
  readonly comm: string
  readonly events: readonly TraceEvent[]
  /** Exactly the wanted messages in the wanted order. */
  readonly complete: boolean
  /** Not there when it is complete, and when it holds other messages than the wanted ones. */
  readonly partialBecause?: PartialReason
  readonly startNs: bigint
}

/** Another process that took the probed path. */
export interface Other {
  readonly pid: number
  readonly comm: string
  /** Its messages. */
  readonly events: number
}

export interface Sequences {
  /** In order of their first messages. */
  readonly sequences: Sequence[]
  readonly others: Other[]
}

/** `whole`: exactly the order. `head`: its beginning. `tail`: its end, without the beginning. */
function fit(events: readonly TraceEvent[], order: readonly Matches[]): 'whole' | 'head' | 'tail' | 'other' {
  const from = (start: number) => events.every(({ message }, index) => order[start + index]?.(message) === true)
  if (from(0)) return events.length === order.length ? 'whole' : 'head'
  const missing = order.length - events.length
  return missing > 0 && from(missing) ? 'tail' : 'other'
}

/** Cuts one process's messages wherever a sequence begins and wherever it became another program. */
function cut(events: readonly TraceEvent[], order: readonly Matches[], execs: readonly bigint[]): TraceEvent[][] {
  const groups: TraceEvent[][] = []
  let group: TraceEvent[] = []
  let expected = true
  for (const event of events) {
    const last = group.at(-1)
    const becameAnother = last !== undefined && execs.some((time) => last.timeNs < time && time <= event.timeNs)
    // The same message may be in the order twice: it begins nothing where it is just what must come next.
    const next = expected && order[group.length]?.(event.message) === true
    const begins = order[0]?.(event.message) === true && !next
    if (last === undefined || becameAnother || begins) {
      group = []
      groups.push(group)
      expected = true
    }
    expected &&= order[group.length]?.(event.message) === true
    group.push(event)
  }
  return groups
}

interface Context {
  readonly pids: ReadonlySet<number>
  readonly processes: Processes
  readonly order: readonly Matches[]
}

/** A group as a sequence of the process that began it. `first`: nothing of that process comes before it. */
function sequence(group: readonly TraceEvent[], ofExec: boolean, first: boolean, context: Context): Sequence[] {
  const { processes, order } = context
  const [start] = group
  if (start === undefined) return []
  const { pid, timeNs: startNs } = start
  const how = fit(group, order)
  const reason = (): PartialReason | undefined => {
    if (ofExec) return 'exec'
    if (how === 'head') return 'ended early'
    return how === 'tail' && first && !processes.beganInTrace(pid) ? 'started before the capture' : undefined
  }
  const partialBecause = reason()
  const common = { pid, comm: processes.comm(pid), events: group, complete: how === 'whole', startNs }
  return [partialBecause === undefined ? common : { ...common, partialBecause }]
}

/**
 * Groups that are not the program's: of a process that somebody else started, all before its first exec; of any
 * process, what stands right before an exec and stops half way. A whole sequence before a later exec can only be the
 * program's own.
 */
function readsOfExec(pid: number, groups: readonly TraceEvent[][], context: Context): ReadonlySet<TraceEvent[]> {
  const { pids, processes, order } = context
  const found = new Set<TraceEvent[]>()
  const execs = processes.execs(pid)
  const parent = processes.parent(pid)
  const startedByOthers = parent === undefined || !pids.has(parent)
  const startOf = (group: readonly TraceEvent[]) => group[0]?.timeNs ?? 0n
  for (const [index, { timeNs }] of execs.entries()) {
    const since = execs[index - 1]?.timeNs
    const before = groups.filter(
      (sequence) => startOf(sequence) < timeNs && (since === undefined || startOf(sequence) >= since),
    )
    for (const group of before.toReversed()) {
      if (!(startedByOthers && index === 0) && fit(group, order) !== 'head') break
      found.add(group)
    }
  }
  return found
}

function sequencesOfProcess(pid: number, events: readonly TraceEvent[], context: Context): Sequence[] {
  const execs = context.processes.execs(pid).map(({ timeNs }) => timeNs)
  const groups = cut(events, context.order, execs)
  const ofExec = readsOfExec(pid, groups, context)
  return groups.flatMap((group, index) => sequence(group, ofExec.has(group), index === 0, context))
}

/**
 * The whole run as one sequence, all processes in order of time; what came before a process's first exec stands apart.
 */
function sequencesOfRun(events: readonly TraceEvent[], context: Context): Sequence[] {
  const beforeExec = Map.groupBy(events, ({ pid, timeNs }) => {
    const exec = context.processes.execs(pid)[0]?.timeNs
    return exec !== undefined && timeNs < exec ? pid : undefined
  })
  return [...beforeExec].flatMap(([pid, group]) => sequence(group, pid !== undefined, true, context))
}

/** Messages of processes that are not wanted, by process. */
export function othersOf(events: readonly TraceEvent[], pids: ReadonlySet<number>, processes: Processes): Other[] {
  const counts = new Map<number, number>()
  for (const event of events)
    if (isPrintk(event) && !pids.has(event.pid)) counts.set(event.pid, (counts.get(event.pid) ?? 0) + 1)
  return [...counts].map(([pid, count]) => ({ pid, comm: processes.comm(pid), events: count }))
}

/**
 * The wanted processes' messages as sequences; what other processes printed is only counted (they read files too).
 * @param order what makes a sequence: one test per message. A sequence begins at each message that passes the first.
 * @param per `run`: one sequence, however often it begins
 */
export function sequencesOf(
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
  order: Matches | readonly Matches[],
  per: 'sequence' | 'run' = 'sequence',
): Sequences {
  const context: Context = { pids, processes, order: typeof order === 'function' ? [order] : order }
  const own = events.filter((event) => isPrintk(event) && pids.has(event.pid))
  const sequences =
    per === 'run'
      ? sequencesOfRun(own, context)
      : [...Map.groupBy(own, ({ pid }) => pid)].flatMap(([pid, group]) => sequencesOfProcess(pid, group, context))
  return {
    sequences: sequences.toSorted((a, b) => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0)),
    others: othersOf(events, pids, processes),
  }
}

/** A message without what differs from boot to boot: addresses. */
export const withoutAddresses = (message: string): string => message.replaceAll(/0x[0-9a-f]+|\b[0-9a-f]{16}\b/g, '0x…')
