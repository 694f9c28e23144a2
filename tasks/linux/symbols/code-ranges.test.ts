import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../host/sh.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { CodeIndex, kernelRanges, programRanges } from './code-ranges.ts'

const KALLSYMS = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81001000 t first
ffffffff81001080 d table
ffffffff81001100 T second
ffffffffc0000000 t in_module\t[ext4]
ffffffffc0000040 d data_of_module\t[ext4]
`

describe('functions of a kernel', () => {
  const code = new CodeIndex(kernelRanges(KALLSYMS))
  test.each([
    ['the first of two names for one address', 0xffffffff81000010n, '_text'],
    ['the first byte', 0xffffffff81001000n, 'first'],
    ['the last byte', 0xffffffff8100107fn, 'first'],
    ['data behind it', 0xffffffff81001080n, undefined],
    ['a function of a module', 0xffffffffc0000001n, 'in_module'],
    ['what is below all of them', 0xffffffff80000000n, undefined],
    ['what is above all of them', 0xffffffffff000000n, undefined],
  ])('%s', (_, address, name) => expect(code.at(address)?.name).toBe(name))

  test('say what they are of', () =>
    expect([code.at(0xffffffff81001000n)?.of, code.at(0xffffffffc0000001n)?.of]).toEqual(['kernel', 'ext4']))

  test('of a kernel that hides its addresses there are none', () =>
    expect(kernelRanges('0000000000000000 T first\n0000000000000000 T second\n')).toEqual([]))
})

test('functions of a program that is not moved; one that is has none', async () => {
  const dir = tempDir()
  const source = join(dir, 'a.c')
  writeFileSync(source, 'int inner(void) { return 1; }\nint main(void) { return inner(); }\n')
  const compiled = async (...flags: string[]) => {
    const file = join(dir, 'a.out')
    await run(['gcc', '-O0', ...flags, '-o', file, source], { signal: new AbortController().signal, place: 'test' })
    return programRanges(readFileSync(file), 'a.out')
  }
  const ranges = await compiled('-no-pie')
  const main = ranges.find(({ name }) => name === 'main')
  expect(main).toMatchObject({ of: 'a.out' })
  expect(new CodeIndex(ranges).at((main?.to ?? 0n) - 1n)?.name).toBe('main')
  expect(ranges.map(({ name }) => name)).toContain('inner')
  expect(await compiled('-pie', '-fPIE')).toEqual([])
})
