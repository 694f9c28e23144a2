/** Small formatters for what people read: amounts, times, tables. No I/O. */
import { styleText } from 'node:util'

/** Decimal units: what download pages and `dd` say, and the kernel for disks. */
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

const unitOf = (bytes: number): number =>
  Math.min(BYTE_UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))

const inUnit = (bytes: number, unit: number, decimals: number): string => (bytes / 1000 ** unit).toFixed(decimals)

/** One decimal where a whole number would say too little: `1.5 GB`, but `121 MB` and `512 B`. */
const decimalsFor = (bytes: number, unit: number): number => (unit > 0 && bytes / 1000 ** unit < 9.95 ? 1 : 0)

/** `121 MB`; the argument is in bytes. */
export function bytes(count: number): string {
  const unit = unitOf(count)
  // 999,999 would read "1000 kB".
  const fits = Math.round(count / 1000 ** unit) < 1000 || unit === BYTE_UNITS.length - 1 ? unit : unit + 1
  return `${inUnit(count, fits, decimalsFor(count, fits))} ${BYTE_UNITS[fits]}`
}

/** `48/121 MB`: both in the unit of the total. */
export function bytesDone(done: number, total: number): string {
  const unit = unitOf(total)
  const decimals = decimalsFor(total, unit)
  return `${inUnit(done, unit, decimals)}/${inUnit(total, unit, decimals)} ${BYTE_UNITS[unit]}`
}

const two = (n: number): string => String(n).padStart(2, '0')

/**
 * `0.4s`, `12s`, `3m20s`, `1h02m`; the argument is in seconds. Tenths only below ten seconds, and only where there are
 * any.
 */
export function duration(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  if (tenths < 100) return `${tenths / 10}s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`
}

/** Four significant digits, but never fewer than the whole part has: a count of 28879 is not 28880. */
export const shortNumber = (value: number): string =>
  String(Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4)))

/** `runs`, `processes`, `queries`: by the rules of English, which its irregular nouns do not follow. */
export const pluralOf = (singular: string): string =>
  /(s|x|z|ch|sh)$/i.test(singular)
    ? `${singular}es`
    : /[^aeiou]y$/i.test(singular)
      ? `${singular.slice(0, -1)}ies`
      : `${singular}s`

/** `1 run`, `3 runs`; `many` where the rules do not make the plural. */
export const plural = (count: number, one: string, many = pluralOf(one)): string =>
  `${count} ${count === 1 ? one : many}`

let segmenter: Intl.Segmenter | undefined
/** The segmenter is made at the first text that is not ASCII: loading its data takes 10 ms. */
const graphemesOf = (text: string) => (segmenter ??= new Intl.Segmenter()).segment(text)

const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u

/**
 * Two columns wide: the Wide and Fullwidth ranges of Unicode's EastAsianWidth that occur in text, and emoji. Characters
 * of ambiguous width count as one, as terminals outside East Asian locales draw them.
 */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u

/** Terminal columns of what is drawn as one character. */
export const graphemeWidth = (grapheme: string): number => {
  if (NO_WIDTH.test(grapheme)) return 0
  // U+FE0F asks for the coloured, wide form of a character that also has a narrow one.
  return WIDE.test(grapheme) || grapheme.includes('\ufe0f') ? 2 : 1
}

const ASCII = /^[\x20-\x7e]*$/

/** Terminal columns that a line of printable text takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment)
  return width
}

/** The text in at most `width` columns; `…` ends it where something was cut. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const { segment } of graphemesOf(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    kept += segment
  }
  return width < 1 ? '' : `${kept}…`
}

/** What must not be broken, with the space before it: a command between backticks, which people copy, or a word. */
const UNBROKEN = /(\s*)([^\s`]*`[^`]*`\S*|\S+)/g

// oxlint-disable-next-line no-control-regex -- colours take no columns
const COLOUR = /\x1b\[[\d;]*m/g

const paintedWidth = (text: string): number => displayWidth(text.replaceAll(COLOUR, ''))

/**
 * One line of text as lines of at most `width` columns, broken between words and never within backticks. Later lines
 * are indented by `indent` spaces.
 */
export function wrap(text: string, width: number, indent: number): string[] {
  if (paintedWidth(text) <= width) return [text]
  const lines: string[] = []
  let line = ''
  for (const [, space = '', part = ''] of text.matchAll(UNBROKEN)) {
    const longer = line + space + part
    if (line === '' || paintedWidth(longer) <= width) line = longer
    else {
      lines.push(line)
      line = ' '.repeat(indent) + part
    }
  }
  return [...lines, line]
}

/** A mark of a list and the space behind it, or a name and at least two spaces, as in `kernel      v5.10: ...`. */
const HANGS = /^ *(?:→ |\S+ {2,})/

/** Sentences as `wrap` breaks them, each below the place where its text begins. */
export function wrapText(text: string, width: number | undefined): string {
  if (width === undefined) return text
  const indentOf = (line: string): number => {
    const own = line.length - line.trimStart().length
    const hangs = HANGS.exec(line)?.[0].length ?? 0
    return hangs > 0 && hangs <= width / 3 ? hangs : Math.min(own + 2, Math.floor(width / 2))
  }
  return text
    .split('\n')
    .flatMap((line) => wrap(line, width, indentOf(line)))
    .join('\n')
}

export interface Column {
  readonly head: string
  /** Numbers align right. Default: left. */
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/**
 * A table as lines joined with \n: head, then rows, columns aligned by display width, two spaces between them. `width`
 * (terminal columns) cuts each line; leave it out where the text goes to a file or a pipe. Cells must be printable and
 * of one line.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const lines = [columns.map((column) => column.head), ...rows]
  // Not Math.max(...): a call takes some 120,000 arguments.
  const widths = columns.map((_, i) => lines.reduce((most, cells) => Math.max(most, displayWidth(cells[i] ?? '')), 0))
  const cell = (text: string, i: number): string => {
    const space = ' '.repeat((widths[i] ?? 0) - displayWidth(text))
    return columns[i]?.align === 'right' ? space + text : text + space
  }
  return lines
    .map((cells) =>
      columns
        .map((_, i) => cell(cells[i] ?? '', i))
        .join(GAP)
        .trimEnd(),
    )
    .map((line) => (width === undefined ? line : cut(line, width)))
    .join('\n')
}

export type Style = Parameters<typeof styleText>[0]
/** Text in a style, or as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string

/**
 * Colours or none was decided once, in `view.ts`; without `validateStream: false` styleText would ask process.stdout,
 * which may be a pipe while progress goes to a terminal on stderr.
 */
export const painter = (colours: boolean): Paint =>
  colours ? (style, text) => (text === '' ? '' : styleText(style, text, { validateStream: false })) : (_, text) => text
