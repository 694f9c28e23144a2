import { expect, test } from 'vitest'
import type { Expectation } from '../../config/schema/schema-expect.ts'
import { remarksOf } from './remarks.ts'

const probe = (program: string, hits: number, attached: string | null = 'kprobe') => ({
  program,
  section: `kprobe/${program}`,
  attached,
  hits,
  missed: 0,
})
const order = (times: number): Expectation => ({ order: ['a', 'b'], per: 'read', of: 'workload', times })

const NEVER = 'program f (kprobe/f) was attached and never fired'

test.each<[string, readonly Expectation[], ReturnType<typeof probe>[], number, readonly string[]]>([
  ['a program that never fired', [order(1)], [probe('f', 0), probe('g', 2)], 2, [NEVER]],
  ['one that was not attached', [order(1)], [probe('f', 0, null), probe('g', 2)], 2, []],
  ['one whose hits are expected', [{ hits: { f: 0 } }], [probe('f', 0)], 0, []],
  ['one whose failure is expected', [{ failure: 'silent' }], [probe('f', 0)], 0, []],
  [
    'a count that any number satisfies',
    [{ messages: { x: '>= 0' } }],
    [probe('f', 1)],
    1,
    ['expectation "x: >= 0" holds for any number: it could not have failed'],
  ],
  [
    'absent messages where none could be printed',
    [{ messages: { x: 0, y: '<=3' } }, order(0)],
    [probe('f', 0)],
    0,
    [
      NEVER,
      ...['x: 0', 'y: <=3', 'order a, ...: 0'].map(
        (what) => `expectation "${what}" was not put to the test: no program fired, so none could print a message`,
      ),
    ],
  ],
  ['absent messages of a program that ran', [{ messages: { x: 0 } }], [probe('f', 1)], 0, []],
  [
    'expectations for other kernels only',
    [{ ...order(1), kernels: ['v6.1'] }],
    [probe('f', 1)],
    1,
    ['none of the 1 expectations is for kernel v5.10 and this arm: nothing was expected of this run'],
  ],
  ['no expectations at all', [], [probe('f', 1)], 1, []],
])('%s', (_, expected, probes, printed, remarks) => {
  expect(remarksOf({ expect: expected }, { params: {} }, 'v5.10', probes, printed)).toEqual(remarks)
})

test('an arm without probes, or with empty ones, has nothing to show', () => {
  for (const probes of [[], ['p~empty']])
    expect(remarksOf({ expect: [order(1)] }, { params: {}, probes }, 'v5.10', [], 0)).toEqual([])
})
