/**
 * Simple commands in text that a shell would run (`make -n`, the .cmd files of kbuild), as lists of words; and back.
 */

const SEPARATOR = /^(?:;|\|\|?|&&?|\n)/
const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** A word as a shell reads it back. */
export const quoteWord = (word: string): string =>
  PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/** A command line that can be pasted into a shell. */
export const commandLine = (argv: readonly string[]): string => argv.map(quoteWord).join(' ')

/** One word at the start of `text`, with its quotes taken off, and how long it was. */
function wordAt(text: string): { word: string; length: number } {
  let word = ''
  let at = 0
  for (; at < text.length; at++) {
    const rest = text.slice(at)
    const quote = rest[0]
    if (/^\s/.test(rest) || SEPARATOR.test(rest)) break
    if (quote === "'" || quote === '"') {
      const end = quote === "'" ? rest.indexOf("'", 1) : (/^"(?:[^"\\]|\\.)*"/s.exec(rest)?.[0].length ?? 0) - 1
      const body = rest.slice(1, end < 1 ? undefined : end)
      word += quote === "'" ? body : body.replaceAll(/\\(["\\$`])/g, '$1')
      at += end < 1 ? rest.length - 1 : end
    } else if (quote === '\\') {
      word += rest[1] ?? ''
      at++
    } else word += quote ?? ''
  }
  return { word, length: at }
}

/** The commands of a script without loops and conditions, in order. Redirections stay among the words. */
export function commandsOf(script: string): string[][] {
  const text = script.replaceAll(/\\\r?\n/g, ' ')
  const commands: string[][] = []
  let words: string[] = []
  for (let at = 0; at < text.length;) {
    const separator = SEPARATOR.exec(text.slice(at, at + 2))?.[0]
    if (separator !== undefined) {
      if (words.length > 0) commands.push(words)
      words = []
      at += separator.length
    } else if (/\s/.test(text[at] ?? '')) at++
    else {
      // A word ends within its line, or its quotes do: a window keeps this linear.
      const { word, length } = wordAt(text.slice(at, at + 65_536))
      words.push(word)
      at += Math.max(1, length)
    }
  }
  if (words.length > 0) commands.push(words)
  return commands
}
