import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../../host/sh.ts'
import { failureOf } from '../../test/caught.ts'
import { tempDir } from '../../test/temp-dir.ts'
import { apply, changed, KEPT } from './parallel-path.fixture.ts'
import { applyParallelPath } from './parallel-path.ts'
import { after } from './source-tree.fixture.ts'

describe('shapes of a cloned function', () => {
  const caller = '\nint e(void)\n{\n\treturn f(1);\n}\n'
  const path = { suffix: 's', entry: 'e', functions: ['f'] }
  test.each([
    ['static', 'static int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    ['inline', 'static inline int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    ['__always_inline', 'static __always_inline int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    [
      'the attribute of __always_inline',
      'static inline __attribute__((__always_inline__)) int f(int a)\n{\n\treturn a;\n}\n',
      'int f_s(int a)',
    ],
    ['noinline on its own line', 'static noinline\nint f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    ['return type on its own line', 'static struct page *\nf(int a)\n{\n\treturn 0;\n}\n', 'struct page * f_s(int a)'],
    ['notrace and __must_check', 'int __must_check notrace f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    [
      'an attribute that stays',
      '__printf(1, 2) int f(const char *a, ...)\n{\n\treturn 0;\n}\n',
      '__printf(1, 2) int f_s(const char *a, ...)',
    ],
    [
      'sparse annotations',
      'static int f(int a)\n\t__acquires(lock)\n{\n\treturn a;\n}\n',
      'int f_s(int a)\n\t__acquires(lock)',
    ],
    [
      'comments between arguments',
      'int f(int a /* one */,\n      int b)\n{\n\treturn a;\n}\n',
      'int f_s(int a /* one */,\n      int b)',
    ],
  ])('%s', async (_, text, head) => {
    const result = (await changed('lib/a.c', text + caller, path)) ?? expect.unreachable()
    expect(result).toContain(`\n${head};\n`)
    expect(result).toContain(`\n${KEPT} ${head}\n{`)
    expect(result).toContain('return f_s(1);')
    expect(result.replace('__maybe_unused ', '').startsWith(text)).toBe(true)
  })

  test('the original is marked when nothing else calls it', async () => {
    const text = 'static int f(int a)\n{\n\treturn a;\n}\n'
    const other = 'int g(void)\n{\n\treturn f(2);\n}\n'
    expect(await changed('lib/a.c', text + caller, path)).toContain('__maybe_unused static int f(int a)')
    expect(await changed('lib/a.c', text + other + caller, path)).not.toContain('__maybe_unused')
    const files = { 'lib/a.c': text + caller }
    const first = await apply(files, path)
    expect((await applyParallelPath(after(files, first.changed), path)).changed).toEqual(new Map())
  })

  test.each([
    ['under a condition', `#ifdef CONFIG_X\nint g(void)\n{\n\treturn f(2);\n}\n#endif\n`, true],
    [
      'in a function that is always there, under a condition',
      `int g(void)\n{\n#if A\n\treturn f(2);\n#endif\n\treturn 0;\n}\n`,
      true,
    ],
    [
      'under a condition and without one',
      `#ifdef A\nint h(void)\n{\n\treturn f(3);\n}\n#endif\nint g(void)\n{\n\treturn f(2);\n}\n`,
      false,
    ],
    ['in a table', `struct ops { int (*f)(int); };\nstruct ops o = { .f = f };\n`, false],
  ])(
    'the compiler says nothing of an original whose other callers stand %s, whatever is built',
    async (_, other, marked) => {
      const file = `static int f(int a)\n{\n\treturn a;\n}\n${other}${caller}`
      const result = (await changed('lib/a.c', file, path)) ?? expect.unreachable()
      expect(result.includes('__maybe_unused static int f(int a)')).toBe(marked)
      const dir = tempDir()
      writeFileSync(
        join(dir, 'a.c'),
        `#define __maybe_unused __attribute__((__unused__))\n#define noinline\n#define __noclone\n#define EXPORT_SYMBOL(x)\n${result}`,
      )
      for (const define of ['-DCONFIG_X -DA', '-UCONFIG_X']) {
        const argv = [
          'gcc',
          '-fsyntax-only',
          '-Wall',
          '-Werror',
          '-Wno-attributes',
          ...define.split(' '),
          join(dir, 'a.c'),
        ]
        expect((await run(argv, { signal: new AbortController().signal })).stderr).toBe('')
      }
    },
  )

  test('callers under the same condition as the original are there when it is', async () => {
    const both = '#ifdef A\nstatic int f(int a)\n{\n\treturn a;\n}\nint g(void)\n{\n\treturn f(2);\n}\n'
    expect(await changed('lib/a.c', `${both}${caller}#endif\n`, path)).not.toContain('__maybe_unused')
  })

  test('words of the body are not in the prototype', async () => {
    const result = await changed('lib/a.c', `void __sched f(int a)\n{\n}\n${caller}`, path)
    expect(result).toContain('\nvoid f_s(int a);\n')
    expect(result).toContain(`\n${KEPT} void __sched f_s(int a)\n{`)
  })

  test('an entry whose name is not unique, by its file', async () => {
    const e = 'static int e(void)\n{\n\treturn f(1);\n}\n'
    const files = { 'lib/a.c': 'int f(int a)\n{\n\treturn a;\n}\n', 'fs/a.c': e, 'fs/b.c': e }
    expect((await failureOf(apply(files, path))).parts.wayOut).toBe('say which with `file:`')
    const { changed: texts } = await apply(files, { ...path, file: 'fs/b.c' })
    expect([...texts.keys()].toSorted()).toEqual(['fs/b.c', 'lib/a.c'])
  })

  test('recursive: the clone calls itself', async () => {
    const result = await changed('lib/a.c', `static int f(int a)\n{\n\treturn a ? f(a - 1) : 0;\n}\n${caller}`, path)
    expect(result).toContain('return a ? f_s(a - 1) : 0;')
  })

  test('handed on as a value', async () => {
    const files = { 'lib/a.c': 'static int f(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n\treturn each(f);\n}\n' }
    const { calls } = await apply(files, path)
    expect(calls).toEqual([{ caller: 'e', callee: 'f_s', direct: false }])
  })

  test('alternatives under #ifdef: each is cloned where it stands, the caller sees one prototype', async () => {
    const text = `#ifdef A\nint f(int a)\n{\n\treturn a;\n}\n#else\nint f(int a)\n{\n\treturn 0;\n}\n#endif\n${caller}`
    const result = (await changed('lib/a.c', text, path)) ?? ''
    expect(result.match(/^EXPORT_SYMBOL\(f_s\);$/gm)).toHaveLength(2)
    expect(result).toContain('\nint f_s(int a);\n\nint e(void)')
    expect(result.indexOf('EXPORT_SYMBOL(f_s)')).toBeLessThan(result.indexOf('#else'))
  })

  test('alternatives with different arguments: each prototype under its condition', async () => {
    const text = `#ifdef A\nint f(int a)\n{\n\treturn a;\n}\n#else\nint f(long a)\n{\n\treturn 0;\n}\n#endif\n${caller}`
    expect(await changed('lib/a.c', text, path)).toContain(
      '#if defined(A)\nint f_s(int a);\n#endif\n#if !defined(A)\nint f_s(long a);\n#endif\n\nint e(void)',
    )
  })

  test('an inline of a header that calls nothing of the path goes before the entry', async () => {
    const files = {
      'include/linux/x.h':
        '#ifndef X\n#define X\n#ifdef CONFIG_A\nstatic inline int f(int a)\n{\n\treturn a;\n}\n#endif\n#endif\n',
      'fs/e.c': '#include <linux/fs.h>\n/* e */\nint e(void)\n{\n\treturn f(1);\n}\n',
    }
    expect((await apply(files, path)).changed).toEqual(
      new Map([
        [
          'fs/e.c',
          `#include <linux/export.h>\n#include <linux/x.h>\n#include <linux/fs.h>\nint f_s(int a);\n\n#if defined(CONFIG_A)\n${KEPT} int f_s(int a)\n{\n\treturn a;\n}\nEXPORT_SYMBOL(f_s);\n#endif\n\n/* e */\nint e(void)\n{\n\treturn f_s(1);\n}\n`,
        ],
      ]),
    )
  })

  test('an entry under #ifdef has its prototype there, and the next user one of its own', async () => {
    const text = `int f(int a)\n{\n\treturn a;\n}\nint g(int a)\n{\n\treturn f(a);\n}\n`
    const files = {
      'lib/a.c': text,
      'fs/e.c': '#ifdef A\nint e(void)\n{\n\treturn f(1);\n}\n#else\nint e(void)\n{\n\treturn f(2);\n}\n#endif\n',
    }
    const result = (await apply(files, path)).changed.get('fs/e.c') ?? ''
    expect(result.match(/^int f_s\(int a\);$/gm)).toHaveLength(2)
  })
})
