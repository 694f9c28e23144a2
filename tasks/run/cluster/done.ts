/** What of a plan is done. Only results say it: their names are computed, so that no directory has to be listed. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { storedRun } from '../../results/stored-manifest.ts'
import type { PlanRun } from '../plan/journal.ts'
import { runName } from './blocks.ts'
import type { PlanHeader } from './stored-plan.ts'

/** Positions in the plan of a block's runs. */
export const runsOfBlock = ({ size }: Pick<PlanHeader, 'size'>, block: number): number[] =>
  Array.from({ length: size }, (_, at) => block * size + at)

/** The attempts at these positions that have a result, by position, in their order. */
export async function attemptsAt(plan: PlanHeader, indexes: readonly number[]): Promise<Map<number, PlanRun[]>> {
  const found = new Map<number, PlanRun[]>()
  for (const index of indexes)
    for (let attempt = 1; attempt <= plan.attempts; attempt++) {
      const run = runName(plan, index, attempt)
      const dir = join(plan.results, plan.experiment, run)
      if ((await stat(join(dir, 'manifest.json')).catch(() => undefined)) === undefined) continue
      const { manifest } = await storedRun(dir, run)
      if (manifest.plan?.id !== plan.id) continue
      const attempts = found.get(index) ?? []
      attempts.push({ dir, run, manifest } as PlanRun)
      found.set(index, attempts)
    }
  return found
}

/** Whether every run has passed: then nothing of these is due, whatever the experiment says about attempts. */
export const allPassed = (indexes: readonly number[], attempts: ReadonlyMap<number, readonly PlanRun[]>): boolean =>
  indexes.every((index) => attempts.get(index)?.at(-1)?.manifest.verdict === 'passed')
