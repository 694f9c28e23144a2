import { expect, test } from 'vitest'
import { Mappings } from './mappings.ts'

const TEXT = `M 30 7 5555000 1000 1000 11 /bin/a
X 20 7 a
M 10 7 4000000 1000 0 5 /usr/bin/lab-holder
F 40 9 9 7
F 50 7 8 7
X 60 9 b
M 70 9 5555000 1000 0 12 /lib/b.so
E 0 11 /bin/a
`

test('an address belongs to the file that its process had there', () => {
  const mappings = new Mappings(TEXT)
  const place = { path: '/bin/a', offset: 0x1010n }
  expect(mappings.at(7, 0x5555010n, 'a')).toEqual(place)
  // A thread has its process's.
  expect(mappings.at(8, 0x5555010n, 'a')).toEqual(place)
  expect(mappings.at(7, 0x5556000n, 'a')).toBeUndefined()
  expect(mappings.at(3, 0x5555010n, 'a')).toBeUndefined()
  expect(mappings.files).toEqual(new Map([['/bin/a', 'elf-0']]))
})

test('a process that was several programs: its name tells which, and without it nobody knows', () => {
  const mappings = new Mappings(TEXT)
  expect(mappings.at(9, 0x5555010n, 'a')).toEqual({ path: '/bin/a', offset: 0x1010n })
  expect(mappings.at(9, 0x5555010n, 'b')).toEqual({ path: '/lib/b.so', offset: 0x10n })
  expect(mappings.at(9, 0x5555010n, undefined)).toBeUndefined()
  expect(mappings.at(undefined, 0x5555010n, undefined)).toBeUndefined()
})

test('lines that are none are left out', () => {
  expect(new Mappings('M 1 7 zz 10 0 1 /a\nrubbish\nE 1234 5 /x\n').files.size).toBe(0)
})
