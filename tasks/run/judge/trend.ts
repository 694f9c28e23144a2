/** Numbers that rise or fall with every run: of a counter that the guest keeps, a median over runs means nothing. */
import { shortNumber } from '../../engine/text.ts'
import type { Manifest } from '../../results/manifest.ts'

/** Runs from which on it is a trend: five values are in one of the two orders by chance in 1 of 60 cases (2/5!). */
const FEWEST = 5
const SHOWN = 3

type Measured = Pick<Manifest, 'started' | 'metrics' | 'guest'>

/**
 * A sentence where each run of an arm has a larger (or each a smaller) value than the one before it in the same guest.
 * @param runs of one arm, in any order
 * @param factor of the unit in which the numbers are shown
 */
export function trendText(runs: readonly Measured[], metric: string, factor = 1): string | undefined {
  const inOrder = runs.toSorted((a, b) => (a.started < b.started ? -1 : 1))
  const values = inOrder.map(({ metrics }) => metrics?.[metric]).filter((value) => typeof value === 'number')
  // A snapshot has the boot of the guest that it was taken from, and is a guest of its own.
  const shares = inOrder.every(({ guest }) => !guest.snapshot && guest.bootId === inOrder[0]?.guest.bootId)
  if (values.length < FEWEST || !shares) return undefined
  const signs = new Set(values.slice(1).map((value, index) => Math.sign(value - (values[index] ?? value))))
  const [sign] = signs
  if (signs.size !== 1 || sign === 0) return undefined
  const word = sign === 1 ? 'rises' : 'falls'
  return `it ${word} with every run (${values
    .slice(0, SHOWN)
    .map((value) => shortNumber(value * factor))
    .join(', ')}, ...): if it counts what the shared guest keeps, take a difference, or \`start: warm\``
}
