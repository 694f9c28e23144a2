/**
 * Which of many runs stand for what was asked: the same answer for every command that makes one number, or one order,
 * of several.
 */
import type { Manifest } from './manifest.ts'

interface Counted {
  readonly dir: string
  readonly manifest: Pick<Manifest, 'experiment' | 'plan'>
}

/** Runs that count: no warm-ups, and of several attempts at one run the last. In the order in which they came. */
export function counted<Run extends Counted>(runs: readonly Run[]): Run[] {
  const last = new Map<string, Run>()
  for (const run of runs) {
    const { experiment, plan } = run.manifest
    if (plan?.warmup) continue
    const key = plan ? `${experiment}\0${plan.id}\0${plan.index}` : run.dir
    const before = last.get(key)
    if ((before?.manifest.plan?.attempt ?? 0) <= (plan?.attempt ?? 0)) last.set(key, run)
  }
  const chosen = new Set(last.values())
  return runs.filter((run) => chosen.has(run))
}
