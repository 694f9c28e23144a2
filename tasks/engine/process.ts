/** Processes by what names them beyond doubt: a pid alone may be somebody else's by now. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** Names this boot of the host; verdicts that hold until the next boot are kept under it. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

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
export const ProcessId = z.object({ pid: z.int(), startTime: z.string(), bootId: z.string() })
export type ProcessId = z.infer<typeof ProcessId>

/** This process. */
export const thisProcess = (): ProcessId => ({
  pid: process.pid,
  startTime: startTimeOf(process.pid) ?? '',
  bootId: bootId(),
})

/** Whether a process that was written down still runs. */
export const isAlive = (one: ProcessId): boolean => one.bootId === bootId() && startTimeOf(one.pid) === one.startTime
