/**
 * Tables that fit a terminal: the columns with the answer are always whole. Others are broken between words first, and
 * then left out, which the last line says.
 */
import { displayWidth, graphemeWidth, table, wrap, type Column } from './text.ts'

export interface FittedColumn extends Column {
  /** Cells may be broken into several lines, down to this width. */
  readonly least?: number
  /** Left out where there is no room, the column with the highest number first. Default: never. */
  readonly spare?: number
}

const GAP = 2

/** Where a word that is too long is best broken: behind one of these. */
const JOINTS = /[,;/=]/

/** A word as pieces of at most `width` columns; the pieces together are the word. */
function pieces(word: string, width: number): string[] {
  const all: string[] = []
  let piece = ''
  let joint = 0
  for (const { segment } of new Intl.Segmenter().segment(word)) {
    if (displayWidth(piece) + graphemeWidth(segment) > width) {
      const end = joint > 0 ? joint : piece.length
      all.push(piece.slice(0, end))
      piece = piece.slice(end)
      joint = 0
    }
    piece += segment
    if (JOINTS.test(segment)) joint = piece.length
  }
  return [...all, piece]
}

/** A cell as lines of at most `width` columns. */
const cellLines = (text: string, width: number): string[] =>
  displayWidth(text) <= width
    ? [text]
    : wrap(text, width, 0).flatMap((line) => (displayWidth(line) <= width ? [line] : pieces(line, width)))

const natural = (columns: readonly FittedColumn[], rows: readonly (readonly string[])[]): number[] =>
  columns.map(({ head }, i) =>
    rows.reduce((most, cells) => Math.max(most, displayWidth(cells[i] ?? '')), displayWidth(head)),
  )

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1)

/** The narrowest that a column can be. */
const leastOf = ({ head, least }: FittedColumn, width: number): number =>
  least === undefined ? width : Math.min(width, Math.max(least, displayWidth(head)))

/** Takes from the widest column that can be broken until all fit. */
function narrowed(widths: readonly number[], least: readonly number[], room: number): number[] {
  const now = [...widths]
  while (total(now) > room) {
    let widest = -1
    for (const [i, width] of now.entries()) if (width > (least[i] ?? 0) && width > (now[widest] ?? 0)) widest = i
    if (widest < 0) break
    now[widest] = (now[widest] ?? 0) - 1
  }
  return now
}

/**
 * A table in at most `width` terminal columns, joined with \n; `undefined` is a file or a pipe, where nothing is broken
 * or left out. Cells must be printable and of one line.
 * @param how what shows the columns that are left out: `--json`
 */
export function fitTable(
  columns: readonly FittedColumn[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
  how = '--json',
): string {
  if (width === undefined) return table(columns, rows)
  const all = natural(columns, rows)
  const leasts = columns.map((column, i) => leastOf(column, all[i] ?? 0))
  let kept = columns.map((_, i) => i)
  const pick = <T>(of: readonly T[]): T[] => kept.flatMap((i) => of.slice(i, i + 1))
  while (total(pick(leasts)) > width) {
    const spares = kept.filter((i) => columns[i]?.spare !== undefined)
    if (spares.length === 0) break
    const next = spares.reduce((a, b) => ((columns[b]?.spare ?? 0) > (columns[a]?.spare ?? 0) ? b : a))
    kept = kept.filter((i) => i !== next)
  }
  const widths = narrowed(pick(all), pick(leasts), width)
  const lines = rows.flatMap((row) => {
    const cells = pick(row).map((text, i) => cellLines(text, widths[i] ?? 0))
    const height = cells.reduce((most, { length }) => Math.max(most, length), 1)
    return Array.from({ length: height }, (_, line) => cells.map((cell) => cell[line] ?? ''))
  })
  const left = columns.filter((_, i) => !kept.includes(i)).map(({ head }) => head)
  const text = table(pick(columns), lines, width)
  return left.length === 0 ? text : `${text}\nnot shown: ${left.join(', ')} (a wider terminal or ${how} shows them)`
}
