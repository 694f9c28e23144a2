/** What an interrupted command did of a plan, from its results. */
import type { Attempts } from './attempts.ts'
import type { PlanRun } from './journal.ts'
import type { RunOutcome } from '../outcome.ts'

/** A run that is to be made once more: its last result, and the attempts that are left. */
export interface Begun {
  readonly last: RunOutcome
  readonly tries: Attempts
}

export interface Earlier {
  /** The last attempt at each run that is done, by position in the plan. */
  readonly done: ReadonlyMap<number, RunOutcome>
  /** Runs that have a result which another attempt was to follow. */
  readonly begun: ReadonlyMap<number, Begun>
}

/** @param triesOf how often the run at a position of the plan may be made */
export function earlierRuns(
  attempts: ReadonlyMap<number, readonly PlanRun[]>,
  triesOf: (index: number) => Attempts,
): Earlier {
  const [done, begun] = [new Map<number, RunOutcome>(), new Map<number, Begun>()]
  for (const [index, made] of attempts) {
    const last = made.at(-1)
    if (last === undefined) continue
    const outcome = { dir: last.dir, manifest: last.manifest, own: undefined }
    const tries = triesOf(index)
    if (tries.replay(made.map(({ manifest }) => manifest))) begun.set(index, { last: outcome, tries })
    else done.set(index, outcome)
  }
  return { done, begun }
}
