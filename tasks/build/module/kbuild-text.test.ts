import { expect, test } from 'vitest'
import { isPlainName, kbuildText } from './kbuild-text.ts'

test('a module of two files', () => {
  expect(kbuildText({ name: 'mine', files: ['a.c', 'sub/b-1.c'], flags: ['-DN=4'], dir: '/d' }).split('\n')).toEqual([
    'obj-m := mine.o',
    'mine-y := src/a.o src/sub/b-1.o',
    'ccflags-y := -I/d/src -ffile-prefix-map=/d/src/= -DN=4',
    '',
  ])
})

test.each(['a b.c', '$(shell id).c', 'a$x.c', 'a;b.c', '`id`.c', 'a#b.c', 'a:b.c', "a'b.c"])(
  'make would read the name %s otherwise',
  (name) => expect(isPlainName(name)).toBe(false),
)
