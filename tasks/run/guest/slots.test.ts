import { describe, expect, test } from 'vitest'
import type { Slots } from '../../config/schema/schema.ts'
import { Failure } from '../../engine/error.ts'
import { MAPS_OBJECT } from '../../linux/objects/bpf-object.fixture.ts'
import { readBpfObject } from '../../linux/objects/bpf-object.ts'
import { mapsOf } from './maps.ts'
import { slotArgument, SlotReader } from './slots.ts'

const described = [{ name: 'maps.bpf.o', object: readBpfObject(MAPS_OBJECT), messages: [] }]
const read = (slots: Slots) => new SlotReader(described, { bytes: 16 }, 'experiment x').read(slots).map(slotArgument)

function failure(slots: Slots): string {
  try {
    return read(slots).join(' ')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { place, fact, wayOut } = error.parts
    return `${place} | ${fact} | ${wayOut ?? ''}`
  }
}

describe('a slot', () => {
  test.each<[string, Slots, string[]]>([
    [
      'of fields of an array’s only struct',
      { target: { pid: '${workload.pid}', bytes: '${bytes}' } },
      ['0:target:00000000:0:pid/4', '0:target:00000000:4:10000000'],
    ],
    [
      'of numbered entries',
      { numbers: { 0: 3, 1: '0xff' } },
      ['0:numbers:00000000:0:0300000000000000', '0:numbers:01000000:0:ff00000000000000'],
    ],
    ['of a struct behind a key', { by_pid: { 7: { delta: -1 } } }, ['0:by_pid:07000000:44:ffff']],
    ['keyed by the pid', { by_pid: { '${workload.pid}': { pid: 1 } } }, ['0:by_pid:pid/4:0:01000000']],
    ['keyed by text', { names: { abc: 3 } }, ['0:names:6162630000000000:0:03000000']],
    ['of a plain value', { per_cpu: 100 }, ['0:per_cpu:00000000:0:64000000']],
    ['of a global variable', { target_pid: '${workload.pid}' }, ['0:.data:00000000:0:pid/4']],
  ])('%s', (_, slots, expected) => {
    expect(read(slots)).toEqual(expected)
  })

  test.each<[string, Slots, string]>([
    ['an unknown map', { targe: 1 }, 'no map or global variable "targe" in maps.bpf.o | did you mean "target"?'],
    ['an unknown field', { target: { pdi: 1 } }, 'struct wanted has no field "pdi" | did you mean "pid"?'],
    [
      'R-1201-2: a key out of range',
      { target: { 1: { pid: 3 } } },
      'key 1 is out of range: map target has max_entries 1 | its only key is 0',
    ],
    ['a struct without fields', { target: 3 }, 'struct wanted has no single value: give its fields (pid, bytes, name)'],
    ['a hash without a key', { names: 3 }, 'map names is a hash: which key is meant? | write names: { KEY: value }'],
    ['a pid that does not fit', { by_pid: { 7: { delta: '${workload.pid}' } } }, 'a pid does not fit into __s16'],
  ])('is refused before a VM is asked: %s', (_, slots, expected) => {
    expect(failure(slots)).toContain(expected)
  })
})

describe('dumped maps', () => {
  const base = { object: 0, keySize: 4, maxEntries: 1 }
  test('are decoded per CPU, with padding between, and globals by their names', () => {
    const { maps, slots } = mapsOf(
      [
        { event: 'slot', object: 0, map: 'per_cpu', key: '00000000', value: '64000000' },
        { event: 'slot', object: 0, map: 'per_cpu', key: '00000000', value: '65000000' },
        { event: 'map', ...base, name: 'per_cpu', type: 6, valueSize: 4, cpus: 2 },
        { event: 'map-entry', object: 0, map: 'per_cpu', key: '00000000', value: '67000000000000006400000000000000' },
        { event: 'map', ...base, name: 'maps.bss', type: 2, valueSize: 8, cpus: 0 },
        { event: 'map-entry', object: 0, map: 'maps.bss', key: '00000000', value: '0300000000000000' },
        { event: 'map', ...base, name: 'unknown', type: 1, valueSize: 3, cpus: 0 },
        { event: 'map-entry', object: 0, map: 'unknown', key: '01000000', value: 'abcdef' },
      ],
      described,
    )
    expect(slots).toEqual([{ map: 'per_cpu', key: 0, value: 101 }])
    expect(maps.map(({ name, type, entries }) => [name, type, entries.map(({ key, value }) => [key, value])])).toEqual([
      ['per_cpu', 'percpu_array', [[0, [103, 100]]]],
      ['.bss', 'array', [[0, { copies: 3 }]]],
      ['unknown', 'hash', [[1, 'abcdef']]],
    ])
  })

  test('that are shorter than their type are shown as bytes', () => {
    const { maps } = mapsOf(
      [
        { event: 'map', ...base, name: 'target', type: 2, valueSize: 16, cpus: 0 },
        { event: 'map-entry', object: 0, map: 'target', key: '00000000', value: 'abcdef' },
      ],
      described,
    )
    expect(maps[0]?.entries[0]?.value).toBe('abcdef')
  })
})

describe('a map of programs', () => {
  const range = { least: 0, most: 0 }
  const messages = ['first', 'second'].map((program) => ({ ...range, program, section: 'kprobe', formats: [] }))
  const map = { name: 'next', type: 3, key: 1, value: 1, keySize: 4, valueSize: 4, maxEntries: 2, event: undefined }
  const object = { ...readBpfObject(MAPS_OBJECT), maps: [map] }
  const reader = new SlotReader([{ name: 'jumps.bpf.o', object, messages }], {}, 'experiment x')

  test('takes programs of its object by their names', () => {
    expect(reader.read({ next: { 1: 'second' } }).map(slotArgument)).toEqual(['0:next:01000000:0:program/second'])
  })

  test.each<[string, Slots, string]>([
    ['a name that is none', { next: { 0: 'secnod' } }, 'secnod is no program'],
    ['a key out of range', { next: { 2: 'second' } }, 'key 2 is out of range'],
    ['no key', { next: 3 }, 'takes programs by number'],
  ])('refuses %s', (_, slots, words) => {
    expect(() => reader.read(slots)).toThrow(
      expect.objectContaining({ parts: expect.objectContaining({ fact: expect.stringContaining(words) }) }),
    )
  })
})
