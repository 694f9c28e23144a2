/**
 * When a run of a plan is made again: `retries` for runs that fail, and one more, with twice the buffer, for one that
 * lost events.
 */
import type { Manifest } from '../../results/manifest.ts'

/** What of a result decides whether its run is made again. */
export type Attempted = Pick<Manifest, 'verdict' | 'trace' | 'workload'>

/**
 * Whether events may be missing. The verdict does not say it: what was lost mostly breaks an expectation, and then it
 * is `failed`. A run whose workload was not started recorded nothing, and would not with a larger buffer.
 */
const lostEvents = ({ trace, workload }: Attempted): boolean =>
  trace.completeness !== 'complete' && workload.pid !== null

export class Attempts {
  readonly #retries: number
  readonly #onLoss: 'fail' | 'warn' | 'retry'
  #retried = 0
  #number = 1
  #buffers = 1

  constructor({ retries, onLoss }: { readonly retries: number; readonly onLoss: 'fail' | 'warn' | 'retry' }) {
    this.#retries = retries
    this.#onLoss = onLoss
  }

  /** Of the attempt that is to be made, from 1. */
  get number(): number {
    return this.#number
  }

  /** How many times the buffer that the experiment asks for. */
  get buffers(): number {
    return this.#buffers
  }

  /** Whether there may be another attempt at all, so that the verdict of this one has to be waited for. */
  get several(): boolean {
    return this.#retries > 0 || this.#onLoss === 'retry'
  }

  /** Whether the run is made again after this result; undefined: it left none. */
  again(result: Attempted | undefined): boolean {
    if (result === undefined || result.verdict === 'passed') return false
    if (this.#onLoss === 'retry' && this.#buffers === 1 && lostEvents(result)) {
      // Once, and beside the retries that the experiment asks for.
      this.#buffers = 2
      this.#number++
      return true
    }
    return this.afterFailure()
  }

  /** Whether the run is made again after it failed; if so one of its retries is used up. */
  afterFailure(): boolean {
    if (this.#retried >= this.#retries) return false
    this.#retried++
    this.#number++
    return true
  }

  /**
   * Goes on from the attempts of a command that was interrupted, and says whether another one is due.
   * @param made their results, in their order; a number that is not among them is an attempt that left none
   */
  replay(made: readonly (Attempted & { readonly plan: { readonly attempt: number } })[]): boolean {
    let another = true
    for (const result of made) {
      while (this.#number < result.plan.attempt && this.afterFailure());
      this.#number = result.plan.attempt
      another = this.again(result)
    }
    return another
  }
}
