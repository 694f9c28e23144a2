/** What of a plan is done. Only results say it: their names are computed, so that no directory has to be listed. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../../engine/directory.ts'
import { storedRun } from '../../results/stored-manifest.ts'
import type { PlanRun } from '../plan/journal.ts'
import { runName } from './blocks.ts'
import { putFile, type PlanHeader } from './stored-plan.ts'

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

/** Where tasks note the blocks that they have finished with. */
const finishedDir = (dir: string): string => join(dir, 'finished')

/** Blocks that a task has finished with: what failed there was tried as often as the experiment says. */
export async function finishedBlocks(dir: string): Promise<ReadonlySet<number>> {
  return new Set((await readdir(finishedDir(dir)).catch(() => [])).map(Number))
}

/** Notes that nothing of a block is due any more. A note without the results counts for nothing. */
export function noteFinished(dir: string, block: number): void {
  makeDirectory(finishedDir(dir), 0o700)
  putFile(join(finishedDir(dir), String(block)), '')
}

/** Whether every run has passed: then nothing of these is due, whatever the experiment says about attempts. */
export const allPassed = (indexes: readonly number[], attempts: ReadonlyMap<number, readonly PlanRun[]>): boolean =>
  indexes.every((index) => attempts.get(index)?.at(-1)?.manifest.verdict === 'passed')
