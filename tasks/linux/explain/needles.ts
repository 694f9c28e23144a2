/**
 * Which of many short texts a line contains, in one pass (Aho and Corasick 1975): a log of hundreds of megabytes is searched for hundreds
 * of messages.
 */

/** Only these are told apart; a needle has no other characters. */
const ASCII = 128
const NOTHING: readonly number[] = []

export class Needles {
  /** Class of a character: 0 for those that no needle has. */
  readonly #classes = new Uint8Array(ASCII)
  #width = 1
  /** Next state by state and class. */
  readonly #next: Int32Array
  /** Indexes of the sets that end at a state; nearly all states have none. */
  readonly #ends: (readonly number[])[] = []

  /** @param sets each is found if the line contains one of its texts */
  constructor(sets: readonly (readonly string[])[]) {
    for (const character of new Set(sets.flat().join(''))) {
      const code = character.charCodeAt(0)
      if (code >= ASCII) throw new Error(`a needle with the character ${character}`)
      this.#classes[code] = this.#width++
    }
    const states = this.#trie(sets)
    this.#next = new Int32Array(states.length * this.#width)
    this.#link(states)
  }

  #trie(sets: readonly (readonly string[])[]): Map<number, number>[] {
    const states: Map<number, number>[] = [new Map()]
    this.#ends.push(NOTHING)
    for (const [index, needles] of sets.entries())
      for (const needle of needles) {
        let state = 0
        for (let at = 0; at < needle.length; at++) {
          const kind = this.#classes[needle.charCodeAt(at)] ?? 0
          let next = states[state]?.get(kind)
          if (next === undefined) {
            next = states.push(new Map()) - 1
            states[state]?.set(kind, next)
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
      for (let kind = 0; kind < this.#width; kind++) {
        const child = states[state]?.get(kind)
        const otherwise = state === 0 ? 0 : (this.#next[back * this.#width + kind] ?? 0)
        this.#next[state * this.#width + kind] = child ?? otherwise
        if (child === undefined) continue
        suffix[child] = otherwise
        queue.push(child)
      }
    }
  }

  /** Indexes of the sets that the text contains, ascending, each once. */
  in(text: string): readonly number[] {
    let found: Set<number> | undefined
    let state = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      state = this.#next[state * this.#width + (code < ASCII ? (this.#classes[code] ?? 0) : 0)] ?? 0
      const ends = this.#ends[state]
      if (ends === undefined || ends.length === 0) continue
      found ??= new Set()
      for (const index of ends) found.add(index)
    }
    return found === undefined ? NOTHING : [...found].toSorted((a, b) => a - b)
  }
}
