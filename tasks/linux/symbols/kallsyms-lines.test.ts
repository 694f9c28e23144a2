import { expect, test } from 'vitest'
import { linesOf } from './kallsyms-lines.ts'

const TEXT = [
  '0000000000000000 A fixed_percpu_data',
  'ffffffff81000000 T copyout',
  'ffffffff81000010 t copyout_mcsafe',
  'ffffffff81000020 t t',
  'ffffffff81000030 t copyout\t[copy]',
  'ffffffff81000040 r __ksymtab_copyout',
  'ffffffff81000050 r __ksymtab_copyout_mcsafe',
  'ffffffff81000060 T read',
].join('\n')
const FILLERS = Array.from({ length: 40 }, (_, index) => `none${index}`)

test.each([
  [['copyout'], [1, 4, 5]],
  [
    ['read', 'copyout_mcsafe'],
    [7, 2, 6],
  ],
  [['t'], [3]],
  [['copy'], []],
  [['ksymtab_copyout'], []],
  [[], []],
])('%j: the same lines for few names as for many', (names, expected) => {
  const lines = TEXT.split('\n')
  for (const ending of ['', '\n']) {
    const bytes = Buffer.from(TEXT + ending)
    expect(linesOf(bytes, new Set(names))).toEqual(expected.map((index) => lines[index]))
    expect(linesOf(bytes, new Set([...names, ...FILLERS]))).toEqual(expected.map((index) => lines[index]))
  }
})
