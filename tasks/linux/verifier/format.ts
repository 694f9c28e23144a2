/**
 * Messages by the formats that the kernel prints them with. A format becomes an anchored pattern; formats are looked up
 * by the message's first word, so that a line which is no message costs one look-up.
 */

/** Longer messages do not exist: the log's own buffer for one is 1024 bytes (BPF_VERIFIER_TMP_LOG_SIZE). */
const LONGEST_MESSAGE = 1024

const CONVERSION = /%[-+ #0]*\d*(?:hh|h|ll|l|z)?([diuxXpcs%])/g
const NUMBER = String.raw`[-+]?(?:0x)?[0-9a-f]+`

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)

/** The pattern of a printf format, from the beginning of a message to its end. */
export function formatPattern(format: string): RegExp {
  let pattern = ''
  let at = 0
  for (const { 0: text, 1: letter = '', index } of format.matchAll(CONVERSION)) {
    pattern += escaped(format.slice(at, index))
    // What a message begins with is a register or a name, and no sentence.
    const words = index === 0 ? String.raw`(\S+?)` : '(.*?)'
    pattern += letter === '%' ? '%' : letter === 's' ? words : letter === 'c' ? '(.)' : `(${NUMBER})`
    at = index + text.length
  }
  return new RegExp(`^${pattern}${escaped(format.slice(at))}$`)
}

/** A message as the format would print it: for tests of a list of formats. */
export const sampleOf = (format: string): string =>
  format.replaceAll(CONVERSION, (_, letter: string) =>
    letter === '%' ? '%' : letter === 's' ? 'word' : letter === 'c' ? 'c' : '1',
  )

/** Characters that are the same in each message of the format. */
const literalLength = (format: string): number => format.replaceAll(CONVERSION, '').length

/** The first word, with any number in it as 0: "R3" and "R%d" are one key. */
const keyOf = (word: string): string => word.replaceAll(/\d+/g, '0')
const firstWord = (text: string): string => {
  const end = text.indexOf(' ')
  return end === -1 ? text : text.slice(0, end)
}

interface Entry<T> {
  readonly format: string
  readonly value: T
  pattern?: RegExp
}

export interface Known<T> {
  readonly value: T
  readonly format: string
  /** What the message has in the places of the conversions. */
  readonly words: readonly string[]
}

/** What a message is, of several that are known by their formats. */
export class Formats<T> {
  readonly #byWord = new Map<string, Entry<T>[]>()
  /** Those that begin with a word that is not always the same. */
  readonly #loose: Entry<T>[] = []

  constructor(all: Iterable<readonly [format: string, value: T]>) {
    for (const [format, value] of all) {
      if (firstWord(format).includes('%s')) {
        this.#loose.push({ format, value })
        continue
      }
      const word = keyOf(firstWord(format).replaceAll(CONVERSION, '0'))
      const entries = this.#byWord.get(word)
      if (entries) entries.push({ format, value })
      else this.#byWord.set(word, [{ format, value }])
    }
    // Of two formats that match, the one that says more is meant.
    for (const entries of [...this.#byWord.values(), this.#loose])
      entries.sort((a, b) => literalLength(b.format) - literalLength(a.format))
  }

  /** The longest literal of each format that is found outside of a log, too. */
  needles(): readonly string[] {
    const literals = [...this.#byWord.values()]
      .flat()
      .map(({ format }) => format.split(CONVERSION).filter((_, index) => index % 2 === 0))
      .map((parts) => parts.toSorted((a, b) => b.length - a.length)[0] ?? '')
    return [...new Set(literals)]
  }

  /**
   * The format of a message, and what the message has in the places of its conversions. `loose`: also formats that
   * begin with any word, which prose may match.
   */
  find(message: string, loose = false): Known<T> | undefined {
    if (message.length > LONGEST_MESSAGE) return undefined
    const entries = this.#byWord.get(keyOf(firstWord(message)))
    const known = entries && first(entries, message)
    return known ?? (loose ? first(this.#loose, message) : undefined)
  }
}

function first<T>(entries: readonly Entry<T>[], message: string): Known<T> | undefined {
  for (const entry of entries) {
    const match = (entry.pattern ??= formatPattern(entry.format)).exec(message)
    if (match) return { value: entry.value, format: entry.format, words: match.slice(1) }
  }
  return undefined
}
