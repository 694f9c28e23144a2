/** A problem of a text file, with its place, and how it looks as lines of text. */
import { escapeOf } from '../../engine/printable.ts'
import { graphemeWidth } from '../../engine/text.ts'

/** What is so, and what a person can do about it. */
export interface Finding {
  /** A warning is shown and does not stop anything. */
  readonly severity: 'error' | 'warning'
  /**
   * What is so, in one sentence, without a full stop. May hold text from the file as it is: it is made safe when
   * rendered.
   */
  readonly message: string
  readonly wayOut?: string | undefined
}

/** Keys and list indices from the top of the document to a value. */
export type Path = readonly (string | number)[]

/** A finding about a value that is named by its path. `yaml-location.ts` turns it into a diagnostic. */
export interface Problem extends Finding {
  readonly path: Path
  /** What to point at: the value, its key, or (path = the parent) the place where something is missing. */
  readonly at: 'value' | 'key' | 'missing'
  /** A part of the text value, as offsets into it. */
  readonly span?: readonly [number, number] | undefined
}

export interface Diagnostic extends Finding {
  /** The file as the person would name it. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units, as editors count. */
  readonly col: number
  /** Start and end offset in the text, in UTF-16 units. */
  readonly range: readonly [number, number]
  /** For programs: `kernels.v5.4.config[0]`. */
  readonly path: string
  /** The line that holds the start of the range, without its line break; empty if there is none to show. */
  readonly sourceLine: string
}

/** In the order of the text; of several files one after the other. */
export function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ file }) => file))]
  return files.flatMap((name) =>
    diagnostics
      .filter(({ file }) => file === name)
      .toSorted((diagnostic, other) => diagnostic.range[0] - other.range[0]),
  )
}

/** Columns that a rendered source line may take. */
const LINE_WIDTH = 116
const INDENT = '    '
const TAB_STOP = 8

/**
 * Control characters (a terminal would obey them), format characters that reorder or hide text (Unicode bidi controls,
 * zero-width ones, tags; a joiner only where it does not join emoji), line separators, and halves of surrogate pairs.
 * Stricter than engine/printable: a lab file is the user's own text, in which a hidden character is a mistake.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- finding them is the purpose
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])[\u200c\u200d]/gu

/** The text with everything that is not meant to be seen written as an escape: `\x1b`, `\u202e`. One line, always. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => escapeOf(character.codePointAt(0) ?? 0))
}

interface Cell {
  readonly text: string
  readonly width: number
  readonly from: number
  readonly to: number
}

/** A line as what a terminal puts side by side, each with its width and its place in the line. */
function cellsOf(line: string, offset: number): Cell[] {
  const cells: Cell[] = []
  let column = 0
  for (const { segment, index } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    const cell = (text: string, width: number) =>
      cells.push({ text, width, from: offset + index, to: offset + index + segment.length })
    const safe = visible(segment)
    if (segment === '\t') cell(' '.repeat(TAB_STOP - (column % TAB_STOP)), TAB_STOP - (column % TAB_STOP))
    else if (safe !== segment) cell(safe, safe.length)
    else cell(segment, graphemeWidth(segment))
    column += cells.at(-1)?.width ?? 0
  }
  return cells
}

/**
 * How far to both sides of the range a long line is looked at; more than the widest window, and little enough to be
 * quick.
 */
const NEAR = 400

/**
 * The cells of a long line that are shown: what follows the range up to two thirds of the width, the rest before it.
 */
function windowOf(line: string, from: number): { cells: Cell[]; before: string; after: string } {
  const near = Math.max(0, from - NEAR)
  const cells = cellsOf(line.slice(near, from + NEAR), near)
  const hidden = { before: near > 0, after: from + NEAR < line.length }
  const total = cells.reduce((sum, cell) => sum + cell.width, 0)
  if (!hidden.before && !hidden.after && total <= LINE_WIDTH) return { cells, before: '', after: '' }

  // A range may follow the last character: where something is missing at the end of a line.
  const at = cells.findIndex((cell) => cell.to > from)
  let first = at < 0 ? cells.length : at
  let last = first
  let room = LINE_WIDTH - 2 // for "…" on both sides
  const takeRight = (least: number) => {
    for (let next = cells[last]; next && room - next.width >= least; next = cells[++last]) room -= next.width
  }
  takeRight(LINE_WIDTH / 3)
  for (let next = cells[first - 1]; next && room >= next.width; next = cells[--first - 1]) room -= next.width
  takeRight(0)
  return {
    cells: cells.slice(first, last),
    before: hidden.before || first > 0 ? '…' : '',
    after: hidden.after || last < cells.length ? '…' : '',
  }
}

/** The source line and the squiggle under the range; a range that leaves the line is underlined to the line's end. */
function excerpt(diagnostic: Diagnostic): string[] {
  if (diagnostic.sourceLine.trim() === '') return []
  const from = diagnostic.col - 1
  const to = from + Math.max(1, diagnostic.range[1] - diagnostic.range[0])
  const { cells, before, after } = windowOf(diagnostic.sourceLine.trimEnd(), from)
  const width = (some: readonly Cell[]) => some.reduce((sum, cell) => sum + cell.width, 0)
  const lead = before.length + width(cells.filter((cell) => cell.to <= from))
  const under = Math.max(1, width(cells.filter((cell) => cell.to > from && cell.from < to)))
  return [
    `${INDENT}${before}${cells.map((cell) => cell.text).join('')}${after}`,
    `${INDENT}${' '.repeat(lead)}${'~'.repeat(under)}`,
  ]
}

/** The diagnostic as lines, safe to print: place and message, the source line, a squiggle, the way out. */
export function render(diagnostic: Diagnostic): string[] {
  const kind = diagnostic.severity === 'warning' ? 'warning: ' : ''
  const lines = [
    `${visible(diagnostic.file)}:${diagnostic.line}:${diagnostic.col} ${kind}${visible(diagnostic.message)}`,
    ...excerpt(diagnostic),
  ]
  if (diagnostic.wayOut !== undefined) lines.push(`  way out: ${visible(diagnostic.wayOut)}`)
  return lines
}
