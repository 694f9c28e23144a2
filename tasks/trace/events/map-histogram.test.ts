import { describe, expect, test } from 'vitest'
import type { Maps } from './maps-file.ts'
import { histogramLines, histogramOf } from './map-histogram.ts'
import { sumOf, sumOfMaps } from './map-sum.ts'
import { mapsText } from './maps-text.ts'

type DumpedMap = Maps['maps'][number]
type Value = DumpedMap['entries'][number]['value']

const raw = (key: Value) => ({ key: JSON.stringify(key), value: '' })
const aMap = (name: string, entries: readonly (readonly [Value, Value])[], type = 'array'): DumpedMap => ({
  object: 'x.bpf.o',
  name,
  type,
  keyType: '__u32',
  valueType: '__u64',
  keySize: 4,
  valueSize: 8,
  maxEntries: 64,
  cpus: 0,
  entries: entries.map(([key, value]) => ({ key, value, raw: raw(key) })),
  cut: false,
})
const array = (name: string, ...counts: Value[]) =>
  aMap(
    name,
    counts.map((count, slot) => [slot, count] as const),
  )

describe('a histogram', () => {
  test('of powers of two, where the name says so; empty ends are left out', () => {
    const found = histogramOf(array('read_hist', 0, 3, 0, 12, 1, 0, 0))
    expect(found?.slots).toEqual([
      { label: '2 -> 3', count: 3 },
      { label: '4 -> 7', count: 0 },
      { label: '8 -> 15', count: 12 },
      { label: '16 -> 31', count: 1 },
    ])
    expect(found && histogramLines(found)).toEqual([
      '   value  count',
      '  2 -> 3      3  ██████████',
      '  4 -> 7      0',
      ` 8 -> 15     12  ${'█'.repeat(40)}`,
      '16 -> 31      1  ███',
    ])
  })

  test('of slots, where it does not; counts of each CPU are added, and 64 bits are enough for any', () => {
    const found = histogramOf(array('calls', [1, 2], ['18446744073709551615', 0], [0, 0], [4, 4]))
    expect(found?.slots.map(({ label }) => label)).toEqual(['0', '1', '2', '3'])
    expect(found?.slots[3]?.count).toBe(8)
    const whole = histogramOf(array('x_hist', ...Array.from({ length: 64 }, () => 1)))
    expect([whole?.slots[0], whole?.slots[63]]).toEqual([
      { label: '0 -> 1', count: 1 },
      { label: '9223372036854775808 -> 18446744073709551615', count: 1 },
    ])
  })

  test('of a member called slots: every power of two is exact', () => {
    const map = { ...aMap('wait_ns', [[0, { slots: [0, 2, ...Array<number>(61).fill(0), 4] }]]), maxEntries: 1 }
    const lines = mapsText({ slots: [], maps: [map] }).split('\n')
    expect(lines).toContain('  wait_ns in powers of two:')
    expect(lines[2]).toMatch(/^ +value  count$/)
    expect(lines[3]).toMatch(/^ +2 -> 3 {6}2  █{20}$/)
    expect(lines.at(-1)).toMatch(/^ +9223372036854775808 -> 18446744073709551615 {6}4  █{40}$/)
    expect(mapsText({ slots: [], maps: [map] }, undefined, true)).toContain('  0: { slots: [0, 2, 0,')
    const inner = aMap('waits', [[0, { count: 6, slots: [0, 2], deep: { slots: [0, 7] } }]])
    expect(mapsText({ slots: [], maps: [inner] })).toContain('  0: { count: 6, deep: { slots: [0, 7] } }')
  })

  test.each<[string, DumpedMap]>([
    ['structs', array('x_hist', { a: 1 }, { a: 2 }, { a: 3 }, { a: 4 })],
    ['two numbers', array('x_hist', 1, 2)],
    ['nothing but zeros', array('x_hist', 0, 0, 0, 0)],
    ['differences', array('x_hist', -1, 1, 1, 1)],
    [
      'keys that are no slots',
      aMap(
        'x_hist',
        [
          [4711, 1],
          [4712, 1],
          [4713, 1],
          [4714, 1],
        ],
        'hash',
      ),
    ],
    ['global variables', array('.bss', 1, 1, 1, 1)],
  ])('is not made of %s', (_, map) => expect(histogramOf(map)).toBeUndefined())
})

test('a hash: the largest counts first, then by key; without counts by key', () => {
  const lines = (map: DumpedMap) =>
    mapsText({ slots: [], maps: [map] })
      .split('\n')
      .slice(1)
  expect(
    lines(
      aMap(
        'h',
        [
          ['b', 1],
          ['a', 1],
          ['c', 5],
        ],
        'hash',
      ),
    ),
  ).toEqual(['  "c": 5', '  "a": 1', '  "b": 1'])
  expect(
    lines(
      aMap(
        'h',
        [
          [10, { a: 1 }],
          [9, { a: 1 }],
        ],
        'lru_hash',
      ),
    ),
  ).toEqual(['  9: { a: 1 }', '  10: { a: 1 }'])
})

describe('maps of several runs', () => {
  test('are added by key; a key of one run stands alone', () => {
    const one: Maps = {
      slots: [],
      maps: [
        aMap(
          'h',
          [
            ['a', 1],
            ['b', [1, 2]],
          ],
          'hash',
        ),
      ],
    }
    const other: Maps = {
      slots: [],
      maps: [
        aMap(
          'h',
          [
            ['b', [10, 20]],
            ['c', { n: 1, name: 'x' }],
          ],
          'hash',
        ),
      ],
    }
    const [sum] = sumOfMaps([one, other, other]).maps
    expect(sum?.entries.map(({ key, value }) => [key, value])).toEqual([
      ['a', 1],
      ['b', [21, 42]],
      ['c', { n: 2, name: 'x' }],
    ])
  })

  test('global variables are not added up: a pid is no count; their histograms are', () => {
    const bss = (target: number) =>
      aMap('.bss', [[0, { target, calls: 85, wait: { slots: [0, 1, target === 1 ? 3 : 0] } }]])
    const { maps } = sumOfMaps([1, 2].map((target) => ({ slots: [], maps: [bss(target)] })))
    expect(maps[0]?.entries.map(({ value }) => value)).toEqual([
      { target: [1, 2], calls: 85, wait: { slots: [0, 2, 3] } },
    ])
  })

  test('no count is lost beyond 53 bits, and what is no count is kept where all runs agree', () => {
    expect(sumOf('18446744073709551615', 1)).toBe('18446744073709551616')
    expect(sumOf(Number.MAX_SAFE_INTEGER, 2)).toBe('9007199254740993')
    expect([sumOf('cat', 'cat'), sumOf('cat', 'dog')]).toEqual(['cat', null])
  })
})
