import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { tempDir } from '../../test/temp-dir.ts'
import { wantsTypes } from './wants-types.ts'

let dir = ''
beforeEach(() => {
  dir = tempDir()
})
const probe = (text: string, headers: Readonly<Record<string, string>> = {}) => {
  mkdirSync(join(dir, 'include'), { recursive: true })
  for (const [name, content] of Object.entries(headers)) writeFileSync(join(dir, name), content)
  const source = join(dir, 'p.bpf.c')
  writeFileSync(source, text)
  return { name: 'p', source, optional: [] }
}

test('a probe that includes vmlinux.h, itself or by a header beside it', () => {
  expect(wantsTypes(probe('#include "vmlinux.h"\n'))).toBe(true)
  expect(wantsTypes(probe('  #  include <vmlinux.h>\n'))).toBe(true)
  expect(
    wantsTypes(probe('#include "own.h"\n', { 'own.h': '#include "include/deep.h"\n', 'include/deep.h': '' })),
  ).toBe(false)
  expect(wantsTypes(probe('#include "own.h"\n', { 'include/deep.h': '#include "vmlinux.h"\n' }))).toBe(true)
})

test('one that goes by exported headers, one that is not there, and a sample', () => {
  expect(wantsTypes(probe('#include <linux/bpf.h>\n// see vmlinux.h\n'))).toBe(false)
  expect(wantsTypes({ name: 'p', source: join(dir, 'absent.c'), optional: [] })).toBe(false)
  expect(wantsTypes({ name: 'p', sample: 'tracex1' })).toBe(false)
})

test('types of a kernel for a probe that does not include them', () => {
  const named = (text: string) => ({ ...probe(text), types: 'v5.10' })
  expect(wantsTypes(named('#include "vmlinux.h"\n'))).toBe(true)
  expect(() => wantsTypes(named('#include <linux/bpf.h>\n'))).toThrow('types: v5.10')
})

test('headers that include each other', () => {
  expect(wantsTypes(probe('#include "a.h"\n', { 'a.h': '#include "b.h"\n', 'b.h': '#include "a.h"\n' }))).toBe(false)
})
