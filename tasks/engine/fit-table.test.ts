import { expect, it } from 'vitest'
import { fitTable } from './fit-table.ts'
import { displayWidth, table } from './text.ts'

const COLUMNS = [
  { head: 'NAME', least: 8 },
  { head: 'EXTRA', spare: 2 },
  { head: 'SIDE', spare: 1 },
  { head: 'VERDICT' },
] as const
const ROWS = [
  ['one two three', 'extra words', 'side', 'B is higher'],
  ['a=1,b=2,c=3', 'x', 'y', 'no difference'],
]

it('leaves a table that fits, or that goes to a file, as it is', () => {
  expect(fitTable(COLUMNS, ROWS, undefined)).toBe(table(COLUMNS, ROWS))
  expect(fitTable(COLUMNS, ROWS, 80)).toBe(table(COLUMNS, ROWS))
})

it('breaks cells between words before it leaves out a column', () =>
  expect(fitTable(COLUMNS, ROWS, 43)).toBe(
    [
      'NAME      EXTRA        SIDE  VERDICT',
      'one two   extra words  side  B is higher',
      'three',
      'a=1,b=2,  x            y     no difference',
      'c=3',
    ].join('\n'),
  ))

it('leaves out what can be spared first, never the answer, and says which', () => {
  expect(fitTable(COLUMNS, ROWS, 29).split('\n')).toEqual([
    'NAME      SIDE  VERDICT',
    'one two   side  B is higher',
    'three',
    'a=1,b=2,  y     no difference',
    'c=3',
    'not shown: EXTRA (a wider terminal or --json shows them)',
  ])
  const narrow = fitTable(COLUMNS, ROWS, 24)
  expect(narrow).toContain('no difference')
  expect(narrow).toContain('not shown: EXTRA, SIDE (')
})

it('loses nothing of a word that is longer than its column', () => {
  const lines = fitTable([{ head: '', least: 5 }, { head: 'V' }], [['abcdefghijkl', 'x']], 8)
    .split('\n')
    .slice(1)
  expect(lines.map(displayWidth).every((width) => width <= 8)).toBe(true)
  expect(lines.map((line) => line.slice(0, 5).trim()).join('')).toBe('abcdefghijkl')
})
