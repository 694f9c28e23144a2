import { expect, test } from 'vitest'
import { blame, blameSymbol, compilerError, missingSymbol, type Layer } from './blame.ts'

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1};`)
const ORIGINAL = lines(40).join('\n')
const inserted = (text: string, after: number, ...more: string[]) =>
  text
    .split('\n')
    .toSpliced(after, 0, ...more)
    .join('\n')

const first = inserted(ORIGINAL, 20, 'by the first patch;')
const second = inserted(first, 5, 'by the second;', 'and more;')
const LAYERS: readonly Layer[] = [
  { name: 'patch one.diff', files: new Map([['lib/a.c', first]]) },
  {
    name: 'patch two.diff',
    files: new Map([
      ['lib/a.c', second],
      ['lib/b.c', 'call_me();\n'],
    ]),
  },
  { name: 'parallelPath', files: new Map([['lib/c.c', ORIGINAL]]) },
]
const original = (path: string) => (path === 'lib/b.c' ? '' : ORIGINAL)
const at = (line: number, file = 'lib/a.c') => blame({ file, line }, LAYERS, original)

test.each([
  ['lib/iov_iter.c:150:5: error: ‘x’ undeclared', { file: 'lib/iov_iter.c', line: 150 }],
  ['./include/linux/uio.h:3: error: expected', { file: 'include/linux/uio.h', line: 3 }],
  ['mm/a.c:1:1: fatal error: x.h: No such file', { file: 'mm/a.c', line: 1 }],
  ['lib/iov_iter.c:150:5: warning: unused', undefined],
  ['make[1]: *** [scripts/Makefile.build:250: lib/iov_iter.o] Error 1', undefined],
])('R-0802-2 the place in %s', (text, place) => {
  expect(compilerError(text)).toEqual(place)
})

test('R-0802-2 a line belongs to the change that wrote it, through those that came after', () => {
  // 23 in the last text: two lines of the second patch come before.
  expect(at(23)).toMatchObject({ layer: 'patch one.diff', hunk: 1, hunks: 1, exact: true })
  expect(at(23)?.lines).toContain('+by the first patch;')
  expect(at(7)).toMatchObject({ layer: 'patch two.diff', exact: true })
})

test('R-0802-2 a line that nobody wrote has the nearest change of its file, and a file that nobody changes has none', () => {
  expect(at(25)).toMatchObject({ layer: 'patch one.diff', exact: false })
  expect(at(10)).toMatchObject({ layer: 'patch two.diff', exact: false })
  expect(at(1, 'lib/other.c')).toBeUndefined()
})

test('R-0802-2 a symbol that the linker misses belongs to the change that names it', () => {
  expect(missingSymbol("ld: lib/b.o: in function `f': b.c:(.text+0x5): undefined reference to `call_me'")).toBe(
    'call_me',
  )
  expect(missingSymbol('ERROR: modpost: "call_me" [fs/x.ko] undefined!')).toBe('call_me')
  expect(blameSymbol('call_me', LAYERS, original)).toMatchObject({ layer: 'patch two.diff', file: 'lib/b.c' })
  expect(blameSymbol('nobody', LAYERS, original)).toBeUndefined()
})
