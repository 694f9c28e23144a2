/**
 * Which of many short texts a line contains, in one pass (Aho and Corasick 1975): a log of hundreds of megabytes is searched for hundreds
 * of messages.
 */

/** Characters that are told apart: ASCII, of which every needle consists. A power of two, so that a row begins at state << 7. */
const WIDTH_BITS = 7
const WIDTH = 1 << WIDTH_BITS
const NOTHING: readonly number[] = []

export class Needles {
  /** Next state by state and character. */
  readonly #next: Int32Array
  /** 1 for the states at which a needle ends. */
  readonly #isEnd: Uint8Array
  /** Indexes of the sets that end at a state. */
  readonly #ends: (readonly number[])[] = [NOTHING]

  /**
   * @param sets each is found if the line contains one of its texts
   * @throws Error for a needle that is not ASCII
   */
  constructor(sets: readonly (readonly string[])[]) {
    const states = this.#trie(sets)
    this.#next = new Int32Array(states.length << WIDTH_BITS)
    this.#link(states)
    this.#isEnd = Uint8Array.from(this.#ends, (ends) => (ends.length > 0 ? 1 : 0))
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
    const [next, isEnd] = [this.#next, this.#isEnd]
    const { length } = text
    let found: Set<number> | undefined
    let state = 0
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      // Both are always within the tables.
      state = code < WIDTH ? (next[(state << WIDTH_BITS) | code] as number) : 0
      if (isEnd[state] === 0) continue
      found ??= new Set()
      for (const index of this.#ends[state] ?? NOTHING) found.add(index)
    }
    return found === undefined ? NOTHING : [...found].toSorted((a, b) => a - b)
  }
}
