/**
 * Which readers a line can concern, in one pass over its characters: a log of hundreds of megabytes is mostly lines
 * that concern none of them. A reader is also asked while it is in the middle of something.
 */
import { SPLAT_NEEDLES } from '../splats/rules.ts'
import { logNeedles } from '../verifier/index.ts'
import { ADDRESS_NEEDLES } from './addresses.ts'
import { BTF_NEEDLES } from './btf-log.ts'
import { CALL_TRACE_NEEDLES } from './call-trace.ts'
import { CAUSED_BY_NEEDLES } from './caused-by.ts'
import { ERROR_LOG_NEEDLES } from './error-log.ts'
import { ROWS } from './messages/index.ts'
import { CONTEXT_NEEDLES } from './messages/seen.ts'
import { Needles } from './needles.ts'
import { CALL_NEEDLES } from './retried-calls.ts'
import { SEARCH_NEEDLES } from './symbol-search.ts'
import { TRACE_NEEDLES } from './trace.ts'
import { ERRNO_NEEDLES } from './verifier.ts'

/** Texts of which a line has at least one if it can begin something for a reader. */
const READERS = {
  context: CONTEXT_NEEDLES,
  splats: SPLAT_NEEDLES,
  trace: TRACE_NEEDLES,
  verifier: [...logNeedles(), ...ERRNO_NEEDLES],
  search: SEARCH_NEEDLES,
  errorLog: ERROR_LOG_NEEDLES,
  btf: BTF_NEEDLES,
  addresses: ADDRESS_NEEDLES,
  causedBy: CAUSED_BY_NEEDLES,
  callTrace: CALL_TRACE_NEEDLES,
  calls: CALL_NEEDLES,
} as const
export type ReaderName = keyof typeof READERS

const NAMES = Object.keys(READERS) as ReaderName[]

/** A bit for each reader. */
export const BIT = Object.fromEntries(NAMES.map((name, index) => [name, 1 << index])) as Readonly<
  Record<ReaderName, number>
>

export interface Interest {
  /** Indexes of rows of the message tables, ascending. */
  readonly rows: readonly number[]
  /** Bits of BIT. */
  readonly readers: number
}

const NONE: Interest = { rows: [], readers: 0 }

/**
 * Characters by which a text is found: the automaton of whole sentences would take longer to make than most texts to
 * read.
 */
const ENOUGH = 14
const shortened = (texts: readonly string[]): readonly string[] => texts.map((text) => text.slice(0, ENOUGH))

/** Made once for all texts. */
let needles: Needles | undefined
const allNeedles = (): Needles =>
  (needles ??= new Needles([
    ...ROWS.map(({ needle }) => shortened([needle].flat())),
    ...NAMES.map((name) => shortened(READERS[name])),
  ]))

export function interestOf(line: string): Interest {
  const sets = allNeedles().in(line)
  if (sets.length === 0) return NONE
  let readers = 0
  let rows = sets.length
  for (let at = sets.length - 1; at >= 0; at--) {
    const set = sets[at] ?? 0
    if (set < ROWS.length) break
    readers |= 1 << (set - ROWS.length)
    rows = at
  }
  return { rows: rows === sets.length ? sets : sets.slice(0, rows), readers }
}
