/** Work side by side: the first failure stops the others, and nothing is left running when it is reported. */
import type { Context } from './context.ts'
import { Failure, interrupted } from './error.ts'

/**
 * Runs all works at once and returns their results in order. Throws the first failure that is not just "was told to
 * stop".
 */
export async function together<T extends readonly unknown[]>(
  context: Context,
  works: { readonly [K in keyof T]: (context: Context) => Promise<T[K]> },
): Promise<T> {
  const control = new AbortController()
  const signal = AbortSignal.any([context.signal, control.signal])
  const shared = { ...context, signal }
  const results = await Promise.allSettled(
    works.map(async (work: (context: Context) => Promise<unknown>) => {
      try {
        return await work(shared)
      } catch (error) {
        control.abort(interrupted())
        throw error
      }
    }),
  )
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const cause = failures.find((error) => !(error instanceof Failure && error.kind === 'interrupted')) ?? failures[0]
  if (cause !== undefined) throw cause
  return results.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T
}
