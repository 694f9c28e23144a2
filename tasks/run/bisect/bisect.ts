/** Finds the first bad commit: drives git, and keeps what each commit was found to be. */
import type { BisectState, BisectTree, Commit, Mark } from '../../host/git-bisect.ts'
import type { Judgement } from './judge.ts'

/** A commit that was looked at. */
export interface Looked extends Commit, Judgement {}

/** What is known so far: the first bad commit comes after `good`, and is `bad` or comes before it. */
export interface Known {
  readonly good: string
  readonly bad: string
}

export interface BisectRequest {
  readonly tree: Pick<BisectTree, 'start' | 'mark' | 'left' | 'subject'>
  readonly good: string
  readonly bad: string
  /** Finds out what the commit is that is checked out. */
  readonly test: (commit: Commit) => Promise<Judgement>
  /** Is told of each commit that was looked at, and of what is left. */
  readonly note: (looked: Looked, known: Known, left: number) => void
}

export interface BisectResult {
  /** The first bad commit, or those among which it is: the others could not be tested. */
  readonly first: readonly string[]
  readonly looked: readonly Looked[]
  readonly known: Known
}

const isOver = (state: BisectState): state is Exclude<BisectState, { readonly next: string }> => !('next' in state)

const moved = (known: Known, mark: Mark, id: string): Known => (mark === 'skip' ? known : { ...known, [mark]: id })

/** @throws a user's Failure where git cannot bisect; what `test` throws ends the search */
export async function bisect({ tree, good, bad, test, note }: BisectRequest): Promise<BisectResult> {
  const looked: Looked[] = []
  let known: Known = { good, bad }
  let state = await tree.start(good, bad)
  while (!isOver(state)) {
    const id = state.next
    const commit = { id, subject: await tree.subject(id) }
    const tested = { ...commit, ...(await test(commit)) }
    looked.push(tested)
    known = moved(known, tested.mark, id)
    state = await tree.mark(tested.mark)
    note(tested, known, await tree.left())
  }
  return { first: 'first' in state ? [state.first] : state.among, looked, known }
}
