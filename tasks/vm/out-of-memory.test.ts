import { expect, test } from 'vitest'
import { killedForMemory } from './out-of-memory.ts'

const GUEST = 2 ** 30

test('a guest that ended when the kernel had killed a process for its memory says so, with what helps', () => {
  const failure = killedForMemory('vm default', { guest: GUEST, kills: 2 }, 3)
  expect(failure).toMatchObject({ kind: 'lab', reason: 'out-of-memory' })
  expect(failure?.parts.fact).toMatch(/^the kernel killed QEMU: the \d+M that lab may use were used up/)
  expect(failure?.parts.wayOut).toContain('`memory:`')
})

test('one that ended while the kernel killed nothing, and one of which nothing is known, do not', () => {
  expect(killedForMemory('vm default', { guest: GUEST, kills: 2 }, 2)).toBeUndefined()
  expect(killedForMemory('vm default', { guest: GUEST, kills: undefined }, 2)).toBeUndefined()
  expect(killedForMemory('vm default', undefined, 2)).toBeUndefined()
})
