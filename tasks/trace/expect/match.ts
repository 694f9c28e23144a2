/** What the checks of expectations share: matching a pattern, and words for people. */
import type { Pattern } from '../../config/interpolate.ts'
import { printable } from '../../engine/printable.ts'

/** Whether a line is what is expected: the whole line, or anywhere in it for a regular expression. */
export const matches = (pattern: Pattern, line: string): boolean =>
  pattern.kind === 'text' ? pattern.text === line : pattern.regex.test(line)

export const shown = (text: string, length = 200): string => printable(text, length)

/** The verdict of one expectation: whether it holds, and what was found. */
export interface Verdict {
  readonly ok: boolean
  readonly lines: readonly string[]
}
