import { describe, expect, test } from 'vitest'
import { changed, complaints, problemsIn } from '../lab.fixture.ts'

const ALLOW = (list: string) => changed(['    repeat: 5', `    repeat: 5\n    allow: ${list}`])

describe('allow', () => {
  test.each([
    ['[warning]', []],
    ['[kmemleak, { warning: demo_check }, { kasan: "/^demo_/" }]', []],
    ['[warning: demo_check]', []],
    ['[warning, warning]', ['"warning" is in the list twice | keep one']],
    [
      '[{ warning: "demo check" }]',
      [
        'this is not the name of a function | write the name alone (my_function), or a regular expression between slashes (/^my_/)',
      ],
    ],
    [
      '[{ warning: "/(/" }]',
      [
        'the regular expression /(/ does not compile: Unterminated group | put a backslash before a character that is meant as itself',
      ],
    ],
    [
      '[{}]',
      ['this entry of allow names no kind of splat | write a kind, for example warning, or { warning: my_function }'],
    ],
  ])('%s', (list, is) => {
    expect(problemsIn(ALLOW(list))).toEqual(is)
  })

  test.each([
    ['[warnings]', 'did you mean "warning"?'],
    ['[{ hungtask: demo }]', 'did you mean "hung-task"?'],
    ['[lockups]', 'soft-lockup'],
  ])('a kind that does not exist: %s', (list, wayOut) => {
    const text = complaints(ALLOW(list))
    expect(text).toContain(wayOut)
  })
})
