import { describe, expect, test } from 'vitest'
import { captured, checkSame, mapSide, type MapValues, type Side } from './expect-same.ts'

const side = (text: string, values: readonly string[], as?: Side['as']): Side => ({ text, values, as })

describe('values are equal', () => {
  test.each([
    ['as numbers in different bases', side('a', ['16']), side('b', ['0x10']), 'a = b: 16'],
    ['as hex digits without 0x', side('a', ['255']), side('b', ['ff'], 'hex'), 'a = b: 255'],
    ['as a character and its code', side('a', ['65']), side('b', ['A'], 'char'), 'a = b: 65'],
    ['as text', side('a', ['read']), side('b', ['read']), 'a = b: read'],
    [
      'beyond 2^53',
      side('a', ['18446744073709551615']),
      side('b', ['0xffffffffffffffff']),
      'a = b: 18446744073709551615',
    ],
    ['one by one', side('a', ['1', '2']), side('b', ['0x1', '0x2']), 'a = b: the same 2 values'],
    ['when one value stands for all', side('a', ['7', '7']), side('b', ['7']), 'a = b: the same 2 values'],
  ])('%s', (_, a, b, line) => {
    expect(checkSame([a, b])).toEqual({ ok: true, lines: [line] })
  })
})

describe('values differ, and the message says where', () => {
  test.each([
    ['in a single value', [side('a', ['1']), side('b', ['2'])], 'a says 1, b says 2'],
    ['beyond 2^53', [side('a', ['9007199254740993']), side('b', ['9007199254740992'])], /^a says 9007199254740993, /],
    ['in the second of several', [side('a', ['1', '2']), side('b', ['1', '3'])], 'value 2: a says 2, b says 3'],
    ['in their number', [side('a', ['1', '2']), side('b', ['1', '2', '3'])], /differ: a has 2, b has 3$/],
    ['because nothing was found', [side('a', []), side('b', ['1'])], 'a has no value'],
    ['with the reason', [{ ...side('a', []), because: 'the map is empty' }], 'a has no value: the map is empty'],
    ['by case, where they are text', [side('a', ['read']), side('b', ['Read'])], 'a says read, b says Read'],
  ] as const)('%s', (_, sides, line) => {
    expect(checkSame(sides)).toEqual({
      ok: false,
      lines: [typeof line === 'string' ? line : expect.stringMatching(line)],
    })
  })
})

test('captured takes the first group of each match, or all of it', () => {
  expect(captured('fd 3, fd 14', /fd (\d+)/g)).toEqual(['3', '14'])
  expect(captured('fd 3, fd 14', /\d+/g)).toEqual(['3', '14'])
  expect(captured('nothing', /\d+/g)).toEqual([])
})

describe('a place in a map', () => {
  const MAPS: MapValues = {
    maps: [
      { name: 'params', cpus: 0, entries: [{ key: 0, value: { pid: 95, pos: { x: 4 } } }] },
      { name: 'hits', cpus: 2, entries: [{ key: 0, value: [3, 4] }] },
      {
        name: 'by_pid',
        cpus: 0,
        entries: [
          { key: 95, value: 1 },
          { key: 96, value: 2 },
        ],
      },
      { name: 'none', cpus: 0, entries: [] },
      { name: '.bss', cpus: 0, entries: [{ key: 0, value: { total: 12 } }] },
    ],
  }

  test.each([
    ['params.pid', '95'],
    ['params[0].pos.x', '4'],
    ['hits', '7'],
    ['by_pid[96]', '2'],
    ['total', '12'],
  ])('%s is %s', (place, value) => {
    expect(mapSide(place, MAPS, undefined)).toMatchObject({ text: `map ${place}`, values: [value] })
  })

  test.each([
    ['absent', 'there is no map absent'],
    ['none', 'the map is empty'],
    ['by_pid', 'its keys are 95, 96'],
    ['by_pid[97]', 'its keys are 95, 96'],
    ['params.uid', /^uid is no field of /],
    ['params.constructor', /^constructor is no field of /],
  ])('%s has no value, with the reason', (place, because) => {
    expect(mapSide(place, MAPS, undefined)).toEqual({
      text: `map ${place}`,
      values: [],
      because: typeof because === 'string' ? because : expect.stringMatching(because),
    })
  })
})
