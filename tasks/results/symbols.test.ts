import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fingerprintOf } from '../engine/fingerprint.ts'
import { failureOf } from '../test/caught.ts'
import { testContext } from '../test/context.ts'
import { tempDir } from '../test/temp-dir.ts'
import type { StoredRun } from './manifest.ts'
import { shiftOf } from '../linux/symbols/kaslr.ts'
import { keptCode, nameIn, namesBy, namesOfRun, withNames } from './symbols.ts'

const MAP = `0000000000000000 D fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81001000 T copyout
ffffffff81001080 t helper
ffffffff81ba0000 D _end
ffffffff81bb0000 b after
`

test.each([
  ['nothing', '', undefined],
  ['no name of the kernel', 'ffffffff9c001000 T other\n', undefined],
  ['a kernel that hides its addresses', '0000000000000000 T copyout\n', undefined],
  [
    'a function of a module, and one of the kernel',
    'ffffffffc0000100 t helper\t[m]\nffffffff9c001000 T copyout\n',
    0x1b000000n,
  ],
  ['two functions of one name', 'ffffffff9c001080 t helper\nffffffff9c002000 t helper\n', 0x1b000000n],
])('how far the kernel was from where it was linked, by %s', (_, seen, shift) =>
  expect(shiftOf(`${MAP}ffffffff81002000 t helper\n`, seen)).toBe(shift),
)

describe('an address', () => {
  const nameOf = nameIn(MAP)
  test.each([
    [0xffffffff81001000n, 'copyout'],
    [0xffffffff8100101cn, 'copyout+0x1c'],
    [0xffffffff8100107fn, 'copyout+0x7f'],
    [0xffffffff81001081n, 'helper+0x1'],
    [0xffffffff81ba0000n, undefined],
    [0xffffffffc0001000n, undefined],
    [0xffff888012345678n, undefined],
    [0x10n, undefined],
  ])('%s is %s', (address, name) => expect(nameOf(address)).toBe(name))

  test('of a kernel that was elsewhere (KASLR): the symbols that the run kept say where', () => {
    const shifted = nameIn(MAP, shiftOf(MAP, 'ffffffff9c001000 T copyout\n'))
    expect(shifted(0xffffffff9c00101cn)).toBe('copyout+0x1c')
    expect(shifted(0xffffffff8100101cn)).toBeUndefined()
  })

  test('in a message gets its name behind it; others stay as they are', () => {
    expect(withNames('from 0xffffffff8100101c to 0x7ffd12345678 by ffffffff81001081, 0xffff888012345678', nameOf)).toBe(
      'from 0xffffffff8100101c (copyout+0x1c) to 0x7ffd12345678 by ffffffff81001081 (helper+0x1), 0xffff888012345678',
    )
  })
})

test('functions that the run itself named need no kernel in the cache', async () => {
  const dir = tempDir()
  expect(await keptCode({ dir })).toBeUndefined()
  const symbols = [{ from: '0xffffffffc0001000', to: '0xffffffffc0001100', name: 'in_module', of: 'ext4' }]
  writeFileSync(join(dir, 'symbols.json'), JSON.stringify({ symbols }))
  const code = await keptCode({ dir })
  const nameOf = code ? namesBy(code) : () => undefined
  expect(withNames('ip ffffffffc0001010, 0xffffffffc0001100', nameOf)).toBe(
    'ip ffffffffc0001010 (in_module+0x10), 0xffffffffc0001100',
  )
  writeFileSync(join(dir, 'symbols.json'), '{ cut off')
  await expect(keptCode({ dir })).rejects.toThrow(/JSON/)
})

test('a number of 64 bits in a map is an address, too', () => {
  const nameOf = nameIn(MAP)
  expect(withNames(`${0xffffffff8100101cn}: 2, 18446744073709551615: 1, 42: 3`, nameOf)).toBe(
    '18446744071578849308 (copyout+0x1c): 2, 18446744073709551615: 1, 42: 3',
  )
})

test('a kernel that is not in the cache any more: what brings it back', async () => {
  const dir = join(tempDir(), 'e', 'r')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'kallsyms'), '')
  const kernel = { name: 'v5.10', release: '5.10.223', fingerprint: 'f'.repeat(64) }
  const run = { dir, run: 'r', manifest: { kernel } } as unknown as StoredRun
  const { kind, parts } = await failureOf(namesOfRun(run, testContext(tempDir()).store))
  expect([kind, parts.wayOut]).toEqual(['user', expect.stringContaining('lab build kernel v5.10')])
})

test('a kernel at a random address is named only where the run kept one of its symbols', async () => {
  const dir = join(tempDir(), 'e', 'r')
  mkdirSync(dir, { recursive: true })
  const { store } = testContext(tempDir())
  const inputs = { of: 'this test' }
  const fingerprint = fingerprintOf(inputs)
  await store.put('kernel', fingerprint, inputs, (to) => {
    writeFileSync(join(to, 'System.map'), MAP)
    writeFileSync(join(to, 'config'), 'CONFIG_RANDOMIZE_BASE=y\n')
    return Promise.resolve()
  })
  const names = (append: string) => {
    const manifest = {
      kernel: { name: 'v5.10', release: '5.10.223', fingerprint },
      guest: { qemu: ['-append', append] },
    }
    return namesOfRun({ dir, run: 'r', manifest } as unknown as StoredRun, store)
  }
  expect((await failureOf(names('quiet'))).parts.wayOut).toContain('nokaslr')
  expect((await names('quiet nokaslr'))(0xffffffff8100101cn)).toBe('copyout+0x1c')
  writeFileSync(join(dir, 'kallsyms'), 'ffffffff9c001000 T copyout\n')
  expect((await names('quiet'))(0xffffffff9c00101cn)).toBe('copyout+0x1c')
})
