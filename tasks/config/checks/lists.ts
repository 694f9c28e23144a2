/** Checks of lists. */
import { ENOUGH } from '../text/yaml-lint.ts'
import type { Problem } from '../text/diagnostic.ts'

/** Entries of a list that are in it before. */
export function* repeated(list: readonly unknown[], path: Problem['path']): Iterable<Problem> {
  const seen = new Set<string>()
  let told = 0
  for (const [index, value] of list.entries()) {
    const text = String(value)
    if (!seen.has(text)) {
      seen.add(text)
      continue
    }
    if (told++ === ENOUGH) return
    const message = `"${text}" is in the list twice`
    yield { severity: 'error', path: [...path, index], at: 'value', message, wayOut: 'keep one' }
  }
}
