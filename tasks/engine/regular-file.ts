/** Files that a person names to be read: what is no file, or has no end, is refused before anything waits for it. */
import { statSync, type Stats } from 'node:fs'
import { userError } from './error.ts'
import { printable } from './printable.ts'

/** What it is instead; undefined for a regular file and for a pipe, which ends with its writer. */
function otherKind(facts: Stats): string | undefined {
  if (facts.isFile() || facts.isFIFO()) return undefined
  if (facts.isDirectory()) return 'this is a directory'
  if (facts.isSocket()) return 'this is a socket'
  return 'this is a device, whose contents may have no end'
}

/**
 * Refuses what cannot be read to its end. A file that is not there passes: whoever opens it says so.
 * @param pipes whether a pipe will do
 * @throws Failure (user)
 */
export function needReadable(file: string, wayOut: string, pipes = true): void {
  const facts = statSync(file, { throwIfNoEntry: false })
  if (facts === undefined) return
  const fact = otherKind(facts) ?? (facts.isFIFO() && !pipes ? 'this is a pipe, and a file is needed' : undefined)
  if (fact !== undefined) throw userError({ place: printable(file, 200), fact, wayOut })
}
