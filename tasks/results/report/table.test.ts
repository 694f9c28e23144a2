import { expect, test } from 'vitest'
import { latexCode, latexText, numberText, tableCsv, tableHtml, tableLatex, type Table } from './table.ts'

const table: Table = {
  name: 'numbers',
  caption: 'Times & more',
  columns: [
    { head: 'arm', kind: 'text' },
    { head: 'time', unit: 'µs', kind: 'number' },
    { head: 'step', kind: 'code' },
  ],
  rows: [
    ['a, "b"', 12345.678, 'x_y → z'],
    ['=cmd|x', null, ''],
  ],
}

test('CSV has all digits, quotes what needs it, and no formula', () => {
  expect(tableCsv(table)).toBe(`arm,time (µs),step\n"a, ""b""",12345.678,x_y → z\n'=cmd|x,,""\n`)
})

test('LaTeX is a booktabs table in which text is text', () => {
  const text = tableLatex(table)
  expect(text).toContain('\\toprule\n    arm & time (\\textmu{}s) & step \\\\\n    \\midrule')
  expect(text).toContain('a, \\textquotedbl{}b\\textquotedbl{} & 12\\,346 & \\texttt{x\\_y $\\rightarrow$ z} \\\\')
  expect(text).toContain('\\begin{tabular}{lrl}')
  expect(text).toContain('\\caption{Times \\& more}')
  expect(latexText('\\input{/etc/passwd} 100% $x$ #1 ~^')).toBe(
    '\\textbackslash{}input\\{/etc/passwd\\} 100\\% \\$x\\$ \\#1 \\textasciitilde{}\\textasciicircum{}',
  )
})

test('code in LaTeX is what was typed: no dash, guillemet or curled quote is made of it', () => {
  expect(latexCode('a --count 2 <<x >>y')).toBe(
    '\\texttt{a -{}-count 2 \\textless{}\\textless{}x \\textgreater{}\\textgreater{}y}',
  )
  expect(latexCode('\'a\' `b` "c"')).toBe(
    '\\texttt{\\textquotesingle{}a\\textquotesingle{} \\textasciigrave{}b\\textasciigrave{} \\textquotedbl{}c\\textquotedbl{}}',
  )
  expect(latexText("--- ,, '' ``")).toBe("-{}-{}- ,{}, '{}' `{}`")
})

test('HTML carries the exact number for sorting', () => {
  const { text } = tableHtml(table)
  expect(text).toContain('data-v="12345.678"')
  expect(text).toContain('12\u202f346')
})

test.each([
  [0, '0'],
  [1234, '1234'],
  [12345.6, '12\u202f346'],
  [12.3456, '12.35'],
  [0.00012345, '0.0001234'],
  [1e21, '1e+21'],
])('%d is %s', (value, text) => expect(numberText(value)).toBe(text))
