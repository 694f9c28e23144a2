/** Messages that mean the same wherever they stand: the tables of messages/, applied to a line at a time. */
import type { Findings, Reader } from './finding.ts'
import { ROWS } from './messages/index.ts'
import { answerOf, type Row } from './messages/row.ts'
import { Context } from './messages/seen.ts'
import { Needles } from './needles.ts'

/** Compiled once for all texts. */
let needles: Needles | undefined
const allNeedles = (): Needles => (needles ??= new Needles(ROWS.map(({ needle }) => [needle].flat())))

/** The first row of a table that has something to say about a line. */
export const messages = (findings: Findings): Reader => {
  const context = new Context()
  const look = (row: Row, line: string, number: number): boolean => {
    const match = row.pattern.exec(line)
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
    feed: (line, number) => {
      context.feed(line)
      for (const index of allNeedles().in(line)) {
        const row = ROWS[index]
        if (row && look(row, line, number)) return
      }
    },
  }
}
