import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compatOf } from '../../linux/kbuild/compat.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { computeChange, KernelTree } from './tree.ts'

const SOURCE: Readonly<Record<string, string>> = {
  'init/main.c': '#include <linux/types.h>\nint start(void)\n{\n\treturn 0;\n}\n',
  'init/Makefile': 'obj-y := main.o\n',
  'arch/x86/kernel/Makefile': 'obj-y += smpboot.o\n',
  'kernel/answer.c': '#include <linux/types.h>\n\nstatic int answer(void)\n{\n\treturn 42;\n}\n',
}

/** A tree of these files, as unpacking leaves it. */
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
  computeChange(tree, { expose: [{ function: 'answer', as: ['noinline'] }], parallelPaths: [] }, fixes)

test('fixes and exposed functions are one change of the tree; without the fixes their files are as they were', async () => {
  const tree = madeUp()
  const now = (path: string) => readFileSync(join(tree.dir, path), 'utf8')
  await tree.apply((await change(tree, compat(tree).changed)).changed)
  expect(now('init/Makefile')).toContain('CFLAGS_main.o += -fno-optimize-sibling-calls')
  expect(now('kernel/answer.c')).toContain('noinline __noclone __attribute__((__noipa__)) int answer(void)')

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

const FILE = 'lib/a.c'

function sourceTree() {
  const dir = join(tempDir(), 'src')
  mkdirSync(join(dir, 'lib'), { recursive: true })
  mkdirSync(join(dir, 'drivers'), { recursive: true })
  writeFileSync(join(dir, FILE), 'int f(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n\treturn f(1);\n}\n')
  writeFileSync(join(dir, 'drivers/d.c'), 'int d(void)\n{\n\treturn 1;\n}\n')
  const text = (file: string) => readFileSync(join(dir, file), 'utf8')
  return { dir, text, tree: new KernelTree(dir, new AbortController().signal) }
}

describe('a change', () => {
  test('is written, and taken back by the next that does not have it', async () => {
    const { tree, text } = sourceTree()
    const original = text(FILE)
    await tree.apply(new Map([[FILE, 'new']]))
    expect(text(FILE)).toBe('new')
    expect(tree.read(FILE)).toBe(original)
    await tree.apply(new Map())
    expect(text(FILE)).toBe(original)
  })

  test('leaves the time of a file alone that stays the same', async () => {
    const { dir, tree } = sourceTree()
    await tree.apply(new Map([[FILE, 'new']]))
    utimesSync(join(dir, FILE), 1000, 1000)
    await tree.apply(new Map([[FILE, 'new']]))
    expect(statSync(join(dir, FILE)).mtimeMs).toBe(1_000_000)
  })

  test('that adds a file is taken back by removing it', async () => {
    const { dir, tree, text } = sourceTree()
    await tree.apply(new Map([['lib/sub/new.h', 'int n;']]))
    expect(text('lib/sub/new.h')).toBe('int n;')
    expect(tree.read('lib/sub/new.h')).toBeUndefined()
    await tree.apply(new Map([['lib/sub/new.h', 'int m;']]))
    expect(text('lib/sub/new.h')).toBe('int m;')
    await tree.apply(new Map())
    expect(existsSync(join(dir, 'lib/sub/new.h'))).toBe(false)
  })
})

test('drivers are looked into only when everything is', async () => {
  const { tree } = sourceTree()
  expect(await tree.candidates('d')).toEqual([])
  expect(await tree.candidates('d', true)).toEqual(['drivers/d.c'])
})

test('expose and several paths of one function, made of what is in the source and not of an earlier change', async () => {
  const { tree } = sourceTree()
  const kernel = {
    expose: [{ function: 'e', as: ['noinline' as const] }],
    parallelPaths: [{ suffix: 'giulia', entry: 'e', functions: ['f'] }],
  }
  const first = await computeChange(tree, kernel)
  await tree.apply(first.changed)
  const second = await computeChange(tree, kernel)
  expect(second.changed).toEqual(first.changed)
  expect(second.changed.get(FILE)).toContain('noipa__)) int e(void)\n{\n\treturn f_giulia(1);')
  const without = await computeChange(tree, { expose: [], parallelPaths: [] })
  expect(without.changed.size).toBe(0)
})
