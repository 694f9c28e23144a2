import { expect, test } from 'vitest'
import { csvCell, csvRow } from './csv.ts'

test.each([
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['+1+cmd|x', "'+1+cmd|x"],
  ['-2+3', "'-2+3"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\u001b[2Jgone', '\\x1b[2Jgone'],
  ['a\u009b31m', 'a\\x9b31m'],
  ['a\nb', '"a\nb"'],
  ['a\rb', 'a\\rb'],
  ['', '""'],
])('text %j is %j', (text, cell) => expect(csvCell(text)).toBe(cell))

test('numbers stay numbers, also those that are texts for want of room', () =>
  expect(csvRow([-1, -2n, '-12345678901234567890', '+1.5e3', null, true])).toBe(
    '-1,-2,-12345678901234567890,+1.5e3,,true',
  ))
