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
  return (path) => [...seen].some((one) => one === path || one.startsWith(`${path}/`))
}

/**
 * Pids of the programs whose name begins with `prefix` and whose working directory is `dir`, as far as this user may
 * see.
 */
export function programsIn(dir: string, prefix: string, proc = '/proc'): number[] {
  const real = attempt(() => realpathSync(dir))
  if (real === undefined) return []
  return (attempt(() => readdirSync(proc)) ?? [])
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => attempt(() => readlinkSync(join(proc, pid, 'cwd'))) === real)
    .filter((pid) => basename(attempt(() => readlinkSync(join(proc, pid, 'exe'))) ?? '').startsWith(prefix))
    .map(Number)
}
