import { expect, test } from 'vitest'
import { certainWith, without } from './conditional.ts'

const TEXT = `a
#ifdef X
b
#if Y
c
#else
d
#endif
#endif
/*
#if 0
*/
e
`
const certain = (letter: string) =>
  certainWith(TEXT, TEXT.indexOf(`\n${letter}\n`) + 1)
    .split('\n')
    .filter((line) => /^\w$/.test(line))
    .join('')

test('what is there for sure with a line: all that stands under no condition but its own', () => {
  expect(
    certainWith(TEXT, 0)
      .split('\n')
      .filter((line) => /^\w$/.test(line)),
  ).toEqual(['a', 'e'])
  expect(certain('b')).toBe('abe')
  expect(certain('c')).toBe('abce')
  expect(certain('d')).toBe('abde')
  expect(certain('e')).toBe('ae')
})

test('parts that are taken away leave their lines', () => {
  expect(without('one\ntwo three\n', [{ start: 0, end: 7 }])).toBe('   \n    three\n')
})
