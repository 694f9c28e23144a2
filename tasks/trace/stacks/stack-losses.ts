/** What a run lost of the stacks that it counted, by its maps. */
import { unitOfName } from '../../config/metric-unit.ts'
import { plural } from '../../engine/text.ts'
import { isLost } from './folded.ts'
import { stackCounts, type AnyMaps, type StackCount } from './stack-counts.ts'

/** "5 counts"; "4500 ns" of a map whose name says what it adds up. */
function amountText(name: string, weight: number): string {
  const unit = unitOfName(name)
  return unit === undefined ? plural(weight, 'count') : `${weight} ${unit}`
}

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
            `${amountText(name, lost)} of ${name} ${lost === 1 ? 'has lost its stack' : 'have lost their stack'}, which found another one in its place or no room in a map of ${stackEntries}: give it more entries`,
          ]
        : []),
      ...(unplaced > 0
        ? [`${name} had no room for ${plural(unplaced, 'count')} (max_entries ${entries}): give it more entries`]
        : []),
    ]
  })
