import { expect, test } from 'vitest'
import { usdtIn } from './user-program.ts'

/** A note of .note.stapsdt with two texts: provider and name. */
function note(provider: string, name: string): Buffer {
  const header = Buffer.alloc(12)
  const texts = Buffer.concat([Buffer.alloc(24), Buffer.from(`${provider}\0${name}\0\0`)])
  header.writeUInt32LE(8, 0)
  header.writeUInt32LE(texts.length, 4)
  header.writeUInt32LE(3, 8)
  const padding = Buffer.alloc(-texts.length & 3)
  return Buffer.concat([header, Buffer.from('stapsdt\0'), texts, padding])
}

test('each note gives a probe', () => {
  const notes = Buffer.concat([note('libc', 'setjmp'), note('app', 'ask')])
  expect([...usdtIn(notes)]).toEqual(['libc:setjmp', 'app:ask'])
})

test.each([
  [0xfffffff4, 0],
  [0xfffffff0, 4],
  [8, 0xffffffec],
  [0xffffffff, 0xffffffff],
])('a note that claims sizes of %i and %i ends the list', (nameSize, size) => {
  const bad = note('app', 'ask')
  bad.writeUInt32LE(nameSize, 0)
  bad.writeUInt32LE(size, 4)
  expect(usdtIn(Buffer.concat([note('libc', 'setjmp'), bad, note('app', 'late')])).has('app:late')).toBe(false)
})
