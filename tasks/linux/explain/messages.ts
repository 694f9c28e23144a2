/** Messages that mean the same wherever they stand: the tables of messages/, applied to a line at a time. */
import type { Findings } from './finding.ts'
import { ROWS } from './messages/index.ts'
import { answerOf, type Row } from './messages/row.ts'
import { isProgress } from './messages/progress.ts'
import type { Context } from './messages/seen.ts'
import { isDenied } from './retold.ts'

export interface MessageReader {
  /**
   * @param rows indexes of the rows whose needles the line has
   * @param previous the line above
   */
  readonly feed: (line: string, number: number, rows: readonly number[], previous?: string) => void
}

/**
 * Longer lines are looked at around the text by which they were found: a pattern must not cost the square of a line's
 * length.
 */
const LONG = 2000
const BEFORE = 500

function around(line: string, row: Row): string {
  if (line.length <= LONG) return line
  const places = [row.needle].flat().flatMap((needle) => {
    const at = line.indexOf(needle)
    return at < 0 ? [] : [at]
  })
  const from = Math.max(0, Math.min(...places) - BEFORE)
  return line.slice(from, from + LONG)
}

/** The first row of a table that has something to say about a line. */
export const messages = (findings: Findings, context: Context): MessageReader => {
  const look = (row: Row, whole: string, number: number, previous: string): boolean => {
    const line = around(whole, row)
    const match = row.pattern.exec(line)
    if (match !== null && isDenied(line.slice(0, match.index), previous)) return true
    const answer = match === null ? undefined : answerOf(row, match, context)
    if (match === null || answer === undefined) return false
    const { what = match[0], cause, fixes, confidence, otherwise, symbol, sources } = answer
    findings.add(
      {
        rule: row.rule,
        key: row.key?.(match) ?? what,
        evidence: [line],
        what,
        cause,
        fixes,
        ...(confidence !== undefined && { confidence }),
        ...(otherwise !== undefined && { otherwise }),
        symbol,
        ...(sources !== undefined && { sources }),
      },
      [number],
    )
    return true
  }
  return {
    feed: (line, number, rows, previous = '') => {
      context.at(number)
      if (isProgress(line)) return
      for (const index of rows) {
        const row = ROWS[index]
        if (row && look(row, line, number, previous)) return
      }
    },
  }
}
