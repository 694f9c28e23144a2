/** What a promise is rejected with, so that a test can look at a failure's parts. */
import { Failure } from '../engine/error.ts'

/** The failure that `work` rejects with; throws when it resolves, or rejects with anything else. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  )
  if (error instanceof Failure) return error
  throw error
}
