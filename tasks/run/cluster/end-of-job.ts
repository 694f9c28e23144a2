/** What the log of a job says of its end, where Slurm's words for it do not: a task that was killed is FAILED there. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../engine/error.ts'
import { megabytes } from './script.ts'

/** Bytes at the end of a log, where Slurm's own lines are. */
const TAIL = 64 * 1024

/**
 * Slurm's words (21.08 to 24.05): of JobAcctGatherParams=OverMemoryKill, in bytes, and of the cgroup plugin, which gives
 * no number.
 */
const EXCEEDED = /^slurmstepd(?:-\S+)?: error: .*exceeded memory limit \((\d+) > (\d+)\)/m
const KILLED = /^slurmstepd(?:-\S+)?: error: Detected \d+ oom[-_]kill event/m

/** Bytes that a killed task used and had; undefined where Slurm does not say. */
export interface MemoryLimit {
  readonly used?: number
  readonly memory?: number
}

/** What a log says of a task that was killed for its memory; undefined where it says no such thing. */
export function memoryLimitIn(log: string): MemoryLimit | undefined {
  const [, used, memory] = EXCEEDED.exec(log) ?? []
  if (used !== undefined && memory !== undefined) return { used: Number(used), memory: Number(memory) }
  return KILLED.test(log) ? {} : undefined
}

/** Slurm's words when it stops a job that it may queue again: PREEMPTION, NODE FAILURE, and others. */
const STOPPED = /^slurmstepd(?:-\S+)?: error: \*\*\* JOB \d+ ON \S+ CANCELLED AT \S+ DUE TO ([A-Z ]+) \*\*\*/gm

/** What stopped a job last, by its log: "preemption"; undefined where Slurm does not say. */
export const stopIn = (log: string): string | undefined => [...log.matchAll(STOPPED)].at(-1)?.[1]?.toLowerCase()

/** The end of what a task of a plan wrote, or '' where there is nothing. */
export async function endOfLog(dir: string, job: string, task: number | undefined): Promise<string> {
  try {
    await using file = await open(join(dir, 'logs', `${job}_${task ?? 0}.log`))
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, TAIL))
    await file.read(buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8')
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return ''
  }
}

/** What is a step up for a task: half as much again, in steps of this. Bytes. */
const STEP = 256 * 2 ** 20

/**
 * What a task that was killed for its memory had asked for, and what to ask for.
 * @param least bytes that every task of the plan needs
 */
export function outOfMemory({ memory, used }: MemoryLimit, least: number): { why: string; wayOut: string } {
  if (memory === undefined)
    return { why: 'it needed more memory than it had', wayOut: 'give the profile `memory:` with more, and resume' }
  const more = Math.max(least, Math.ceil((Math.max(memory, used ?? 0) * 1.5) / STEP) * STEP)
  const needed = used === undefined ? 'more' : `${megabytes(used)}M, more`
  return {
    why: `it needed ${needed} than the ${megabytes(memory)}M that it had asked for`,
    wayOut: `write \`memory: ${megabytes(more)}M\` in the profile, and resume`,
  }
}
