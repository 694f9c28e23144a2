/** Which names of a kernel a name of another version may have become. */
import { editDistance } from '../../engine/edit-distance.ts'
import type { Hook } from './hook.ts'
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

const wordsOf = (name: string): string[] => name.split('_').filter((word) => word.length > 2)

/** 0 for nothing in common; 1 for all words in common and none more. */
function likeness(name: string, words: ReadonlySet<string>, other: string): number {
  const others = wordsOf(other)
  const shared = others.filter((word) => words.has(word)).length
  // One common word ("read", "file") says nothing.
  const byWords = shared < Math.min(2, words.size) ? 0 : (2 * shared) / (words.size + others.length)
  const limit = Math.max(1, Math.floor(name.length / 5))
  const edits = editDistance(name, other, limit)
  return Math.max(byWords, edits > limit ? 0 : 1 - edits / name.length)
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

/** Functions that the name may stand for here, the likeliest first. */
export function candidates(name: string, functions: Iterable<string>, most = 3): Candidate[] {
  const words = new Set(wordsOf(name))
  const all = new Set<string>()
  const scored: { name: string; score: number }[] = []
  for (const other of functions) {
    all.add(other)
    if (other === name || other.includes('.')) continue
    const score = likeness(name, words, other)
    if (score >= 0.6) scored.push({ name: other, score })
  }
  const known = new Map<string, Candidate>()
  // Names may have changed more than once; both ways, since an older kernel has the older name.
  const follow = (from: string, depth: number): void => {
    for (const rename of RENAMES) {
      const next = rename.from === from ? rename.to : rename.to === from ? rename.from : undefined
      if (next === undefined || next === name || known.has(next) || depth > 3) continue
      if (all.has(next)) known.set(next, { name: next, note: `${rename.to} is its name since ${rename.since}` })
      else follow(next, depth + 1)
    }
  }
  follow(name, 0)
  const rest = scored.toSorted((a, b) => b.score - a.score || a.name.localeCompare(b.name)).map((one) => one.name)
  return [...known.values(), ...rest.filter((one) => !known.has(one)).map((one) => ({ name: one }))].slice(0, most)
}
