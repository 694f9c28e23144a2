import { expect, test } from 'vitest'
import { unitOf, unitWord } from './unit-word.ts'

test.each([
  ['what is declared', 'call', 'ext4 file read', 'call'],
  ['a message that names a read', undefined, 'ext4 file read', 'read'],
  ['a system call', undefined, 'vfs_read entered', 'read'],
  ['a word that only contains one', undefined, 'ready to go', 'sequence'],
  ['no message', undefined, undefined, 'sequence'],
])('the word for one sequence: %s', (_, declared, first, word) => {
  expect(unitWord(declared, first)).toBe(word)
})

test('an experiment without a word has the one of its expected messages, where it expects some per sequence', () => {
  const order = (first: string, per: 'read' | 'sequence' | 'run') => ({ expect: [{ order: [first], per }] })
  expect(unitOf(order('ext4 file read', 'read'))).toBe('read')
  expect(unitOf(order('queued', 'sequence'))).toBe('sequence')
  expect(unitOf(order('ext4 file read', 'run'))).toBeUndefined()
  expect(unitOf({ unit: 'fsync', ...order('ext4 file read', 'read') })).toBe('fsync')
})

test('the word of a result of somebody else moves no cursor and fills no screen', () => {
  expect(unitWord('page fault', undefined)).toBe('page fault')
  expect(unitWord('\u001b[2Jcall', undefined)).not.toContain('\u001b')
  expect(unitWord('x'.repeat(1000), undefined).length).toBeLessThan(40)
})
