import { expect, test } from 'vitest'
import { symbolsText } from '../trace/stacks/symbols-file.ts'
import { namedCode } from './named-code.ts'

const TEXT = 0xffff_ffff_8100_0000n
const kallsyms = `${TEXT.toString(16)} T vfs_read\n${(TEXT + 0x100n).toString(16)} t new_sync_read\n`
const range = (from: bigint, to: bigint, name: string, of = 'kernel') => ({ from, to, name, of })
const main = range(0x401000n, 0x401100n, 'main', 'readfile')

const factsOf = (ranges: readonly ReturnType<typeof range>[], texts: Readonly<Record<string, string>> = { kallsyms }) =>
  namedCode({ ...texts, 'symbols.json': symbolsText({ ranges, addresses: [] }) }).map(({ ok, fact }) => [ok, fact])

test('names of the kernel are compared with its symbols; a program’s own have nothing to be compared with', () => {
  expect(factsOf([main, range(TEXT, TEXT + 0x100n, 'vfs_read')])).toEqual([[true, 'names are those of the kernel']])
  expect(factsOf([range(TEXT, TEXT + 0x100n, 'vfs_write')])).toEqual([
    [false, "vfs_write (0xffffffff81000000) is not among the kernel's symbols at this address"],
  ])
  expect(factsOf([range(TEXT, TEXT + 0x180n, 'vfs_read')])).toEqual([
    [false, 'vfs_read (0xffffffff81000000) is said to go on where new_sync_read begins'],
  ])
  expect(factsOf([main])).toEqual([])
  expect(namedCode({ kallsyms })).toEqual([])
})

test('a function of a program that reaches into the kernel names its addresses, too', () => {
  expect(factsOf([{ ...main, to: 2n ** 64n - 1n }])).toEqual([
    [false, "main (0x401000) is not among the kernel's symbols at this address"],
  ])
})

test('without kallsyms nobody can tell', () => {
  expect(factsOf([range(TEXT, TEXT + 0x100n, 'vfs_read')], {})).toEqual([
    [true, 'the lab keeps no kallsyms that it could be compared with'],
  ])
})

test('an address may have several names, of which the run kept the kernel’s first', () => {
  const both = `${TEXT.toString(16)} T vfs_read\n${TEXT.toString(16)} t ksys_read\n`
  expect(factsOf([range(TEXT, 2n ** 64n - 1n, 'ksys_read')], { kallsyms: both })).toEqual([
    [true, 'names are those of the kernel'],
  ])
  expect(factsOf([range(TEXT, 2n ** 64n - 1n, 'sys_read')], { kallsyms: both })).toEqual([
    [false, expect.stringContaining('sys_read')],
  ])
})
