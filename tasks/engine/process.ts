/** Processes by what names them beyond doubt: a pid alone may be somebody else's by now. */
import { readFileSync, readlinkSync } from 'node:fs'
import { z } from 'zod'

/** Names this boot of the host; verdicts that hold until the next boot are kept under it. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/**
 * Names the numbering of processes that ours is one of: in a container the same number is another process, and a
 * process outside is none.
 */
export const pidNamespace = (): string => readlinkSync('/proc/self/ns/pid')

/** Start time of a process in clock ticks since boot, or undefined when there is none (proc(5), field 22 of stat). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie is an ended process that nobody has asked about yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** A process as it is written down for others. */
export const ProcessId = z.object({
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  /** Not in what was written before there was a need for it. */
  pidNamespace: z.string().optional(),
})
export type ProcessId = z.infer<typeof ProcessId>

/** This process. */
export const thisProcess = (): ProcessId => ({
  pid: process.pid,
  startTime: startTimeOf(process.pid) ?? '',
  bootId: bootId(),
  pidNamespace: pidNamespace(),
})

/**
 * Whether a process is one of another pid namespace of this host (a container's, or outside of ours): its number says
 * nothing here.
 */
export const isElsewhere = (one: ProcessId): boolean =>
  one.bootId === bootId() && one.pidNamespace !== undefined && one.pidNamespace !== pidNamespace()

/** Whether a process that was written down still runs, as far as can be seen from here. */
export const isAlive = (one: ProcessId): boolean =>
  one.bootId === bootId() && !isElsewhere(one) && startTimeOf(one.pid) === one.startTime

const namespaceNumber = (): string => /\d+/.exec(pidNamespace())?.[0] ?? ''

/** Names this process in the name of a file, before a dash: "4711n4026531836". */
export const processTag = (): string => `${process.pid}n${namespaceNumber()}`

/**
 * What became of the process that a name begins with; undefined: it begins with none. A pid alone is one of ours (names
 * of older versions).
 */
export function fateOfTag(name: string): 'alive' | 'gone' | 'elsewhere' | undefined {
  const [, pid, namespace] = /^(\d+)(?:n(\d+))?-/.exec(name) ?? []
  if (pid === undefined) return undefined
  if (namespace !== undefined && namespace !== namespaceNumber()) return 'elsewhere'
  return startTimeOf(Number(pid)) === undefined ? 'gone' : 'alive'
}
