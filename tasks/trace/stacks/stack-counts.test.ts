import { expect, test } from 'vitest'
import type { Maps } from '../events/maps-file.ts'
import { folded, foldedText, isLost, type Frame } from './folded.ts'
import { RunCode } from './run-code.ts'
import { stackCounts } from './stack-counts.ts'
import { stackLosses } from './stack-losses.ts'
import { stackTree, treeLines } from './stack-tree.ts'

type DumpedMap = Maps['maps'][number]

const RAW = { key: '', value: '' }
const map = (name: string, type: string, entries: [key: unknown, value: unknown][], rest: Partial<DumpedMap> = {}) =>
  ({
    object: 'a.bpf.o',
    name,
    type,
    keyType: null,
    valueType: null,
    keySize: 4,
    valueSize: type === 'stack_trace' ? 127 * 8 : 8,
    maxEntries: 16,
    cpus: 0,
    cut: false,
    entries: entries.map(([key, value]) => ({ key, value, raw: RAW })),
    ...rest,
  }) as DumpedMap

const range = (from: bigint, name: string, of: string) => ({ from, to: from + 0x100n, name, of })
const KERNEL_TEXT = 0xffff_ffff_8100_0000n
const CODE = new RunCode([
  range(0x401000n, 'main', 'a'),
  range(0x401100n, 'work', 'a'),
  range(KERNEL_TEXT, 'read', 'kernel'),
  range(KERNEL_TEXT + 0x100n, 'sys', 'kernel'),
])
const textOf = (maps: readonly DumpedMap[]) =>
  stackCounts({ maps: [...maps] }).map(({ name, counts }) => `${name}\n${foldedText(folded(counts, CODE))}`)

const KERNEL = ['0xffffffff81000010', '0xffffffff81000110']
const USER = ['0x401110', '0x401010', '0xdeadbeef00000000', '0x401010']

test('STACKS of lab.bpf.h: the program’s half before the kernel’s, and numbers of the second map', () => {
  const key = (kernel_stack: number, user_stack: number) => ({ pid: 7, kernel_stack, user_stack, comm: 'a' })
  const maps = [
    map('waits_stacks', 'stack_trace', [
      [3, KERNEL],
      [4, USER],
    ]),
    map('waits_more', 'stack_trace', [[3, ['0xffffffff81000120']]]),
    map('waits', 'hash', [
      [key(3, 4), 5],
      [key(2 ** 24 + 3, -1), 2],
      [key(-17, -14), 1],
      [key(9, -1), 1],
    ]),
    map('waits_lost', 'array', [[0, 6]]),
  ]
  expect(textOf(maps)).toEqual([
    `waits
a;main;work;sys;read 5
a;sys 2
a;[no stack];[stack lost: another stack was in its place] 1
a;[stack lost: not in the dump of its map] 1
`,
  ])
  const [found] = stackCounts({ maps })
  expect(found?.unplaced).toBe(6)
  expect(found?.counts.map(({ halves }) => halves.some(isLost))).toEqual([false, false, true, true])
})

test('maps of other programs: names of libbpf-tools and of the samples, a bare number, a count of each CPU', () => {
  const stacks = map('stackmap', 'stack_trace', [
    [1, KERNEL],
    [2, USER],
  ])
  expect(
    textOf([stacks, map('counts', 'hash', [[{ comm: 'dd', kernstack: 1, userstack: 4_294_967_282 }, '8']])]),
  ).toEqual(['counts\ndd;[no stack];sys;read 8\n'])
  expect(
    textOf([
      stacks,
      map('info', 'percpu_hash', [[{ kern_stack_id: 1, user_stack_id: 2, tgid: 5 }, [{ delta: 3 }, { delta: 4 }]]]),
    ]),
  ).toEqual(['info\nmain;work;sys;read 7\n'])
  expect(textOf([stacks, map('by_id', 'hash', [[1, 2]])])).toEqual(['by_id\nsys;read 2\n'])
})

test('functions of the workload name no address of another program, which may be at the same addresses', () => {
  const stacks = map('s', 'stack_trace', [[1, USER]])
  const code = new RunCode([range(0x401000n, 'main', 'a-program-of-the-lab')])
  const linesOf = (comm: string) => {
    const counts = map('counts', 'hash', [[{ comm, user_stack: 1 }, 1]])
    return stackCounts({ maps: [stacks, counts] }).map((found) => foldedText(folded(found.counts, code)))
  }
  expect(linesOf('a-program-of-th')).toEqual(['a-program-of-th;main;0x401110 1\n'])
  expect(linesOf('lab-holder')).toEqual(['lab-holder;0x401010;0x401110 1\n'])
})

test('two maps of stacks: each member has the one of its side', () => {
  const maps = [
    map('kernel_stacks', 'stack_trace', [[1, KERNEL]]),
    map('user_stacks', 'stack_trace', [[1, USER]]),
    map('counts', 'hash', [[{ user_stack: 1, kernel_stack: 1 }, 1]]),
  ]
  expect(textOf(maps)).toEqual(['counts\nmain;work;sys;read 1\n'])
})

test('maps that count no stacks are none: no map of stacks, or no number of one in the key', () => {
  expect(stackCounts({ maps: [map('counts', 'hash', [[{ kernel_stack: 1 }, 1]])] })).toEqual([])
  const stacks = map('stackmap', 'stack_trace', [[1, KERNEL]])
  expect(stackCounts({ maps: [stacks, map('counts', 'hash', [[{ port: 1 }, 1]])] })).toEqual([])
  // Times by thread: one of the ids happens to be the number of a stack.
  const threads = map('start', 'hash', [
    [1, 123],
    [4000, 456],
  ])
  expect(stackCounts({ maps: [stacks, threads] })).toEqual([])
})

test('a stack that fills its map has a mark where outer frames may be missing, unless it ends in main()', () => {
  const stacks = map(
    's',
    'stack_trace',
    [
      [1, KERNEL],
      [2, USER.slice(0, 2)],
      [3, KERNEL.slice(0, 1)],
    ],
    { valueSize: 2 * 8 },
  )
  const counts = map('counts', 'hash', [
    [1, 3],
    [2, 2],
    [3, 1],
  ])
  expect(textOf([stacks, counts])).toEqual(['counts\n[outer frames may be cut];sys;read 3\nmain;work 2\nread 1\n'])
})

test('a return address behind a call that never returns belongs to the function of the call', () => {
  const stacks = map('s', 'stack_trace', [[1, ['0xffffffff81000100', '0xffffffff81000100']]])
  expect(textOf([stacks, map('counts', 'hash', [[1, 1]])])).toEqual(['counts\nread;sys 1\n'])
})

test('what a guest calls itself adds no frame and no line', () => {
  const stacks = map('s', 'stack_trace', [[1, KERNEL]])
  const counts = map('counts', 'hash', [[{ stack: 1, comm: 'a;b\nc 9' }, 1]])
  expect(textOf([stacks, counts])).toEqual([
    String.raw`counts
a:b\nc 9;sys;read 1
`,
  ])
})

test('what was lost is a loss of the run; a task without such a stack is none', () => {
  const stacks = map('s', 'stack_trace', [[1, KERNEL]], { maxEntries: 64 })
  const key = (stack: number) => ({ stack })
  const counts = map('waits', 'hash', [
    [key(1), 1],
    [key(-17), 2],
    [key(-12), 3],
  ])
  expect(stackLosses({ maps: [stacks, counts] })).toEqual([
    '5 counts of waits have lost their stack, which found another one in its place or no room in a map of 64: give it more entries',
  ])
  const harmless = map('waits', 'hash', [
    [key(1), 1],
    [key(-14), 2],
  ])
  expect(stackLosses({ maps: [stacks, harmless] })).toEqual([])
  expect(stackLosses({ maps: [stacks, harmless, map('waits_lost', 'array', [[0, 4]])] })).toEqual([
    'waits had no room for 4 counts (max_entries 16): give it more entries',
  ])
})

test('what is added up is lost in its unit, not in counts', () => {
  const slept = map('slept_ns', 'hash', [[{ stack: -17 }, 4500]])
  expect(stackLosses({ maps: [map('s', 'stack_trace', [[1, KERNEL]]), slept] })).toEqual([
    expect.stringMatching(/^4500 ns of slept_ns have lost their stack, /),
  ])
})

test('a dump that was cut is a loss, and more entries are not its way out', () => {
  const cut = 'waits or its map of stacks had more entries than a run keeps (4096): count fewer tasks or events'
  const counts = (rest: Partial<DumpedMap> = {}) => map('waits', 'hash', [[{ stack: 1 }, 1]], rest)
  const stacks = (rest: Partial<DumpedMap> = {}) => map('s', 'stack_trace', [[1, KERNEL]], rest)
  expect(stackLosses({ maps: [stacks(), counts({ cut: true })] })).toEqual([cut])
  expect(stackLosses({ maps: [stacks({ cut: true, entries: [] }), counts()] })).toEqual([cut])
  expect(stackLosses({ maps: [stacks({ entries: [] }), counts()] })).toEqual([
    expect.stringMatching(/^1 count of waits has lost its stack/),
  ])
})

test('the tree: chains without a branch are as deep as their first function, small parts are left out and said', () => {
  const stack = (weight: number, ...names: string[]) => ({
    frames: names.map((name): Frame => ({ name, kind: 'kernel' })),
    weight,
  })
  const tree = stackTree([stack(60, 'a', 'b', 'c'), stack(39, 'a', 'b', 'd'), stack(1, 'a', 'e')])
  expect(treeLines(tree, 0.02)).toEqual([
    '100 100.0%  a',
    ' 99  99.0%    b',
    ' 60  60.0%      c',
    ' 39  39.0%      d',
    '              ... 1 more, each below 2%',
  ])
})
