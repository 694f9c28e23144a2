/**
 * The memory cgroup that this process is in (cgroups(7)), in its first and its second version: how much its processes
 * may use, and how many of them the kernel has killed because that was used up.
 */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join, normalize } from 'node:path'

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Files of a group: its limit, and its count of processes that were killed. */
const VERSIONS = {
  v1: { top: 'sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', kills: 'memory.oom_control' },
  v2: { top: 'sys/fs/cgroup', limit: 'memory.max', kills: 'memory.events' },
} as const

/** The group of this process and those above it, nearest first. A container may see its own group as the topmost. */
function groups(root: string) {
  const text = textOf(join(root, 'proc/self/cgroup')) ?? ''
  const first = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(text)?.[1]
  const path = first ?? /^0::(.*)$/m.exec(text)?.[1]
  if (path === undefined) return undefined
  const files = first === undefined ? VERSIONS.v2 : VERSIONS.v1
  const words = normalize(path)
    .split('/')
    .filter((word) => word !== '' && word !== '..')
  const dirs = words.map((_, at) => join(root, files.top, ...words.slice(0, words.length - at)))
  return { files, dirs: [...dirs, join(root, files.top)] }
}

/**
 * Bytes that the processes of this group may use together; Infinity without a limit. The limit may be one of a group
 * above: Slurm gives it to the job, and a task is in a group without one.
 * @param root where /proc and /sys are; given in tests
 */
export function groupMemory(root = '/'): number {
  const found = groups(root)
  const limits = found?.dirs.map((dir) => Number.parseInt(textOf(join(dir, found.files.limit)) ?? '', 10)) ?? []
  return Math.min(Number.POSITIVE_INFINITY, ...limits.filter((limit) => limit > 0))
}

/** How many processes of this group the kernel has killed for their memory; undefined where it does not say. */
export function oomKills(root = '/'): number | undefined {
  const found = groups(root)
  for (const dir of found?.dirs ?? []) {
    const count = /^oom_kill (\d+)$/m.exec(textOf(join(dir, found?.files.kills ?? '')) ?? '')?.[1]
    if (count !== undefined) return Number(count)
  }
  return undefined
}

/**
 * Bytes of memory that this process may use: those of the machine, or fewer in a container or in the cgroup of a job.
 */
export const memoryLimit = (): number => Math.min(groupMemory(), totalmem())
