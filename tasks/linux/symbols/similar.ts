/** Which names of a kernel a name of another version may have become. */
import { editDistance } from '../../engine/edit-distance.ts'
import type { Hook } from './hook.ts'
import { indexOf, wordsOf, type NameIndex } from './name-index.ts'
import { retarget, type Fix } from './verdict.ts'

interface Rename {
  readonly from: string
  readonly to: string
  /** First kernel with the new name, and the commit where it is known. */
  readonly since: string
}

/** Names that the log and its successors met, where no similarity would find the new one. */
const RENAMES: readonly Rename[] = [
  { from: 'do_generic_file_read', to: 'generic_file_buffered_read', since: '4.15' },
  { from: 'generic_file_buffered_read', to: 'filemap_read', since: '5.12 (87fa0f3eb267)' },
  { from: '_do_fork', to: 'kernel_clone', since: '5.10 (cad6967ac108)' },
  { from: 'do_fork', to: '_do_fork', since: '4.2' },
  { from: 'copyout', to: 'copy_to_user_iter', since: '6.7 (f1982740f5e7)' },
  { from: 'copyin', to: 'copy_from_user_iter', since: '6.7 (f1982740f5e7)' },
  { from: 'copy_page_to_iter_iovec', to: 'copy_page_to_iter', since: '5.16' },
]

export interface Candidate {
  readonly name: string
  /** "since 5.12 (87fa0f3eb267)", for a name that is known to have changed. */
  readonly note?: string
}

/**
 * Whether one name is probably a slip for the other: nearly the same, and with the same beginning. get_page is no slip
 * for put_page, and __raw_spin_lock none for _raw_spin_lock.
 */
function isTypo(name: string, other: string): boolean {
  const limit = name.length < 12 ? 1 : 2
  return name.slice(0, 3) === other.slice(0, 3) && editDistance(name, other, limit) <= limit
}

/** The note of a target that was probably meant. */
export const SLIP = 'did you mean this one?'

/** The program on each function that its target may stand for, the likeliest first. */
export const similarTargets = (hook: Pick<Hook, 'section' | 'target'>, functions: Iterable<string>): Fix[] =>
  candidates(hook.target, functions).map(({ name, note }) =>
    retarget(hook, name, note ?? (isTypo(hook.target, name) ? SLIP : undefined)),
  )

/**
 * How alike each name is: 1 for all words in common and none more, or for nearly the same letters. Names that have next
 * to nothing in common are left out.
 */
function likenesses(name: string, index: NameIndex): Map<string, number> {
  const words = new Set(wordsOf(name))
  const scores = new Map<string, number>()
  const note = (other: string, score: number) => {
    if (score >= 0.6 && other !== name) scores.set(other, Math.max(score, scores.get(other) ?? 0))
  }
  // One common word ("read", "file") says nothing.
  const least = Math.min(2, words.size)
  for (const [other, shared, own] of index.sharing(words, least)) note(other, (2 * shared) / (words.size + own))
  for (const [other, edits] of index.within(name, Math.max(1, Math.floor(name.length / 5))))
    note(other, 1 - edits / name.length)
  return scores
}

/**
 * Functions that the name may stand for here, the likeliest first.
 * @param functions the same object for each name of one kernel: it is prepared once
 */
export function candidates(name: string, functions: Iterable<string>, most = 3): Candidate[] {
  const index = indexOf(functions)
  const known = new Map<string, Candidate>()
  // Names may have changed more than once; both ways, since an older kernel has the older name.
  const follow = (from: string, depth: number): void => {
    for (const rename of RENAMES) {
      const next = rename.from === from ? rename.to : rename.to === from ? rename.from : undefined
      if (next === undefined || next === name || known.has(next) || depth > 3) continue
      if (index.has(next)) known.set(next, { name: next, note: `${rename.to} is its name since ${rename.since}` })
      else follow(next, depth + 1)
    }
  }
  follow(name, 0)
  const rest = [...likenesses(name, index)]
    .toSorted(([a, ofA], [b, ofB]) => ofB - ofA || a.localeCompare(b))
    .map(([other]) => other)
  return [...known.values(), ...rest.filter((one) => !known.has(one)).map((one) => ({ name: one }))].slice(0, most)
}
