/**
 * The word for one sequence of messages, which results count: a read, a call, an fsync. An experiment declares it with
 * `unit: call`; the plural follows the rules of English (engine/text.ts).
 */
import { printable } from '../engine/printable.ts'
import type { ResolvedExperiment } from './resolved.ts'
import type { Expectation, OrderExpectation } from './schema/schema-expect.ts'

/** A message that names a read: "ext4 file read", "vfs_read entered". */
const NAMES_A_READ = /(?:^|[^a-z])p?read(?:v2?|64)?(?:[^a-z]|$)/i

/** Characters of a word, as in the lab file. */
const LONGEST = 30

/**
 * The declared word, fit to be printed: that of a result may be somebody else's. Without one, `read` where the first
 * message names a read, and `sequence` elsewhere: an fsync has no reads.
 * @param first the message that each sequence begins with
 */
export const unitWord = (declared: string | undefined, first: string | undefined): string =>
  declared === undefined ? (NAMES_A_READ.test(first ?? '') ? 'read' : 'sequence') : printable(declared, LONGEST)

/** Whether messages are expected in each sequence, and not once in the whole run. */
export const isPerSequence = (expectation: Readonly<Expectation>): expectation is Readonly<OrderExpectation> =>
  'order' in expectation && expectation.per !== 'run'

/** Undefined where nothing is declared: the messages of a run decide then, see `unitWord`. */
export function unitOf({ unit, expect }: Pick<ResolvedExperiment, 'unit' | 'expect'>): string | undefined {
  const order = expect.find(isPerSequence)
  return unit ?? (order && unitWord(undefined, order.order[0]))
}
