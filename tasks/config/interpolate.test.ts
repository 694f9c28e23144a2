import { describe, expect, test } from 'vitest'
import { Failure } from '../engine/error.ts'
import { interpolate, literal, patternOf, references } from './interpolate.ts'
import { isRegex } from './text/regex.ts'

describe('interpolate', () => {
  test.each([
    ['${a}', { a: 1 }, '1'],
    ['x${a}${b}y', { a: 'p', b: 'q' }, 'xpqy'],
    ['$${a} $${', { a: 1 }, '${a} ${'],
    ['$$ $a {a} $', { a: 1 }, '$$ $a {a} $'],
    ['${a-b.c_d}', { 'a-b.c_d': 'x' }, 'x'],
    ['${a}', { a: '$& ${b} $1' }, '$& ${b} $1'],
  ])('%j', (text, params, expected) => expect(interpolate(text, params)).toBe(expected))

  test.each([
    ['${byts}', '"${byts}" is not a declared parameter', 'did you mean "bytes"?'],
    ['${constructor}', '"${constructor}" is not a declared parameter', 'params: bytes'],
    ['${}', '"${}" is not a parameter', 'write ${name}, or $${ for the two characters themselves'],
    ['${1}', '"${1}" is not a parameter', 'write ${name}, or $${ for the two characters themselves'],
    ['${bytes', '"${bytes" is not a parameter', 'write ${name}, or $${ for the two characters themselves'],
  ])('%j is refused', (text, fact, wayOut) => {
    try {
      interpolate(text, { bytes: 16 })
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(Failure)
      expect(error).toMatchObject({ kind: 'user', parts: { fact, wayOut } })
    }
  })
})

test('references: every place, valid or not, with its span', () => {
  expect(references('a ${b} $${c} ${} ${d')).toEqual([
    { name: 'b', valid: true, span: [2, 6] },
    { name: '', valid: false, span: [13, 16] },
    { name: 'd', valid: false, span: [17, 20] },
  ])
})

test('a literal matches itself only, outside and inside brackets', () => {
  const value = String.raw`a.b*c+d?(e)[f]{2}^$|\/-z`
  expect(new RegExp(`^${literal(value)}$`, 'u').test(value)).toBe(true)
  expect(new RegExp(`^${literal('a.c')}$`, 'u').test('abc')).toBe(false)
  expect(new RegExp(`^[${literal('a-c')}]$`, 'u').test('b')).toBe(false)
  expect(new RegExp(`^[${literal('a-c')}]$`, 'u').test('-')).toBe(true)
})

describe('patternOf', () => {
  test('plain text is the whole message', () => {
    expect(patternOf('copied ${n}', { n: 16 })).toEqual({ kind: 'text', text: 'copied 16' })
    expect(patternOf('/data', {})).toEqual({ kind: 'text', text: '/data' })
  })

  test('a pattern matches the value as text', () => {
    const pattern = patternOf('/^len ${n}$/', { n: '1.6' })
    if (pattern.kind !== 'regex') return expect.unreachable()
    expect(pattern.regex.test('len 1.6')).toBe(true)
    expect(pattern.regex.test('len 1x6')).toBe(false)
  })

  test('a pattern that does not compile is the user’s to mend', () => {
    expect(() => patternOf('/(${n}/', { n: 1 })).toThrow(
      'the regular expression /(${n}/ does not compile: Unterminated group',
    )
  })

  test.each([
    ['/a/', true],
    ['//', false],
    ['/', false],
    ['/a', false],
    ['a/', false],
  ])('isRegex(%j) is %j', (text, expected) => expect(isRegex(text)).toBe(expected))
})
