/**
 * Rows made from the formats that a program prints with, as they are in its source: one kind of failure has many of
 * them. The formats are facts; cause and way out are ours.
 */
import { errnoOf } from './errno.ts'
import { COMMON } from './errno-common.ts'
import type { Answer, Row } from './row.ts'

export interface PrintfKind extends Answer {
  readonly rule: string
  /** One a line, with %s (any text), %d (a number), %x (hexadecimal) and, last, %e (an error in any notation). */
  readonly formats: string
  /** What the error of %e means at this place; what is not in it is looked up in COMMON. */
  readonly errors?: Readonly<Record<string, Answer>>
}

const CONVERSION = /%([sdxe])/g
/** Bounded: a hostile line must not cost the square of its length. */
const PATTERNS: Readonly<Record<string, string>> = {
  s: '.{1,200}?',
  d: '-?\\d{1,20}',
  x: '(?:0x)?[0-9a-f]{1,16}',
  e: '(?<error>.{1,200})',
}
/** Shorter literals are in too many lines to be worth a look. */
const SHORTEST_NEEDLE = 6

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)

export const formatsOf = ({ formats }: PrintfKind): readonly string[] =>
  formats.split('\n').filter((line) => line !== '')

const patternOf = (format: string): string =>
  format
    .split(CONVERSION)
    .map((part, index) => (index % 2 === 1 ? (PATTERNS[part] ?? '') : escaped(part)))
    .join('') + (format.endsWith('%s') ? '(?=$|[\\s"\'\\\\])' : '')

/** The longest text that each message of the format has. */
function needleOf(format: string): string {
  const [longest = ''] = format
    .split(CONVERSION)
    .filter((_, index) => index % 2 === 0)
    .toSorted((a, b) => b.length - a.length)
  if (longest.length < SHORTEST_NEEDLE) throw new Error(`nothing to find this format by: ${format}`)
  return longest
}

/** A message as the format would print it. */
export const sampleOf = (format: string): string =>
  format.replaceAll(CONVERSION, (_, letter: string) =>
    letter === 'e' ? '-EINVAL' : letter === 's' ? 'word' : letter === 'd' ? '1' : '0x1',
  )

/**
 * The part of a word before a match, or nothing. Formats may begin inside of a word ("() requires ..."), or with the
 * end of what stands before the message ("] Unsupported type").
 */
export const beginningOf = ({ 0: text, input, index }: RegExpExecArray): string =>
  /^[\w(]/.test(text) ? (/\w{0,60}$/.exec(input.slice(Math.max(0, index - 60), index))?.[0] ?? '') : ''

/**
 * @param before a pattern that stands right before each message: "libbpf: "
 * @throws Error for a format without any text of its own
 */
export function printfRow(before: string, kind: PrintfKind): Row {
  const { rule, errors = {}, formats: _, ...fixed } = kind
  const formats = formatsOf(kind)
  return {
    rule,
    needle: formats.map(needleOf),
    pattern: new RegExp(`${before}(?:${formats.map(patternOf).join('|')})`),
    answer: (match) => {
      const error = match.groups?.['error']
      // "Could not open 'x': No such file or directory" may be in the place of the error.
      const errno = errnoOf(error ?? '') ?? errnoOf(error?.split(': ').at(-1) ?? '')
      // A sentence that happens to go on like the message.
      if (error !== undefined && errno === undefined) return undefined
      const known = errno === undefined ? undefined : (errors[errno] ?? COMMON[errno])
      const what = beginningOf(match) + match[0].replace(/^(?:libbpf: |[\]:]\s+)/, '')
      return known === undefined
        ? { what, ...fixed }
        : { ...known, what, cause: `${fixed.cause}: ${known.cause}`, fixes: [...known.fixes, ...fixed.fixes] }
    },
  }
}
