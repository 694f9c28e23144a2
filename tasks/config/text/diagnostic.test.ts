import { describe, expect, test } from 'vitest'
import { type Diagnostic, render, visible } from './diagnostic.ts'

/** A diagnostic about a passage of a line. */
function about(sourceLine: string, passage: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const from = sourceLine.indexOf(passage)
  if (from < 0) throw new Error(`no ${passage} in the line`)
  const place = { file: 'lab.yaml', line: 12, col: from + 1, range: [100 + from, 100 + from + passage.length] } as const
  return { severity: 'error', message: 'message', path: '', sourceLine, ...place, ...more }
}

const excerpt = (diagnostic: Diagnostic) => render(diagnostic).slice(1, 3)

test('place, message, line, squiggle, way out', () => {
  expect(render(about('  cpus: two', 'two', { wayOut: 'write 2' })).join('\n')).toBe(
    ['lab.yaml:12:9 message', '      cpus: two', '            ~~~', '  way out: write 2'].join('\n'),
  )
})

test('a warning says so', () => {
  expect(render(about('a: 1', '1', { severity: 'warning' }))[0]).toBe('lab.yaml:12:4 warning: message')
})

describe('the squiggle stands under the passage', () => {
  test.each([
    ['tabs', 'a:\tbad', 'bad', ['    a:      bad', '            ~~~']],
    ['a tab at a tab stop', '12345678\tbad', 'bad', ['    12345678        bad', '                    ~~~']],
    ['wide characters before', '漢字: bad', 'bad', ['    漢字: bad', '          ~~~']],
    ['wide characters inside', 'a: 漢字 b', '漢字', ['    a: 漢字 b', '       ~~~~']],
    ['combining characters', 'e\u0301e\u0301: bad', 'bad', ['    e\u0301e\u0301: bad', '        ~~~']],
    ['emoji of several code points', '👩‍💻: bad', 'bad', ['    👩‍💻: bad', '        ~~~']],
    ['escapes shown', '\x1b[31m: bad', 'bad', ['    \\x1b[31m: bad', '              ~~~']],
  ])('%s', (_, line, passage, expected) => {
    expect(excerpt(about(line, passage))).toEqual(expected)
  })

  test('a range over several lines is underlined to the end of the first', () => {
    expect(excerpt(about('a: [1,', '[1,', { range: [103, 300] }))).toEqual(['    a: [1,', '       ~~~'])
  })

  test('an empty range still points', () => {
    expect(excerpt(about('abc', 'b', { range: [101, 101] }))).toEqual(['    abc', '     ~'])
  })
})

describe('long lines are cut', () => {
  const line = `${'a'.repeat(500)}BAD${'b'.repeat(500)}`
  test('on both sides of the passage, which stays in sight', () => {
    const [text = '', squiggle = ''] = excerpt(about(line, 'BAD'))
    expect(text.length).toBeLessThanOrEqual(120)
    expect(text).toMatch(/^ {4}…a+BADb+…$/)
    expect(text.slice(squiggle.indexOf('~'), squiggle.lastIndexOf('~') + 1)).toBe('BAD')
  })

  test('only at the end, when the passage is near the beginning', () => {
    const [text = '', squiggle = ''] = excerpt(about(`x: BAD ${'b'.repeat(500)}`, 'BAD'))
    expect(text).toMatch(/^ {4}x: BAD b+…$/)
    expect(squiggle).toBe('       ~~~')
  })

  test('behind the last character', () => {
    const end = { col: 501, range: [600, 601] } as const
    const [text = '', squiggle = ''] = excerpt(about('d'.repeat(500), 'd', end))
    expect(text).toMatch(/^ {4}…d+$/)
    expect(squiggle.indexOf('~')).toBe(text.length)
  })

  test('a line of exactly the width is whole', () => {
    const [text] = excerpt(about('c'.repeat(116), 'c'))
    expect(text).toBe(`    ${'c'.repeat(116)}`)
  })
})

test('nothing in a file can steer the terminal or hide from it', () => {
  const lines = render(
    about('a: \x1b]0;x\x07 \u202e \u009b1m \r', 'a', {
      file: 'l\x1bab.yaml',
      message: 'm\x1b[2J\nn',
      wayOut: '\u2028x\x7f',
    }),
  )
  // oxlint-disable-next-line no-control-regex -- that is the assertion
  expect(lines.join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/)
  expect(lines[0]).toBe('l\\x1bab.yaml:12:1 m\\x1b[2J\\x0an')
  expect(lines.at(-1)).toBe('  way out: \\u2028x\\x7f')
})

test.each([
  ['plain é 漢 text', 'plain é 漢 text'],
  ['zero\u200bwidth', 'zero\\u200bwidth'],
  ['join\u200ded', 'join\\u200ded'],
  ['👩‍💻', '👩‍💻'],
  ['half \ud800', 'half \\ud800'],
  ['tag\u{e0041}', 'tag\\u{e0041}'],
])('visible(%j)', (text, safe) => expect(visible(text)).toBe(safe))
