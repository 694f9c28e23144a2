/** What living processes have in hand: names on their command lines, and files that they hold open (proc(5)). */
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'

/** The value, or nothing where a process has ended meanwhile or belongs to somebody else. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/**
 * Tells whether a living process names or holds something at or below a path, as far as this user may see. It is a
 * snapshot.
 */
export function usedByProcesses(proc = '/proc'): (path: string) => boolean {
  const seen = new Set<string>()
  for (const pid of (attempt(() => readdirSync(proc)) ?? []).filter((name) => /^\d+$/.test(name))) {
    for (const word of attempt(() => readFileSync(join(proc, pid, 'cmdline'), 'utf8'))?.split(/[\0,=]/) ?? [])
      if (word.startsWith('/')) seen.add(word)
    const fds = join(proc, pid, 'fd')
    for (const fd of attempt(() => readdirSync(fds)) ?? []) {
      const target = attempt(() => readlinkSync(join(fds, fd)))
      if (target?.startsWith('/')) seen.add(target)
    }
  }
  return (path) => [...seen].some((open) => open === path || open.startsWith(`${path}/`))
}

const isAt = (pid: string, real: string, prefix: string, proc: string): boolean =>
  attempt(() => readlinkSync(join(proc, pid, 'cwd'))) === real &&
  basename(attempt(() => readlinkSync(join(proc, pid, 'exe'))) ?? '').startsWith(prefix)

/**
 * Pids of the programs whose name begins with `prefix` and whose working directory is `dir`, as far as this user may
 * see.
 */
export function programsIn(dir: string, prefix: string, proc = '/proc'): number[] {
  const real = attempt(() => realpathSync(dir))
  if (real === undefined) return []
  return (attempt(() => readdirSync(proc)) ?? [])
    .filter((pid) => /^\d+$/.test(pid) && isAt(pid, real, prefix, proc))
    .map(Number)
}

/** The same of one process, without a look at all the others. */
export function isProgramIn(pid: number, dir: string, prefix: string, proc = '/proc'): boolean {
  const real = attempt(() => realpathSync(dir))
  return real !== undefined && isAt(String(pid), real, prefix, proc)
}
