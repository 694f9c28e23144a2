/** "Did you mean": the nearest of the words that would have been right. */
import { editDistance } from '../../engine/edit-distance.ts'

/** Differences of spelling that people do not see: case, and the three ways to join words. */
const folded = (word: string) => word.toLowerCase().replace(/[-_. ]/g, '')

/** Names are shorter than this; what is longer is cut, because the cost of a comparison is quadratic. */
const LONGEST = 64

/**
 * The candidate that was probably meant, or undefined: the same but for case and joiners, else the nearest within one
 * edit per three characters, else the shortest of which the word is the beginning. The first of equals wins.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates].filter((candidate) => candidate !== word)
  const alike = all.find((candidate) => folded(candidate) === folded(word))
  if (alike !== undefined) return alike

  // With one or two letters everything is one edit away from everything.
  const limit = word.length < 3 ? 0 : Math.max(1, Math.floor(word.length / 3))
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of all) {
    const distance = editDistance(folded(word).slice(0, LONGEST), folded(candidate).slice(0, LONGEST))
    if (distance > limit || distance >= candidate.length) continue
    if (best === undefined || distance < best.distance) best = { candidate, distance }
  }
  if (best !== undefined) return best.candidate

  if (word.length < 2) return undefined
  return all
    .filter((candidate) => folded(candidate).startsWith(folded(word)))
    .toSorted((one, other) => one.length - other.length)[0]
}

/**
 * A way out for a name that does not exist: `did you mean "x"?`, else the list of what there is, else `otherwise`.
 * @param kinds what the candidates are, in the plural ("kernels")
 */
export function nameWayOut(word: string, candidates: readonly string[], kinds: string, otherwise: string): string {
  const near = suggest(word, candidates)
  if (near !== undefined) return `did you mean "${near}"?`
  if (candidates.length === 0) return otherwise
  const shown = candidates.slice(0, 12).join(', ')
  return `${kinds}: ${shown}${candidates.length > 12 ? ', …' : ''}`
}
