import { expect, test } from 'vitest'
import { log2Histograms, log2Lines } from './log2-slots.ts'

const map = (name: string, entries: readonly (readonly [key: unknown, value: unknown])[]) =>
  ({
    object: 'x.bpf.o',
    name,
    type: 'hash',
    keyType: null,
    valueType: null,
    keySize: 4,
    valueSize: 8,
    maxEntries: 8,
    cpus: 0,
    cut: false,
    entries: entries.map(([key, value]) => ({ key, value, raw: { key: '', value: '' } })),
  }) as Parameters<typeof log2Histograms>[0]['maps'][number]

test('histograms are found in values, by key, over CPUs and in global variables; all else is none', () => {
  const maps = [
    map('request_ns', [[0, { slots: [0, 2, '3'] }]]),
    map('by_name', [
      ['read', { slots: [1, 0] }],
      ['write', { slots: [0, 4] }],
      ['never', { slots: [0, 0] }],
    ]),
    map('per_cpu', [[0, [{ slots: [1, 1] }, { slots: [0, 2] }]]]),
    map('.bss', [[0, { hist: { slots: [0, 7] }, target: 5 }]]),
    map('other', [
      [0, { slots: 'none' }],
      [1, { slots: [-1, 2] }],
      [2, 5],
      [3, null],
    ]),
  ]
  expect(log2Histograms({ maps }).map(({ name, slots }) => [name, slots])).toEqual([
    ['request_ns', [0, 2, 3]],
    ['by_name["read"]', [1, 0]],
    ['by_name["write"]', [0, 4]],
    ['per_cpu', [1, 3]],
    ['hist', [0, 7]],
  ])
})

test('a histogram as text begins and ends where something was counted', () => {
  expect(log2Lines([0, 1, 0, 4, 0, 0], 8)).toEqual([' 2 to 3  1  ##', ' 4 to 7  0', '8 to 15  4  ########'])
  expect(log2Lines([3])).toEqual([`0 to 1  3  ${'#'.repeat(40)}`])
})
