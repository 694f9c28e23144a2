/**
 * A command as text -> words. Quotes and backslash as in a shell, and nothing else of a shell: what looks like more is
 * refused.
 */
import { userError } from '../../engine/error.ts'
import { type Params, interpolate } from '../interpolate.ts'

/** What is wrong with a command, and where in its text. */
export interface WordsProblem {
  readonly message: string
  readonly wayOut: string
  readonly span: readonly [number, number]
}

const OWN_SHELL = "quote it if it is text, or start a shell yourself: sh -c '...'"

/**
 * What a shell would do with these characters outside quotes. Each would be lost in silence if it were passed on as a
 * letter, so each is refused. `${name}` is the lab's own and passes.
 */
const SHELL_MEANING: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/^(&&|\|\||;|&|\n)/, 'begins a second command'],
  [/^\|/, 'is a pipe'],
  [/^(>>?|<<?)/, 'redirects'],
  [/^(\$\(|`)/, 'runs a command for its output'],
  [/^\$(?!\$?\{)([A-Za-z_]\w*|[0-9@*#?$!-])/, 'is a variable'],
  [/^[*?]/, 'matches file names'],
  [/^[()]/, 'begins or ends a subshell'],
]
/** Characters with a meaning only where a word begins. */
const AT_WORD_START: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/^#/, 'begins a comment'],
  [/^~/, 'is the home directory'],
]
/** Of these, double quotes take the meaning only from the others. */
const IN_DOUBLE_QUOTES = SHELL_MEANING.filter(
  ([, meaning]) => meaning.startsWith('runs a command') || meaning.startsWith('is a variable'),
)

function shellMeaning(rest: string, rules: typeof SHELL_MEANING): { sign: string; meaning: string } | undefined {
  for (const [pattern, meaning] of rules) {
    const sign = pattern.exec(rest)?.[0]
    if (sign !== undefined) return { sign, meaning }
  }
  return undefined
}

class Splitter {
  readonly #text: string
  #at = 0
  #word: string | undefined
  readonly #words: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  split(): string[] | WordsProblem {
    while (this.#at < this.#text.length) {
      const problem = this.#step()
      if (problem !== undefined) return problem
    }
    this.#endWord()
    const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/.exec(this.#words[0] ?? '')
    if (assignment !== null) {
      const start = this.#text.indexOf(assignment[0])
      const wayOut = `write env in front: env ${this.#words[0]} ...`
      return {
        message: `${assignment[0]}... sets a variable, and no shell is run`,
        wayOut,
        span: [start, start + assignment[0].length],
      }
    }
    if (this.#words.length > 0) return this.#words
    return {
      message: 'the command is empty',
      wayOut: 'write the program and its arguments',
      span: [0, this.#text.length],
    }
  }

  #step(): WordsProblem | undefined {
    const character = this.#text[this.#at] ?? ''
    if (/[ \t\r]/.test(character)) this.#endWord()
    else if (character === "'") return this.#single()
    else if (character === '"') return this.#double()
    else if (character === '\\') return this.#backslash()
    else return this.#plain(character)
    this.#at++
    return undefined
  }

  #plain(character: string): WordsProblem | undefined {
    const rest = this.#text.slice(this.#at)
    // A line break at either end is how YAML's block text is written, not a second command.
    if (character === '\n' && (this.#text.slice(0, this.#at).trim() === '' || rest.trim() === '')) {
      this.#endWord()
      this.#at++
      return undefined
    }
    const start = this.#word === undefined ? shellMeaning(rest, AT_WORD_START) : undefined
    const found = start ?? shellMeaning(rest, SHELL_MEANING)
    if (found !== undefined) return this.#refuse(found.sign, found.meaning)
    this.#take(this.#own() ?? character)
    return undefined
  }

  /** `${name}` and `$${` go through whole: `interpolate` reads them. */
  #own(): string | undefined {
    return /^(\$\$\{|\$\{[^{}]*\})/.exec(this.#text.slice(this.#at))?.[0]
  }

  #single(): WordsProblem | undefined {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) return this.#open("'")
    this.#word = (this.#word ?? '') + this.#text.slice(this.#at + 1, end)
    this.#at = end + 1
    return undefined
  }

  #double(): WordsProblem | undefined {
    const open = this.#at++
    this.#word ??= ''
    for (;;) {
      const rest = this.#text.slice(this.#at)
      const next = rest[0]
      if (next === undefined) {
        this.#at = open
        return this.#open('"')
      }
      if (next === '"') break
      // In double quotes a shell gives the backslash a meaning before these characters only.
      const escaped = /^\\(["\\$`\n])/.exec(rest)
      const found = escaped === null ? shellMeaning(rest, IN_DOUBLE_QUOTES) : undefined
      if (found !== undefined) return this.#refuse(found.sign, `${found.meaning} also inside "..."`)
      if (escaped !== null) this.#escaped(escaped[1] ?? '', rest)
      else this.#take(this.#own() ?? next)
    }
    this.#at++
    return undefined
  }

  #backslash(): WordsProblem | undefined {
    const rest = this.#text.slice(this.#at)
    const next = rest[1]
    if (next === undefined) {
      const span: [number, number] = [this.#at, this.#at + 1]
      return { message: 'the command ends with a backslash', wayOut: 'write \\\\ for a backslash', span }
    }
    if (next === '\n') this.#at += 2
    else this.#escaped(next, rest)
    return undefined
  }

  /**
   * The character after a backslash. An escaped "$" before "{" must stay literal when the parameters are put in later.
   */
  #escaped(character: string, rest: string): void {
    this.#word =
      (this.#word ?? '') + (character === '\n' ? '' : character === '$' && rest[2] === '{' ? '$$' : character)
    this.#at += 2
  }

  #take(piece: string): void {
    this.#word = (this.#word ?? '') + piece
    this.#at += piece.length
  }

  #endWord(): void {
    if (this.#word !== undefined) this.#words.push(this.#word)
    this.#word = undefined
  }

  #open(quote: string): WordsProblem {
    return { message: `the quote ${quote} is never closed`, wayOut: `add ${quote}`, span: [this.#at, this.#at + 1] }
  }

  #refuse(sign: string, meaning: string): WordsProblem {
    const shown = sign === '\n' ? 'a line break' : `"${sign}"`
    const wayOut = sign === '\n' ? `put it on one line, or start a shell yourself: sh -c '...'` : OWN_SHELL
    return {
      message: `${shown} ${meaning} in a shell, and no shell is run`,
      wayOut,
      span: [this.#at, this.#at + sign.length],
    }
  }
}

/** The words of a command, or its first problem. Parameters (`${name}`) are left as they stand. */
export const splitWords = (text: string): readonly string[] | WordsProblem => new Splitter(text).split()

const isProblem = (result: readonly string[] | WordsProblem): result is WordsProblem => !Array.isArray(result)

/** Like `splitWords`, for a command that should be right. @throws a user's Failure */
export function words(text: string): readonly string[] {
  const result = splitWords(text)
  if (isProblem(result)) throw userError({ place: `command: ${text}`, fact: result.message, wayOut: result.wayOut })
  return result
}

/** The problem of a command, or undefined. */
export function wordsProblem(text: string): WordsProblem | undefined {
  const result = splitWords(text)
  return isProblem(result) ? result : undefined
}

/**
 * The argument list of a command in one arm. Parameters are put in after splitting, so a value with spaces stays one
 * word.
 * @throws a user's Failure for shell syntax or an undeclared parameter
 */
export function argvOf(command: string, params: Params): string[] {
  return words(command).map((word) => interpolate(word, params))
}
