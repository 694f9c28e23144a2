/** When a run of a plan is made again: `retries` for runs that fail, and one more, with twice the buffer, for one that lost events. */
import type { Manifest } from './manifest.ts'

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

  /** Whether the run is made again after this verdict; undefined: it left no result. */
  again(verdict: Manifest['verdict'] | undefined): boolean {
    if (verdict === undefined || verdict === 'passed') return false
    if (verdict === 'incomplete' && this.#onLoss === 'retry' && this.#buffers === 1) {
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
}
