import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { changedInputs, fingerprintOf, hashFile, hashText } from './fingerprint.ts'

describe('fingerprintOf', () => {
  test('does not depend on the order of keys, at any depth', () => {
    expect(fingerprintOf({ a: 1, b: { c: [1, { x: 1, y: 2 }], d: null } })).toBe(
      fingerprintOf({ b: { d: null, c: [1, { y: 2, x: 1 }] }, a: 1 }),
    )
  })

  test.each([
    [{ list: [1, 2] }, { list: [2, 1] }],
    [{ a: 1 }, { a: '1' }],
    [{ a: false }, { a: null }],
    [{ a: null }, {}],
    [{ a: 'b","c":"d' }, { a: 'b', c: 'd' }],
    [{ a: [] }, { a: {} }],
  ])('%j differs from %j', (one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other))
  })

  test('is SHA-256 of the canonical JSON', () => {
    expect(fingerprintOf({ b: [true, null], a: 'x' })).toBe(hashText('{"a":"x","b":[true,null]}'))
  })
})

test('hashFile is the SHA-256 of the bytes', async () => {
  const file = join(tempDir(), 'abc')
  await writeFile(file, 'abc')
  // FIPS 180-2, appendix B.1.
  expect(await hashFile(file)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  await expect(hashFile(`${file}.none`)).rejects.toThrow('ENOENT')
})

describe('changedInputs', () => {
  test('names what changed, down to the key', () => {
    const before = { config: 'a', options: { BPF_JIT: 'y', SMP: 'y' }, list: [1], same: 1 }
    const after = { config: 'a', options: { SMP: 'y', BPF_JIT: 'n', NEW: '1' }, list: [2], same: 1 }
    expect(changedInputs(before, after)).toEqual(['list', 'options.BPF_JIT', 'options.NEW'])
  })

  test('an object that became a value is one change', () => {
    expect(changedInputs({ a: { b: 1 } }, { a: null })).toEqual(['a'])
  })

  test('whatever changes the fingerprint is named', () => {
    expect(changedInputs({ a: null }, {})).toEqual(['a'])
    expect(changedInputs({ a: 1 }, { a: 1 })).toEqual([])
  })
})
