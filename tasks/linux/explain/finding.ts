/**
 * What `lab explain` finds in a text: each thing once, however often it is there. Bounded, whatever the text's
 * size.
 */

/**
 * How sure an explanation is. certain: the text states it, or the kernel prints this message in one situation only.
 * likely: the usual reason for this message. possible: one of several reasons, which the text alone does not tell
 * apart.
 */
export type Confidence = 'certain' | 'likely' | 'possible'

/** The explanation of something that was recognised in a text. */
export interface Fact {
  /** Identifies the row or reader that knows it; the same in every version of lab. */
  readonly rule: string
  /** What makes two of them the same thing. */
  readonly key?: string
  /** What the text says, in one line. */
  readonly what: string
  /** Lines of the text that show it. */
  readonly evidence?: readonly string[]
  readonly cause: string
  /** What to do, the best first. */
  readonly fixes?: readonly string[] | undefined
  /** How sure the cause is; `certain` where a row does not say. */
  readonly confidence?: Confidence | undefined
  /** What to look at when this is not the cause. */
  readonly otherwise?: string | undefined
  /** The function of the kernel that this is about: `lab explain --kernel` asks the kernel about it. */
  readonly symbol?: string | undefined
  /**
   * Where the kernel (or the program that prints the message) shows it: "commit 45408c4f9250 (4.19)",
   * "kernel/trace/trace_kprobe.c".
   */
  readonly sources?: readonly string[] | undefined
}

export interface Finding extends Fact {
  readonly fixes: readonly string[]
  readonly confidence: Confidence
  readonly sources: readonly string[]
  /** Line numbers from 1, ascending: the first ones. */
  readonly lines: readonly number[]
  /** How many lines there are in all. */
  readonly count: number
}

/** Line numbers that are kept of one finding, and findings of one text. */
const MOST_LINES = 100
const MOST_FINDINGS = 500

export class Findings {
  readonly #found = new Map<string, Finding & { readonly lines: number[]; count: number }>()
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
    else
      this.#found.set(key, {
        ...fact,
        fixes: fact.fixes ?? [],
        confidence: fact.confidence ?? 'certain',
        sources: fact.sources ?? [],
        lines: lines.slice(0, MOST_LINES),
        count,
      })
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
