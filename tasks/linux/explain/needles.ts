/**
 * Which of many short texts a line contains, in one pass (Aho and Corasick 1975): a log of hundreds of megabytes is
 * searched for hundreds of messages.
 */

/**
 * Characters that are told apart: ASCII, of which every needle consists. A power of two, so that a row begins at state
 * << 7.
 */
const WIDTH_BITS = 7
const WIDTH = 1 << WIDTH_BITS
const NOTHING: readonly number[] = []

export class Needles {
  /**
   * Next state by state and character. A state is the place of its first entry (its number << 7), complemented where a
   * needle ends: one look-up for each character.
   */
  readonly #next: Int32Array
  /** Indexes of the sets that end at a state. */
  #ends: (readonly number[])[] = [NOTHING]

  /**
   * @param sets each is found if the line contains one of its texts
   * @throws Error for a needle that is not ASCII
   */
  constructor(sets: readonly (readonly string[])[]) {
    const states = this.#trie(sets)
    this.#next = new Int32Array(states.length << WIDTH_BITS)
    this.#link(states)
    this.#ends = this.#ends.map((ends) => (ends.length < 2 ? ends : [...new Set(ends)].toSorted((a, b) => a - b)))
    this.#next = this.#next.map((state) =>
      this.#ends[state]?.length === 0 ? state << WIDTH_BITS : ~(state << WIDTH_BITS),
    )
  }

  #trie(sets: readonly (readonly string[])[]): Map<number, number>[] {
    const states: Map<number, number>[] = [new Map()]
    for (const [index, needles] of sets.entries())
      for (const needle of needles) {
        let state = 0
        for (let at = 0; at < needle.length; at++) {
          const code = needle.charCodeAt(at)
          if (code >= WIDTH) throw new Error(`a needle that is not ASCII: ${needle}`)
          let next = states[state]?.get(code)
          if (next === undefined) {
            next = states.push(new Map()) - 1
            states[state]?.set(code, next)
            this.#ends.push(NOTHING)
          }
          state = next
        }
        this.#ends[state] = [...(this.#ends[state] ?? NOTHING), index]
      }
    return states
  }

  /** Breadth first: where a state has no way on, it goes where its longest proper suffix would. */
  #link(states: readonly Map<number, number>[]): void {
    const suffix = new Int32Array(states.length)
    const queue: number[] = [0]
    for (const state of queue) {
      const back = suffix[state] ?? 0
      if (state !== 0) this.#ends[state] = [...(this.#ends[state] ?? NOTHING), ...(this.#ends[back] ?? NOTHING)]
      for (let code = 0; code < WIDTH; code++) {
        const child = states[state]?.get(code)
        const otherwise = state === 0 ? 0 : (this.#next[(back << WIDTH_BITS) | code] ?? 0)
        this.#next[(state << WIDTH_BITS) | code] = child ?? otherwise
        if (child === undefined) continue
        suffix[child] = otherwise
        queue.push(child)
      }
    }
  }

  /** Indexes of the sets that the text contains, ascending, each once. */
  in(text: string): readonly number[] {
    const next = this.#next
    const { length } = text
    let found: readonly number[] = NOTHING
    let more: Set<number> | undefined
    let state = 0
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      // Always within the table.
      state = code < WIDTH ? (next[state | code] as number) : 0
      if (state >= 0) continue
      state = ~state
      const ends = this.#ends[state >> WIDTH_BITS] ?? NOTHING
      // Nearly always one needle is found, once or again.
      if (found.length === 0) found = ends
      else if (ends !== found) {
        more ??= new Set(found)
        for (const index of ends) more.add(index)
      }
    }
    return more === undefined ? found : [...more].toSorted((a, b) => a - b)
  }
}
