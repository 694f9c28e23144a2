/**
 * What a command that has ended may not leave: processes, sockets, half-written files. For tests that interrupt or kill
 * one.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** A variable that every process of a command inherits. */
export const MARK = 'LAB_TEST_MARK'

/**
 * Ids of processes that have inherited this mark, or one that begins so (proc(5): zombies have no environment any
 * more).
 */
export const living = (mark: string, length: 'exact' | 'or longer' = 'exact'): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARK}=${mark}${length === 'exact' ? '\0' : ''}`)
      )
    } catch {
      return false
    }
  })

/** The command line of a process; empty when it has ended. */
export function argvOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/**
 * Names that only files and sockets have whose command is at work. Files of leases and locks without a holder hold
 * nobody up.
 */
const WORKING = [
  /(?:^|\/)\.lab-[^/]*$/,
  /(?:^|\/)\.partial[^/]*$/,
  /\.(?:partial|owner|lock|sock)$/,
  /(?:^|\/)lab-(?:image|verify|reproduce|follow|report|cp|output|kernel|import|doctor)-[^/]*$/,
  /(?:^|\/)beside\/[^/]+$/,
]

/** Paths below a directory, relative to it, that a command which has ended must not leave. */
export const leftBelow = (dir: string): string[] =>
  (readdirSync(dir, { recursive: true }) as string[]).filter((name) => WORKING.some((one) => one.test(name))).toSorted()
