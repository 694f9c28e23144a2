import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { applyExpose, type ExposeDeclaration } from './expose.ts'
import { after, treeOf } from './source-tree.fixture.ts'

const KEPT = 'noinline __noclone __attribute__((__noipa__))'
const INJECTION = { 'include/linux/error-injection.h': '' }

const one = (as: ExposeDeclaration['as'], file?: string): ExposeDeclaration => ({ function: 'f', file, as })
const exposed = async (text: string, as: ExposeDeclaration['as']) => {
  const files = { ...INJECTION, 'fs/a.c': text }
  const { changed } = await applyExpose(treeOf(files), [one(as)])
  const again = await applyExpose(after(files, changed), [one(as)])
  expect(again.changed, 'applied to its own result').toEqual(new Map())
  return changed.get('fs/a.c') ?? text
}

describe('noinline', () => {
  test.each([
    ['static', 'static int f(int a)\n{\n}\n', `static ${KEPT} int f(int a)\n{\n}\n`],
    ['global', 'int f(int a)\n{\n}\n', `${KEPT} int f(int a)\n{\n}\n`],
    ['inline', 'static inline int f(int a)\n{\n}\n', `static ${KEPT} int f(int a)\n{\n}\n`],
    ['__always_inline', 'static __always_inline int f(int a)\n{\n}\n', `static ${KEPT} int f(int a)\n{\n}\n`],
    ['inline before static', 'inline static int f(int a)\n{\n}\n', `static ${KEPT} int f(int a)\n{\n}\n`],
    ['noinline already', 'static noinline int f(int a)\n{\n}\n', `static ${KEPT} int f(int a)\n{\n}\n`],
    [
      'type on its own line',
      'static inline struct page *\nf(int a)\n{\n}\n',
      `static ${KEPT} struct page *\nf(int a)\n{\n}\n`,
    ],
    [
      'specifiers on a line of their own',
      'static __always_inline\nint f(int a)\n{\n}\n',
      `static ${KEPT} int f(int a)\n{\n}\n`,
    ],
    ['an attribute', '__must_check int f(int a)\n{\n}\n', `${KEPT} __must_check int f(int a)\n{\n}\n`],
    [
      'declared before',
      'static inline int f(int);\nstatic inline int f(int a)\n{\n}\n',
      `static int f(int);\nstatic ${KEPT} int f(int a)\n{\n}\n`,
    ],
    [
      'alternatives',
      '#ifdef A\nint f(int a)\n{\n}\n#else\nint f(void)\n{\n}\n#endif\n',
      `#ifdef A\n${KEPT} int f(int a)\n{\n}\n#else\n${KEPT} int f(void)\n{\n}\n#endif\n`,
    ],
  ])('%s', async (_, before, text) => {
    expect(await exposed(before, ['noinline'])).toBe(text)
  })
})

describe('exported', () => {
  test('a static function becomes global, with a prototype', async () => {
    expect(await exposed('#include <a.h>\n\n/* about f */\nstatic int f(int a)\n{\n}\n', ['exported'])).toBe(
      '#include <linux/export.h>\n#include <a.h>\n\nint f(int a);\n\n/* about f */\nint f(int a)\n{\n}\nEXPORT_SYMBOL(f);\n',
    )
  })

  test('its declaration above is not static any more, and serves as the prototype', async () => {
    expect(
      await exposed('#include <linux/export.h>\nstatic int f(int a);\nstatic int f(int a)\n{\n}\n', ['exported']),
    ).toBe('#include <linux/export.h>\nint f(int a);\nint f(int a)\n{\n}\nEXPORT_SYMBOL(f);\n')
  })

  test('what is exported stays as it is', async () => {
    const text = 'int f(int a)\n{\n}\nEXPORT_SYMBOL_GPL(f);\n'
    expect(await exposed(text, ['exported'])).toBe(text)
  })
})

describe('error-injectable', () => {
  test.each([
    ['int', 'ERRNO'],
    ['static long', 'ERRNO'],
    ['ssize_t', 'ERRNO'],
    ['static inline __must_check int', 'ERRNO'],
    ['struct page *', 'ERRNO_NULL'],
  ])('%s: %s', async (type, kind) => {
    expect(await exposed(`#include <a.h>\n${type} f(int a)\n{\n}\n`, ['error-injectable'])).toContain(
      `}\nALLOW_ERROR_INJECTION(f, ${kind});\n`,
    )
  })

  test.each(['void', 'bool', 'size_t', 'static unsigned int', 'u64'])('%s is refused', async (type) => {
    const files = { ...INJECTION, 'fs/a.c': `${type} f(int a)\n{\n}\n` }
    const { parts } = await failureOf(applyExpose(treeOf(files), [one(['error-injectable'])]))
    expect(parts.fact).toBe(`it returns "${type}", and no error number fits`)
  })

  test('a kernel without it', async () => {
    const { parts } = await failureOf(
      applyExpose(treeOf({ 'fs/a.c': 'int f(int a)\n{\n}\n' }), [one(['error-injectable'])]),
    )
    expect(parts.fact).toContain('it came with 4.16')
  })
})

test('everything at once, and two functions of one file', async () => {
  const files = {
    ...INJECTION,
    'fs/a.c': '#include <a.h>\nstatic inline int f(int a)\n{\n}\nint g(void)\n{\n\treturn f(1);\n}\n',
  }
  const all: ExposeDeclaration['as'] = ['noinline', 'exported', 'error-injectable']
  const { changed, functions } = await applyExpose(treeOf(files), [one(all), { function: 'g', as: ['noinline'] }])
  expect(changed.get('fs/a.c')).toBe(
    `#include <linux/export.h>\n#include <linux/error-injection.h>\n#include <a.h>\nint f(int a);\n\n${KEPT} int f(int a)\n{\n}\nEXPORT_SYMBOL(f);\nALLOW_ERROR_INJECTION(f, ERRNO);\n${KEPT} int g(void)\n{\n\treturn f(1);\n}\n`,
  )
  expect(functions).toEqual([
    { name: 'f', file: 'fs/a.c', as: all },
    { name: 'g', file: 'fs/a.c', as: ['noinline'] },
  ])
})

describe('refused', () => {
  test.each([
    [
      'an inline of a header',
      { 'include/a.h': 'static inline int f(int a)\n{\n}\n' },
      'an inline function of a header',
      'parallelPath',
    ],
    [
      'in two files',
      { 'fs/a.c': 'static int f(int a)\n{\n}\n', 'fs/b.c': 'static int f(int a)\n{\n}\n' },
      'fs/a.c and fs/b.c',
      '`file:`',
    ],
    ['freed after boot', { 'fs/a.c': 'static __init int f(int a)\n{\n}\n' }, 'is __init', 'lives as long'],
    ['what kprobes refuse', { 'fs/a.c': 'static __kprobes int f(int a)\n{\n}\n' }, 'is __kprobes', 'caller'],
    ['defined twice', { 'fs/a.c': 'int f(int a)\n{\n}\nint f(int a)\n{\n}\n' }, 'defined 2 times', 'broken'],
  ])('%s', async (_, files, fact, wayOut) => {
    const { kind, parts } = await failureOf(applyExpose(treeOf(files), [one(['noinline'])]))
    expect(kind).toBe('user')
    expect(parts.fact).toContain(fact)
    expect(parts.wayOut).toContain(wayOut)
  })

  test('a static function that would meet a global one of its name', async () => {
    const files = { 'fs/a.c': 'static int f(int a)\n{\n}\n', 'fs/b.c': 'int f(int a)\n{\n}\n' }
    const { parts } = await failureOf(applyExpose(treeOf(files), [one(['exported'], 'fs/a.c')]))
    expect(parts.fact).toContain('fs/b.c has a global function of the same name')
    expect((await applyExpose(treeOf(files), [one(['noinline'], 'fs/a.c')])).changed.size).toBe(1)
  })

  test('one function named twice, with and without its file', async () => {
    const files = { 'fs/a.c': 'int f(int a)\n{\n}\n' }
    const { parts } = await failureOf(applyExpose(treeOf(files), [one(['noinline']), one(['exported'], 'fs/a.c')]))
    expect(parts.fact).toContain('in the list twice')
  })
})
