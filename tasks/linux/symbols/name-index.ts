/** The names of a kernel, prepared so that many names can be looked for: those with common words, and those nearly the same. */
import { editDistance } from '../../engine/edit-distance.ts'

/** The parts of a name that say something: "page", "copy"; not "do" or "to". */
export const wordsOf = (name: string): string[] => name.split('_').filter((word) => word.length > 2)

/** A bit for each letter, and one for each pair of digits. What stands elsewhere has none. */
function lettersOf(name: string): number {
  let letters = 0
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (code >= 97 && code <= 122) letters |= 1 << (code - 97)
    else if (code >= 48 && code <= 57) letters |= 1 << (26 + ((code - 48) >> 1))
  }
  return letters
}

/** How many bits are set (the sum of all bits, by halves). */
function bitsOf(value: number): number {
  let bits = value - ((value >>> 1) & 0x55_55_55_55)
  bits = (bits & 0x33_33_33_33) + ((bits >>> 2) & 0x33_33_33_33)
  return Math.imul((bits + (bits >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24
}

export class NameIndex {
  readonly #all: ReadonlySet<string>
  /** Names of whole functions: copyout, and not copyout.isra.0. */
  readonly #whole: string[] = []
  /** How many words each of them has, once they are looked for by word. */
  readonly #words: number[] = []
  readonly #pieces: string[] = []
  /** By length. */
  readonly #sized = new Map<number, { readonly name: string; readonly letters: number }[]>()
  #byWord: Map<string, number[]> | undefined

  constructor(names: Iterable<string>) {
    this.#all = names instanceof Set ? names : new Set(names)
    for (const name of this.#all) (name.includes('.') ? this.#pieces : this.#whole).push(name)
    for (const name of this.#whole) {
      const sized = { name, letters: lettersOf(name) }
      const same = this.#sized.get(name.length)
      if (same) same.push(sized)
      else this.#sized.set(name.length, [sized])
    }
  }

  has(name: string): boolean {
    return this.#all.has(name)
  }

  /** foo.isra.0, foo.part.3 of foo, in order. */
  piecesOf(name: string): string[] {
    return this.#pieces.filter((piece) => piece.startsWith(`${name}.`)).toSorted()
  }

  /** Names that have at least so many of these words, how many, and how many words they have themselves. */
  *sharing(words: Iterable<string>, least: number): Generator<[name: string, shared: number, own: number]> {
    const byWord = this.#wordsToNames()
    const shared = new Map<number, number>()
    for (const word of words) for (const at of byWord.get(word) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1)
    for (const [at, count] of shared) if (count >= least) yield [this.#whole[at] ?? '', count, this.#words[at] ?? 0]
  }

  /** Names within so many edits of this one, and how many. */
  within(name: string, limit: number): Map<string, number> {
    const letters = lettersOf(name)
    const near = new Map<string, number>()
    for (let length = name.length - limit; length <= name.length + limit; length++)
      for (const other of this.#sized.get(length) ?? []) {
        // An edit takes at most one letter away, and brings at most one.
        if (bitsOf(letters & ~other.letters) > limit || bitsOf(other.letters & ~letters) > limit) continue
        const edits = editDistance(name, other.name, limit)
        if (edits <= limit) near.set(other.name, edits)
      }
    return near
  }

  #wordsToNames(): Map<string, number[]> {
    if (this.#byWord) return this.#byWord
    const byWord = new Map<string, number[]>()
    for (const [at, name] of this.#whole.entries()) {
      const words = wordsOf(name)
      this.#words.push(words.length)
      for (const word of words) {
        const names = byWord.get(word)
        if (names) names.push(at)
        else byWord.set(word, [at])
      }
    }
    this.#byWord = byWord
    return byWord
  }
}

const indexes = new WeakMap<Iterable<string>, NameIndex>()

/** The index of a list of names, made once for each list. The list does not change any more. */
export function indexOf(names: Iterable<string>): NameIndex {
  const known = indexes.get(names)
  if (known) return known
  const index = new NameIndex(names)
  indexes.set(names, index)
  return index
}
