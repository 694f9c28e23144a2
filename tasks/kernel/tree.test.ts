import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compatOf } from '../linux/compat.ts'
import { tempDir } from '../test/temp-dir.ts'
import { computeChange, KernelTree } from './tree.ts'

const SOURCE: Readonly<Record<string, string>> = {
  'init/main.c': '#include <linux/types.h>\nint start(void)\n{\n\treturn 0;\n}\n',
  'init/Makefile': 'obj-y := main.o\n',
  'arch/x86/kernel/Makefile': 'obj-y += smpboot.o\n',
  'kernel/answer.c': '#include <linux/types.h>\n\nstatic int answer(void)\n{\n\treturn 42;\n}\n',
}

/** A tree of these files, as it stands after unpacking. */
function madeUp(): KernelTree {
  const dir = join(tempDir(), 'src')
  for (const [path, text] of Object.entries(SOURCE)) {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return new KernelTree(dir, new AbortController().signal)
}

const compat = (tree: KernelTree) =>
  compatOf({ major: 5, minor: 4, patch: 0 }, { gcc: 12, binutils: 240, make: 403 }, (path) => tree.read(path))
const change = (tree: KernelTree, fixes: ReadonlyMap<string, string>) =>
  computeChange(tree, { expose: [{ function: 'answer', as: ['noinline'] }] }, fixes)

test('fixes and exposed functions are one change of the tree; without the fixes their files are as they were', async () => {
  const tree = madeUp()
  const now = (path: string) => readFileSync(join(tree.dir, path), 'utf8')
  await tree.apply((await change(tree, compat(tree).changed)).changed)
  expect(now('init/Makefile')).toContain('CFLAGS_main.o += -fno-optimize-sibling-calls')
  expect(now('kernel/answer.c')).toContain('noinline __noclone int answer(void)')

  const before = statSync(join(tree.dir, 'kernel/answer.c')).mtimeMs
  await tree.apply((await change(tree, new Map())).changed)
  expect(now('init/Makefile')).toBe(SOURCE['init/Makefile'])
  expect(now('arch/x86/kernel/Makefile')).toBe(SOURCE['arch/x86/kernel/Makefile'])
  // What stays the same is not written: make goes by the times.
  expect(statSync(join(tree.dir, 'kernel/answer.c')).mtimeMs).toBe(before)
})

test('a tree that was fixed is looked at as it was: the same rows apply again', async () => {
  const tree = madeUp()
  const first = compat(tree)
  await tree.apply(first.changed)
  expect(compat(tree)).toEqual(first)
  expect([...first.changed.keys()].toSorted()).toEqual(['arch/x86/kernel/Makefile', 'init/Makefile'])
  expect(existsSync(join(tree.dir, 'scripts'))).toBe(false)
})
