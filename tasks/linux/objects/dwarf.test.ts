import { expect, test } from 'vitest'
import { DWARF4, DWARF5 } from './dwarf.fixture.ts'
import { Dwarf } from './dwarf.ts'
import { sectionTable, type Read } from './elf.ts'

/*
 * i.c, from which the fixture was made:
 *
 *  1  static inline __attribute__((always_inline)) int inner(int a)
 *  2  {
 *  3          return a * 3;
 *  4  }
 *  5
 *  6  static int middle(int a)
 *  7  {
 *  8          return inner(a) + 1;
 *  9  }
 * 10
 * 11  int outer(int a)
 * 12  {
 * 13          return middle(a) +
 * 14                 inner(a + 1);
 * 15  }
 * 16
 * 17  int other(int a)
 * 18  {
 * 19          return inner(a);
 * 20  }
 */
const open = (file: Buffer) => {
  const read: Read = (offset, size) => file.subarray(offset, offset + size)
  return new Dwarf(read, sectionTable(read))
}

test.each([
  ['4', DWARF4],
  ['5', DWARF5],
])(
  'R-1901-1 DWARF %s: the functions that have the code of an inlined one, through another one too',
  (_version, file) => {
    const dwarf = open(file)
    expect(dwarf.there).toBe(true)
    const sites = dwarf.sites('inner', ['i.c']).map(({ caller, unit, line }) => `${caller} ${unit}:${line}`)
    expect(sites.toSorted()).toEqual(['other i.c:19', 'outer i.c:14', 'outer i.c:8'])
    expect(dwarf.sites('middle', ['i.c'])).toEqual([{ caller: 'outer', unit: 'i.c', line: 13 }])
    expect(dwarf.sites('nobody', ['i.c'])).toEqual([])
    expect(dwarf.sites('inner', ['other.c'])).toEqual([])
  },
)

test('a file without debug information has no places, and a damaged one ends the search', () => {
  const sections = sectionTable((offset, size) => DWARF4.subarray(offset, offset + size))
  expect(new Dwarf(() => Buffer.alloc(0), []).there).toBe(false)
  const cut: Read = (offset, size) => DWARF4.subarray(0, 200).subarray(offset, offset + size)
  expect(() => new Dwarf(cut, sections)).toThrow()
})
