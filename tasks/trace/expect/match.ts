/** What the checks of expectations share: a verdict, and words for people. */
import { printable } from '../../engine/printable.ts'

export const shown = (text: string, length = 200): string => printable(text, length)

/** The verdict of one expectation: whether it holds, and what was found. */
export interface Verdict {
  readonly ok: boolean
  readonly lines: readonly string[]
}
