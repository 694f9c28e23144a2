import { describe, expect, it } from 'vitest'
import {
  bytes,
  bytesDone,
  cut,
  displayWidth,
  duration,
  painter,
  plural,
  shortNumber,
  table,
  wrap,
  wrapText,
} from './text.ts'

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [12_345, '12 kB'],
    [999_999, '1.0 MB'],
    [121_000_000, '121 MB'],
    [1_540_000_000, '1.5 GB'],
    [9_960_000, '10 MB'],
  ])('%d is %s', (count, text) => expect(bytes(count)).toBe(text))

  it('shows a part in the unit of the whole', () => {
    expect(bytesDone(48_000_000, 121_000_000)).toBe('48/121 MB')
    expect(bytesDone(400_000_000, 1_500_000_000)).toBe('0.4/1.5 GB')
  })
})

describe('shortNumber', () => {
  it.each([
    [0, '0'],
    [0.001234567, '0.001235'],
    [19.1416, '19.14'],
    [999.96, '1000'],
    [28_879, '28879'],
    [28_879.4, '28879'],
    [-86_780.5, '-86780'],
  ])('%d is %s: a count keeps all its digits', (value, text) => expect(shortNumber(value)).toBe(text))
})

describe('duration', () => {
  it.each([
    [0, '0s'],
    [0.42, '0.4s'],
    [9.97, '10s'],
    [59.6, '1m00s'],
    [72, '1m12s'],
    [200, '3m20s'],
    [3599.7, '1h00m'],
    [3720, '1h02m'],
    [90_000, '25h00m'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text))
})

it('plural', () => {
  expect([plural(1, 'run'), plural(2, 'run'), plural(0, 'child', 'children')]).toEqual([
    '1 run',
    '2 runs',
    '0 children',
  ])
  expect(['fsync', 'query', 'delay', 'pass', 'switch'].map((word) => plural(2, word))).toEqual([
    '2 fsyncs',
    '2 queries',
    '2 delays',
    '2 passes',
    '2 switches',
  ])
})

describe('display width', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['👩‍💻', 2],
    ['⚠ ✔', 3],
    ['ｆ', 2],
    ['한', 2],
  ])('%s takes %d columns', (text, width) => expect(displayWidth(text)).toBe(width))

  it('cuts by columns, not by characters', () => {
    expect(cut('漢字漢字', 8)).toBe('漢字漢字')
    expect(cut('漢字漢字', 6)).toBe('漢字…')
    expect(cut('abcdef', 4)).toBe('abc…')
    expect(cut('abc', 0)).toBe('')
  })
})

describe('table', () => {
  const columns = [{ head: 'vm' }, { head: 'memory', align: 'right' }, { head: 'kernel' }] as const
  const rows = [
    ['default', '1G', 'v5.4'],
    ['漢字', '512M', 'v5.10-with-a-long-name'],
  ]

  it('aligns by display width and leaves no space at the end', () => {
    expect(table(columns, rows)).toBe(
      ['vm       memory  kernel', 'default      1G  v5.4', '漢字       512M  v5.10-with-a-long-name'].join('\n'),
    )
  })

  it('cuts lines to the width it is given', () => {
    const lines = table(columns, rows, 25).split('\n')
    expect(lines.map(displayWidth)).toEqual([23, 21, 25])
    expect(lines[2]).toBe('漢字       512M  v5.10-w…')
  })

  it('is only its head without rows', () => expect(table(columns, [])).toBe('vm  memory  kernel'))
})

it('paints only where there are colours', () => {
  expect(painter(true)('red', 'x')).toBe('\x1b[31mx\x1b[39m')
  expect(painter(false)('red', 'x')).toBe('x')
})

describe('wrap', () => {
  it('leaves a line that fits as it is', () => expect(wrap('  a  b', 6, 2)).toEqual(['  a  b']))

  it('breaks between words, and indents what follows', () =>
    expect(wrap('  → one two three', 10, 4)).toEqual(['  → one', '    two', '    three']))

  it('never breaks a command that people copy', () =>
    expect(wrap('type `lab run x --resume`, or not', 12, 2)).toEqual(['type', '  `lab run x --resume`,', '  or not']))

  it('keeps columns that fit', () => expect(wrap('ab    cd ef', 9, 2)).toEqual(['ab    cd', '  ef']))

  it('lets what follows begin where the text of the line does', () => {
    expect(wrapText('kernel  v5.10 from a package\n  note one two three four', 24)).toBe(
      'kernel  v5.10 from a\n        package\n  note one two three\n    four',
    )
    expect(wrapText('a line that has no terminal', undefined)).toBe('a line that has no terminal')
  })

  it('does not count colours', () =>
    expect(wrap('\u001B[31merror:\u001B[39m abc', 10, 2)).toEqual(['\u001B[31merror:\u001B[39m abc']))
})
