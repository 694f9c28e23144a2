/** What becomes of a run that ended with an error: the one place where that is decided. */
import { Failure } from '../../engine/error.ts'

/** What is known when a run ended with an error. */
export interface Trouble {
  readonly error: unknown
  /** What went wrong while the result of the worker's run before this one was finished; undefined: nothing. */
  readonly previous?: unknown
  /** The host has no room on its disk, so that the guest was stopped, or no memory, so that it was killed. */
  readonly hostFull?: Failure | undefined
  /** Uses up one of the run's retries, if it has one left, and says whether it had. */
  readonly takeRetry: () => boolean
}

export type AfterFailure =
  /** The run is made again, with a new VM if this one has died. */
  | { readonly next: 'retry' }
  /** The arm gets no more runs; other arms go on. A `cause` that is no failure of a run stops everything. */
  | { readonly next: 'give up the arm'; readonly cause: unknown }
  /** The whole plan stops. */
  | { readonly next: 'stop'; readonly cause: unknown }

/**
 * Decides it. The order matters:
 * 1. A failure of the run before this one counts against that run's arm, not this one's: nobody retries it here.
 * 2. A full disk fills up again, and so does the memory.
 * 3. Only a failure of the experiment itself (a VM that died, a lost connection) is worth a retry. What the kernel or
 *    the lab refuses is refused again.
 */
export function afterFailure({ error, previous, hostFull, takeRetry }: Trouble): AfterFailure {
  if (previous !== undefined) return { next: 'stop', cause: previous }
  if (hostFull !== undefined) return { next: 'give up the arm', cause: hostFull }
  if (error instanceof Failure && error.kind === 'experiment' && takeRetry()) return { next: 'retry' }
  return { next: 'give up the arm', cause: error }
}
