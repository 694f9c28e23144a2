/** What a run lost of the stacks that it counted, by its maps. */
import { isLost } from './folded.ts'
import { stackCounts, type AnyMaps } from './stack-counts.ts'

/** One sentence for each map that lost something. */
export const stackLosses = (maps: AnyMaps): string[] =>
  stackCounts(maps).flatMap(({ name, counts, unplaced = 0, entries, stackEntries }) => {
    const lost = counts.reduce((sum, { weight, halves }) => sum + (halves.some(isLost) ? weight : 0), 0)
    return [
      ...(lost > 0
        ? [
            `${lost} counts of ${name} have lost their stack, which found another one in its place or no room in a map of ${stackEntries}: give it more entries`,
          ]
        : []),
      ...(unplaced > 0
        ? [`${name} had no room for ${unplaced} counts (max_entries ${entries}): give it more entries`]
        : []),
    ]
  })
