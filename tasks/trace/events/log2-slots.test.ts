import { expect, test } from 'vitest'
import { log2Histograms } from './log2-slots.ts'

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
    { ...map('request_ns', [[0, { slots: [0, 2, '3'] }]]), maxEntries: 1 },
    map('by_name', [
      ['read', { slots: [1, 0] }],
      ['write', { slots: [0, 4] }],
      ['never', { slots: [0, 0] }],
    ]),
    { ...map('per_cpu', [[0, [{ slots: [1, 1] }, { slots: [0, 2] }]]]), maxEntries: 1 },
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

test('a key keeps its name in a run that has no other, and maps of two objects with one name are two', () => {
  const read = map('by_name', [['read', { slots: [1, 0] }]])
  expect(log2Histograms({ maps: [read] }).map(({ name }) => name)).toEqual(['by_name["read"]'])
  const other = { ...map('wait_ns', [[0, { slots: [0, 5] }]]), object: 'y.bpf.o', maxEntries: 1 }
  const found = log2Histograms({ maps: [{ ...other, object: 'x.bpf.o' }, other] })
  expect(found.map(({ name, map: of }) => [name, of])).toEqual([
    ['x.bpf.o: wait_ns', 'wait_ns'],
    ['y.bpf.o: wait_ns', 'wait_ns'],
  ])
})
