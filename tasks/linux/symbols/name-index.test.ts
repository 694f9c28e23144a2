import { expect, test } from 'vitest'
import { editDistance } from '../../engine/edit-distance.ts'
import { indexOf, NameIndex, wordsOf } from './name-index.ts'

/** Names that differ in a few letters, digits and words, so that many of them are near one another. */
const NAMES = ['vfs', 'do', 'x64', 'sys'].flatMap((head) =>
  ['read', 'raed', 'write', 'readv', 'open2', 'open4'].flatMap((verb) =>
    ['', '_iter', '_iter_file', '.isra.0', '.part.3'].map((tail) => `${head}_${verb}${tail}`),
  ),
)
const WHOLE = NAMES.filter((name) => !name.includes('.'))

test.each([1, 2, 3, 4])('names within %i edits are those that a comparison with each name finds', (limit) => {
  const index = new NameIndex(NAMES)
  for (const name of [...WHOLE, 'vfs_raed_itre', 'open', 'READ_iter', '']) {
    const near = WHOLE.map((other) => [other, editDistance(name, other)] as const).filter(([, edits]) => edits <= limit)
    expect(index.within(name, limit), name).toEqual(new Map(near))
  }
})

test('names with common words, and how many they have', () => {
  const index = new NameIndex(['copy_page_to_iter', 'copy_to_iter', 'page_copy_page', 'do_it', 'copy_page.cold'])
  expect([...index.sharing(['copy', 'page'], 1)]).toEqual([
    ['copy_page_to_iter', 2, 3],
    ['copy_to_iter', 1, 2],
    ['page_copy_page', 3, 3],
  ])
  expect([...index.sharing(['copy', 'page'], 2)].map(([name]) => name)).toEqual(['copy_page_to_iter', 'page_copy_page'])
  expect(wordsOf('do_copy_to_iter')).toEqual(['copy', 'iter'])
})

test('pieces of a function, and no functions that only begin like it', () => {
  const index = new NameIndex(['foo.part.3', 'foo.isra.0', 'foobar.isra.0', 'foo', 'foo_bar'])
  expect(index.piecesOf('foo')).toEqual(['foo.isra.0', 'foo.part.3'])
})

test('an index is made once for each list', () => {
  expect(indexOf(NAMES)).toBe(indexOf(NAMES))
  expect(indexOf([...NAMES])).not.toBe(indexOf(NAMES))
})
