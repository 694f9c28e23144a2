/**
 * Runs of a plan that are not made, and why: an arm that gave no result is given up, one whose time is over ends, a
 * full disk and used up memory end everything.
 */
import type { Failure } from '../../engine/error.ts'
import { isDiskFull } from '../../engine/disk.ts'

export const WHY_LEFT = {
  'no result': 'left out after that',
  deadline: 'left out: the deadline of the arm was over',
  stopped: 'left out: the same would happen to it',
} as const
export type WhyLeft = keyof typeof WHY_LEFT

/** A run that left no result. */
export interface Problem {
  readonly arm: string
  readonly repeat: number
  readonly failure: Failure
}

export interface LeftRuns {
  readonly arm: string
  readonly why: WhyLeft
  readonly runs: number
}

export class Leftovers {
  readonly #deadline: number | undefined
  readonly #givenUp = new Set<string>()
  readonly #spent = new Map<string, number>()
  readonly #left = new Map<string, LeftRuns>()
  #stopped = false
  readonly problems: Problem[] = []

  /** @param deadline milliseconds that all runs of one arm may take together */
  constructor(deadline: number | undefined) {
    this.#deadline = deadline
  }

  /** The same would happen again: the arm is given up, and others go on, unless the failure would be theirs too. */
  failed(problem: Problem): void {
    this.problems.push(problem)
    this.#givenUp.add(problem.arm)
    this.#stopped ||= isDiskFull(problem.failure) || problem.failure.reason === 'out-of-memory'
  }

  /** @param ms that a run of the arm took */
  spend(arm: string, ms: number): void {
    this.#spent.set(arm, (this.#spent.get(arm) ?? 0) + ms)
  }

  #why(arm: string): WhyLeft | undefined {
    if (this.#stopped) return 'stopped'
    if (this.#givenUp.has(arm)) return 'no result'
    return this.#deadline !== undefined && (this.#spent.get(arm) ?? 0) >= this.#deadline ? 'deadline' : undefined
  }

  /** Whether a run of this arm is left out; if so it is counted. */
  leaves(arm: string): boolean {
    const why = this.#why(arm)
    if (why === undefined) return false
    const key = `${why} ${arm}`
    this.#left.set(key, { arm, why, runs: (this.#left.get(key)?.runs ?? 0) + 1 })
    return true
  }

  get left(): LeftRuns[] {
    return [...this.#left.values()]
  }
}
