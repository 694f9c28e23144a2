/**
 * Text that came from outside (a compiler, a guest's console, a file name) made safe to show: what a terminal would
 * obey, or what would reorder or hide its neighbours, becomes a visible escape. A guest can write anything to its
 * console, and a terminal that shows it raw can be made to retitle itself, hide lines or answer back as if the person
 * had typed.
 */

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * What is escaped, by kind:
 * - Cc: C0 (with ESC, BEL), DEL and C1 (U+009B alone is a CSI on 8-bit terminals).
 * - Cs: half a surrogate pair, which no encoding can write.
 * - Bidi_Control: embeddings, overrides, isolates and marks ("Trojan Source", CVE-2021-42574).
 * - U+2028/2029: line ends to some viewers. U+200B, U+2060, U+FEFF, U+E0000..E007F: no width, so text hides in them.
 *   The joiners U+200C and U+200D stay: scripts and emoji need them.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029\u200b\u2060\ufeff\u{e0000}-\u{e007f}]/u
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu')

/** Nothing to escape, and a code unit is a character. */
const PLAIN = /^[\x20-\x7e]*$/

/** How a code point is written as an escape: `\x1b`, `\u202e`, `\u{e0041}`. */
export function escapeOf(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

const escaped = (character: string): string => NAMED[character] ?? escapeOf(character.codePointAt(0) ?? 0)

/** Safe text of several lines, for a file: line ends and tabs stay. A second pass changes nothing. */
export const printableText = (text: string): string =>
  text.replace(UNSAFE_ALL, (character) => (character === '\n' || character === '\t' ? character : escaped(character)))

/**
 * One line of safe text; line ends and tabs are escaped too. A second pass changes nothing. With `maxLength`, at most
 * so many characters (code points) come back, the last one `…` where something was cut; an escape is never cut in two.
 */
export function printable(text: string, maxLength?: number): string {
  if (maxLength === undefined) return text.replace(UNSAFE_ALL, escaped)
  if (text.length <= maxLength && PLAIN.test(text)) return text
  // Nothing beyond this can be shown, since no piece is shorter than one code unit; a console log can be megabytes.
  const pieces = Array.from(text.slice(0, 2 * (maxLength + 1)), (c) => (UNSAFE.test(c) ? escaped(c) : c))
  const length = (piece: string) => Array.from(piece).length
  if (pieces.reduce((sum, piece) => sum + length(piece), 0) <= maxLength) return pieces.join('')
  let kept = ''
  let used = 1
  for (const piece of pieces) {
    used += length(piece)
    if (used > maxLength) break
    kept += piece
  }
  return maxLength < 1 ? '' : `${kept}…`
}

/**
 * JSON.stringify escapes only C0. A person who looks at the lines in a terminal must be safe from the rest, and JSON
 * can say it without losing anything: DEL and C1, bidi controls, line separators.
 */
const UNSAFE_IN_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A value as JSON on one line that a terminal can show as it is. The value must be one that JSON has. */
export const safeJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
