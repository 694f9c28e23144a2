/**
 * Warnings of gcc and clang: `FILE:LINE:COLUMN: warning: TEXT [-WFLAG]`, the form that both have printed since 2010.
 */

export interface CompilerWarning {
  /** As the compiler names it. */
  readonly file: string
  readonly line: number
  readonly col: number
  readonly text: string
}

const WARNING = /^(.+?):(\d+):(\d+): warning: (.*)$/

/** The warnings among the lines that a compiler printed, in their order. Notes and quoted source are left out. */
export const warningsIn = (lines: readonly string[]): CompilerWarning[] =>
  lines.flatMap((line) => {
    const match = WARNING.exec(line)
    if (match === null) return []
    const [, file = '', row, col, text = ''] = match
    return [{ file, line: Number(row), col: Number(col), text }]
  })
