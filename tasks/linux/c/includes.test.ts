import { expect, test } from 'vitest'
import { COMMAND_LINE, dependenciesOf, includesOf, preprocessing } from './includes.ts'

test('R-1401-1: each include with the file that was read, one that the guards kept out of a second time too', () => {
  const clang = [
    '# 1 "/lab/p.bpf.c"',
    '# 1 "<built-in>" 1',
    '# 1 "<command line>" 1',
    '# 1 "<built-in>" 2',
    '# 1 "/lab/p.bpf.c" 2',
    '#include <linux/bpf.h> /* clang -E -dI */',
    '# 5 "/lab/p.bpf.c"',
    '# 1 "/kernel/headers/linux/bpf.h" 1',
    '#include <linux/types.h> /* clang -E -dI */',
    '# 1 "/kernel/headers/linux/types.h" 1',
    '# 12 "/kernel/headers/linux/bpf.h" 2',
    'enum { BPF_REG_0 };',
    '# 2 "/lab/p.bpf.c" 2',
    '#include "own header.h" /* clang -E -dI */',
    '# 1 "/lab/own header.h" 1',
    'int x;',
    '# 3 "/lab/p.bpf.c" 2',
    '#include <linux/types.h> /* clang -E -dI */',
    'int y;',
  ].join('\n')
  expect(includesOf(clang)).toEqual([
    { from: '/lab/p.bpf.c', spelled: '<linux/bpf.h>', file: '/kernel/headers/linux/bpf.h' },
    { from: '/kernel/headers/linux/bpf.h', spelled: '<linux/types.h>', file: '/kernel/headers/linux/types.h' },
    { from: '/lab/p.bpf.c', spelled: '"own header.h"', file: '/lab/own header.h' },
  ])
})

test('gcc: a header of -include comes from the command line', () => {
  const gcc = [
    '# 0 "t.c"',
    '# 0 "<built-in>"',
    '# 0 "<command-line>"',
    '# 1 "./include/linux/kconfig.h" 1',
    '#include <generated/autoconf.h>',
    '# 1 "./include/generated/autoconf.h" 1',
    '# 6 "./include/linux/kconfig.h" 2',
    '# 0 "<command-line>" 2',
    '# 1 "t.c"',
  ].join('\n')
  expect(includesOf(gcc)).toEqual([
    { from: COMMAND_LINE, spelled: '"./include/linux/kconfig.h"', file: './include/linux/kconfig.h' },
    {
      from: './include/linux/kconfig.h',
      spelled: '<generated/autoconf.h>',
      file: './include/generated/autoconf.h',
    },
  ])
})

test('a compiling command becomes one that only reads', () => {
  expect(
    preprocessing(['gcc', '-Wp,-MMD,a.d', '-MD', '-MF', 'a.d', '-Iinclude', '-O2', '-c', 'a.c', '-o', 'a.o']),
  ).toEqual(['gcc', '-Iinclude', '-O2', 'a.c', '-E', '-dI'])
})

test('dependencies, over several lines and with spaces', () => {
  expect(dependenciesOf('/x/a.o: /x/a.c \\\n  /x/my\\ lab/b.h \\\n /x/c.h\n')).toEqual([
    '/x/a.c',
    '/x/my lab/b.h',
    '/x/c.h',
  ])
})
