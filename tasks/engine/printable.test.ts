import { describe, expect, it } from 'vitest'
import { printable } from './printable.ts'

describe('printable', () => {
  it.each([
    ['terminal colours', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a window title', '\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['8-bit CSI', '\x9b2J', '\\x9b2J'],
    ['line ends and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
    ['delete and backspace', 'x\x7f\b', 'x\\x7f\\x08'],
    ['bidi override and isolate', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['line separator', 'a\u2028b', 'a\\u2028b'],
    ['characters without width', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['half a surrogate pair', 'a\ud83d', 'a\\ud83d'],
  ])('shows %s as an escape', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it('leaves ordinary text of any script alone', () => {
    const text = 'kernel v5.10 — naïve 漢字 👩‍💻 "C:\\dir"'
    expect(printable(text)).toBe(text)
  })

  it('changes nothing the second time', () => {
    const once = printable('\x1b[2J\n\u202e')
    expect(printable(once)).toBe(once)
  })

  it('cuts to a length and says so', () => {
    expect(printable('abcdef', 6)).toBe('abcdef')
    expect(printable('abcdefg', 6)).toBe('abcde…')
    expect(printable('👍👍👍', 3)).toBe('👍👍👍')
    expect(printable('👍👍👍', 2)).toBe('👍…')
    expect(printable('abc', 0)).toBe('')
  })

  it('cuts no escape in two', () => {
    expect(printable('ab\x1bcdef', 6)).toBe('ab…')
    expect(printable('ab\x1bcdef', 7)).toBe('ab\\x1b…')
  })
})
