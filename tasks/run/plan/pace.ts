/** When a plan will be done, by what its runs have taken so far. */
import { median } from '../../trace/stats/quantiles.ts'

/** Runs that say something about the others; the first of a VM has its boot in it. */
const FEWEST = 2

export class Pace {
  readonly #taken = new Map<string, number[]>()

  /** @param seconds that a run of the arm took, with all that belongs to it */
  took(arm: string, seconds: number): void {
    this.#taken.set(arm, [...(this.#taken.get(arm) ?? []), seconds])
  }

  /**
   * Seconds that runs of these arms will take, one for each run; undefined while too little is known. An arm of which
   * no run was made counts as the middle of the others.
   * @param workers that share them
   */
  left(arms: readonly string[], workers: number): number | undefined {
    const all = [...this.#taken.values()].flat()
    if (all.length < FEWEST) return undefined
    const any = median(all)
    const seconds = (arm: string): number => median(this.#taken.get(arm) ?? [any])
    return arms.reduce((sum, arm) => sum + seconds(arm), 0) / workers
  }
}
