/**
 * Packages that most commands do without. Loading one takes 5 to 50 ms of CPU time, more than `lab check` spends on the
 * lab file, so a file that needs one for some of its work names it here and loads it at the first use.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/**
 * A package, loaded when it is first asked for: `const diff = later<typeof import('diff')>('diff')`. Not asynchronous,
 * so that what uses it need not be, either.
 */
export function later<Package>(name: string): () => Package {
  let loaded: Package | undefined
  return () => (loaded ??= require(name) as Package)
}
