import { expect, test } from 'vitest'
import type { HolderLine } from '../guest/holder.ts'
import { allowEntry, splatPlace } from '../../results/kernel-reports.ts'
import { keptSplats, splatsOf, testFailures, testsOf } from './kernel-log.ts'

const warning = (name: string, at = '1.5') =>
  `<4>[    ${at}] WARNING: CPU: 0 PID: 1 at kernel/demo.c:12 ${name}+0x2a/0x50\n`
const BOOT = '<6>[    0.0] Linux version 5.10.223\n<6>[    1.0] EXT4-fs (vda): mounted filesystem\n'
const log = (line: number, taint = 512, taintBefore = 0): HolderLine[] => [
  { event: 'log', line, lost: 0, taint, taintBefore },
]
const splats = (dmesg: string, lines: HolderLine[], allow: Parameters<typeof splatsOf>[1] = [], console?: string) =>
  splatsOf({ dmesg, console, lines }, allow)

test('a splat has its place, and is of the run or of the time before it', () => {
  const found = splats(BOOT + warning('early') + warning('late', '2.5'), log(4))
  expect(found.map((splat) => [splat.function, splat.line, splat.at, splat.when])).toEqual([
    ['early', 3, '1.5', 'before'],
    ['late', 4, '2.5', 'run'],
  ])
  expect(found.map(splatPlace)).toEqual([
    'a WARNING in early (dmesg line 3, 1.5 s after boot, before the run)',
    'a WARNING in late (dmesg line 4, 2.5 s after boot)',
  ])
})

test.each([
  [[], [false, false]],
  [[{ kind: 'warning' as const }], [true, true]],
  [[{ kind: 'oops' as const }], [false, false]],
  [[{ kind: 'warning' as const, function: 'demo_a' }], [true, false]],
  [[{ kind: 'warning' as const, function: 'demo' }], [false, false]],
  [[{ kind: 'warning' as const, function: '/^demo_/' }], [true, true]],
])('allow %j', (allow, is) => {
  const found = splats(BOOT + warning('demo_a') + warning('demo_b'), log(1), allow)
  expect(found.map(({ allowed }) => allowed)).toEqual(is)
})

test('what allow: takes is what is proposed', () => {
  const [found, nameless] = splats(`${warning('demo_a')}[    2.0] kmemleak: 2 new suspected memory leaks\n`, log(1))
  expect([found && allowEntry(found), nameless && allowEntry(nameless)]).toEqual(['{ warning: demo_a }', 'kmemleak'])
})

test('the console says it once more, or alone', () => {
  const dmesg = BOOT + warning('demo')
  expect(splats(dmesg, log(1), [], dmesg)).toHaveLength(1)
  const [found, ...others] = splats(BOOT, log(1), [], dmesg)
  expect(others).toEqual([])
  expect(found).toMatchObject({ file: 'console.log', line: 3, when: 'run' })
})

test('a taint flag whose report is gone: somebody cleared the log, or it was overwritten', () => {
  expect(splats(BOOT, log(1))).toMatchObject([{ kind: 'tainted', when: 'run', file: 'kernel.tainted', line: null }])
  expect(splats(BOOT, log(1, 512, 512))).toMatchObject([{ kind: 'tainted', when: 'before' }])
  // A module from outside of the tree (4096) is no splat; an unknown value neither.
  expect(splats(BOOT, log(1, 4096))).toEqual([])
  expect(splats(BOOT, log(1, -1, -1))).toEqual([])
})

test('a kernel that warns without end fills no manifest', () => {
  const many = Array.from({ length: 100 }, (_, n) => warning(`f${n}`)).join('')
  const found = splats(many, log(1), [{ kind: 'warning', function: '/^f[0-8]/' }])
  expect(found).toHaveLength(100)
  const kept = keptSplats(found)
  expect(kept).toHaveLength(50)
  expect(kept.slice(0, 11).every(({ allowed }) => !allowed)).toBe(true)
})

test('tests: of the workload, and of the kernel since the run began', () => {
  const ktap = (name: string) => `<6>[    2.0] KTAP version 1\n<6>[    2.0] 1..1\n<6>[    2.0] not ok 1 ${name}\n`
  const of = (stdout: string, dmesg: string, line: number) =>
    testsOf(stdout, { dmesg, console: undefined, lines: log(line) })
  expect(of('hello\n', BOOT, 1)).toEqual([])
  expect(of('TAP version 13\n1..1\nnot ok 1 open\n', BOOT, 1)).toMatchObject([{ file: 'stdout', failures: ['open'] }])
  const both = of('', ktap('early') + ktap('late'), 4)
  expect(both).toMatchObject([{ file: 'dmesg', failures: ['late'] }])
  expect(testFailures(both)).toMatchObject([
    { stage: 'workload', fact: 'its tests did not pass (TAP in dmesg): 1 of 1 test failed: late' },
  ])
  // What a program writes to /dev/kmsg is not the kernel's.
  expect(of('', ktap('x').replaceAll('<6>', '<12>'), 1)).toEqual([])
})
