import { expect, test } from 'vitest'
import type { Manifest } from './manifest.ts'
import { differs, sameBytes, sameBytesLines } from './same-bytes.ts'

const run = (name: string, digest: string, deterministic = true, kernel = 'k') =>
  ({
    run: name,
    experiment: 'exact',
    arm: { name: 'bytes=16', params: {} },
    objects: { a: '1' },
    kernel: { fingerprint: kernel },
    image: { fingerprint: 'i' },
    guest: { deterministic },
    trace: { digest, events: 21 },
  }) as unknown as Manifest

test('the same digest in each run is said, with what it is', () => {
  const found = sameBytes([run('a', 'abc'), run('b', 'abc')])
  expect(found.some(differs)).toBe(false)
  expect(sameBytesLines(found)).toEqual(['exact bytes=16: 2 runs, the same 21 events to the byte (sha256 abc)'])
})

test('one run that differs breaks the promise, and both are named', () => {
  const found = sameBytes([run('a', 'abc'), run('b', 'abc'), run('c', 'def')])
  expect(found.some(differs)).toBe(true)
  expect(sameBytesLines(found)).toEqual([
    'NOT deterministic: exact bytes=16: 2 different traces in 3 runs; a and c differ',
  ])
})

test('runs that were not deterministic, or of another kernel, are not compared', () => {
  expect(sameBytes([run('a', 'abc', false), run('b', 'def', false)])).toEqual([])
  expect(sameBytes([run('a', 'abc'), run('b', 'def', true, 'other')]).some(differs)).toBe(false)
})
