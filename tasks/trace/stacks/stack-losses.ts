/** What a run lost of the stacks that it counted, by its maps. */
import { isLost } from './folded.ts'
import { stackCounts, type AnyMaps, type StackCount } from './stack-counts.ts'

/** One sentence for each map that lost something. */
export const stackLosses = (maps: AnyMaps): string[] =>
  stackCounts(maps).flatMap(({ name, counts, unplaced = 0, entries, stackEntries, cut }) => {
    const isCounted = ({ halves }: StackCount) => halves.some((half) => isLost(half) && !(cut && 'missing' in half))
    const lost = counts.filter(isCounted).reduce((sum, { weight }) => sum + weight, 0)
    return [
      // Of a dump that was cut nobody knows how much is missing, and a larger map would not help.
      ...(cut
        ? [`${name} or its map of stacks had more entries than a run keeps (4096): count fewer tasks or events`]
        : []),
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
