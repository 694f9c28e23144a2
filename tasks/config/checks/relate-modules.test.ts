import { expect, test } from 'vitest'
import { changed, problemsIn } from '../lab.fixture.ts'

const WORKLOAD = 'workload: { source: bpf/workloads/readfile.c, run: "readfile /data/f'
const C = 'bpf/workloads/readfile.c'
const withModules = (modules: string) => problemsIn(changed([WORKLOAD, `modules: ${modules}\n    ${WORKLOAD}`]))

test.each([
  ['[loop, snd-dummy]'],
  ['[{ name: null_blk, params: { nr_devices: 1 } }]'],
  [`[{ source: ${C}, name: mine, flags: [-DN=4], params: { step: "\${bytes}" } }, loop]`],
])('%s is right', (modules) => {
  expect(withModules(modules)).toEqual([])
})

test.each([
  [
    '[{ source: bpf/no.c }]',
    'module source "bpf/no.c" does not exist | create it, or correct the path (relative to the lab file)',
  ],
  [
    '[{ source: bpf/include/lab.bpf.h }]',
    '"bpf/include/lab.bpf.h" is not a C file | name files that end in .c (headers come along by themselves), or one .ko file',
  ],
  [
    `[{ source: ${C} }, { source: ${C} }]`,
    'two modules are called "readfile" | give one of them another "name:"; a module is loaded once',
  ],
  [
    '[snd-dummy, snd_dummy]',
    'two modules are called "snd_dummy" | give one of them another "name:"; a module is loaded once',
  ],
  [
    '[{ params: { step: 1 } }]',
    'this module has neither a name nor a source | "name:" takes a module that the kernel has (=m), "source:" the C files of one of your own',
  ],
  [
    '[{ name: loop, flags: [-DN=4] }]',
    'a module of the kernel itself is built with the options of the kernel | take "flags:" away, or name C files with "source:"',
  ],
  [
    '[{ name: loop, params: { max_loop: "${bites}" } }]',
    '${bites} is used, and no parameter "bites" is declared | did you mean "bytes"?',
  ],
])('%s is not', (modules, problem) => {
  expect(withModules(modules)).toContain(problem)
})

test.each([
  '-DX=$$(id)',
  '-DX=`id`',
  '-DX=$(HOME)',
  '-DX=1;id',
  '-DX="a"',
  '-fplugin=x',
  '-fdump-final-insns=x',
  '-fdump-tree-all=/x',
  '-fdump-tree-all=/tmp/x',
  '-Wp,-MD',
  '-I/usr',
])('the flag %s is not for make and its shell', (flag) => {
  expect(withModules(`[{ source: ${C}, flags: ['${flag}'] }]`).join()).toContain('a flag is -D, -U, -W or -f')
})

test.each(['-DNAME=lab_x', '-UDEBUG', '-Wno-unused', '-fno-inline', '-Wframe-larger-than=2048'])(
  'the flag %s is',
  (flag) => expect(withModules(`[{ source: ${C}, flags: [${flag}] }]`)).toEqual([]),
)

const MADE = 'this makes a module, and no experiment names one: it reaches no guest'
const withOption = (value: string, modules = '[]') =>
  problemsIn(
    changed(
      ['KPROBE_EVENTS_ON_NOTRACE: y, NR_CPUS', `VETH: ${value}, NR_CPUS`],
      [WORKLOAD, `modules: ${modules}\n    ${WORKLOAD}`],
    ),
  )

test.each([
  ['m', '[]', true],
  ['m', `[{ source: ${C} }]`, true],
  ['m', '[veth]', false],
  ['y', '[]', false],
])('VETH: %s with modules: %s reaches no guest: %s', (value, modules, warned) => {
  expect(withOption(value, modules).some((line) => line.includes(MADE))).toBe(warned)
})
