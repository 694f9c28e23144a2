/** What `lab explain` finds in a text: each thing once, however often it stands there. Bounded, whatever the text's size. */

/** Something that was recognised. */
export interface Fact {
  /** The row or reader that knows it. */
  readonly rule: string
  /** What makes two of them the same thing. */
  readonly key?: string
  /** What stands there, in one line. */
  readonly what: string
  readonly cause: string
  readonly wayOut?: string
  /** Lines of the text that show it. */
  readonly evidence?: readonly string[]
}

export interface Finding extends Fact {
  /** Line numbers from 1, ascending: the first ones. */
  readonly lines: readonly number[]
  /** How many lines there are in all. */
  readonly count: number
}

/** Line numbers that are kept of one finding, and findings of one text. */
const MOST_LINES = 100
const MOST_FINDINGS = 500

export class Findings {
  readonly #found = new Map<string, Fact & { readonly lines: number[]; count: number }>()
  /** Further findings, which are only counted. */
  more = 0

  /** `lines`: where it stands. The same thing again only adds lines. */
  add(fact: Fact, lines: readonly number[], count: number = lines.length): void {
    const key = `${fact.rule}\n${fact.key ?? ''}`
    const known = this.#found.get(key)
    if (known) {
      known.count += count
      known.lines.push(...lines.slice(0, Math.max(0, MOST_LINES - known.lines.length)))
    } else if (this.#found.size >= MOST_FINDINGS) this.more++
    else this.#found.set(key, { ...fact, lines: lines.slice(0, MOST_LINES), count })
  }

  /** In the order of the text. */
  list(): Finding[] {
    return [...this.#found.values()].toSorted((a, b) => (a.lines[0] ?? 0) - (b.lines[0] ?? 0))
  }
}

/** Reads a text line by line; `end` is called after the last one. */
export interface Reader {
  readonly feed: (line: string, number: number) => void
  readonly end?: () => void
}
