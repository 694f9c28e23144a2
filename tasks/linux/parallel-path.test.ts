import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run } from '../host/sh.ts'
import { failureOf } from '../test/caught.ts'
import { tempDir } from '../test/temp-dir.ts'
import { applyParallelPath, applyParallelPaths, type PathDeclaration } from './parallel-path.ts'
import { after, treeOf } from './source-tree.fixture.ts'

/** The read path in small: a static function, one behind #ifdef, an inline of a header, a caller elsewhere. */
const TREE = {
  'include/linux/uio.h': `#ifndef U
#define U
size_t page_out(struct page *page, size_t n);
static inline size_t folio_out(struct folio *folio, size_t n)
{
	return page_out(&folio->page, n);
}
#endif
`,
  'lib/iov.c': `#include <linux/uio.h>

static int out(void __user *to, size_t n)
{
	return copy(to, n);
}

size_t page_out(struct page *page, size_t n)
{
	/* out of the page */
	return out(page, n);
}
EXPORT_SYMBOL(page_out);
`,
  'mm/filemap.c': `#include <linux/uio.h>

/**
 * read_it - reads
 */
ssize_t read_it(struct folio *folio)
{
	return folio_out(folio, 1);
}

ssize_t splice_it(struct page *page)
{
	return page_out(page, 1);
}
`,
}
const PATH: PathDeclaration = { suffix: 'giulia', entry: 'read_it', functions: ['folio_out', 'page_out', 'out'] }
const KEPT = 'noinline __noclone __attribute__((__noipa__))'

const apply = (files: Record<string, string>, path: Partial<PathDeclaration> = {}) =>
  applyParallelPath(treeOf(files), { ...PATH, ...path })
/** One file of the result. */
const changed = async (file: string, text: string, path: Partial<PathDeclaration>) =>
  (await apply({ [file]: text }, path)).changed.get(file)

test('R-0501-2: the path in small: the text of every file', async () => {
  const result = await apply(TREE)
  expect(Object.fromEntries(result.changed)).toEqual({
    'lib/iov.c': `#include <linux/export.h>
#include <linux/uio.h>

static int out(void __user *to, size_t n)
{
	return copy(to, n);
}

int out_giulia(void __user *to, size_t n);

${KEPT} int out_giulia(void __user *to, size_t n)
{
	return copy(to, n);
}
EXPORT_SYMBOL(out_giulia);

size_t page_out(struct page *page, size_t n)
{
	/* out of the page */
	return out(page, n);
}
EXPORT_SYMBOL(page_out);

size_t folio_out_giulia(struct folio *folio, size_t n);
size_t page_out_giulia(struct page *page, size_t n);

${KEPT} size_t folio_out_giulia(struct folio *folio, size_t n)
{
	return page_out_giulia(&folio->page, n);
}
EXPORT_SYMBOL(folio_out_giulia);

${KEPT} size_t page_out_giulia(struct page *page, size_t n)
{
	/* out of the page */
	return out_giulia(page, n);
}
EXPORT_SYMBOL(page_out_giulia);
`,
    'mm/filemap.c': `#include <linux/uio.h>

size_t folio_out_giulia(struct folio *folio, size_t n);

/**
 * read_it - reads
 */
ssize_t read_it(struct folio *folio)
{
	return folio_out_giulia(folio, 1);
}

ssize_t splice_it(struct page *page)
{
	return page_out(page, 1);
}
`,
  })
  expect(result.calls).toEqual([
    { caller: 'folio_out_giulia', callee: 'page_out_giulia', direct: true },
    { caller: 'page_out_giulia', callee: 'out_giulia', direct: true },
    { caller: 'read_it', callee: 'folio_out_giulia', direct: true },
  ])
  expect(result.warnings).toEqual([])
})

test('R-0501-2: applied to its own result it changes nothing and still knows what to prove', async () => {
  const first = await apply(TREE)
  const second = await applyParallelPath(after(TREE, first.changed), PATH)
  expect(second.changed).toEqual(new Map())
  expect(second.clones).toEqual(first.clones)
  expect(second.calls.filter(({ caller }) => caller === 'read_it')).toEqual([
    { caller: 'read_it', callee: 'folio_out_giulia', direct: true },
  ])
})

test('no header is touched, so that only the files with callers are compiled again', async () => {
  const { changed: files } = await apply(TREE)
  expect([...files.keys()].filter((file) => file.endsWith('.h'))).toEqual([])
})

describe('several paths', () => {
  const second: PathDeclaration = { suffix: 'bpf', entry: 'splice_it', functions: ['page_out', 'out'] }

  test('two suffixes: each entry has its own clones, and clones never call those of the other', async () => {
    const { changed: files, paths } = await applyParallelPaths(treeOf(TREE), [PATH, second])
    expect(files.get('mm/filemap.c')).toContain('return folio_out_giulia(folio, 1);')
    expect(files.get('mm/filemap.c')).toContain('return page_out_bpf(page, 1);')
    expect(paths.flatMap(({ clones }) => clones.map(({ name }) => name))).toEqual([
      ...['folio_out_giulia', 'page_out_giulia', 'out_giulia'],
      ...['page_out_bpf', 'out_bpf'],
    ])
    const text = files.get('lib/iov.c') ?? ''
    expect(text.match(/EXPORT_SYMBOL\((\w+)\)/g)).toHaveLength(6)
    expect(/page_out_bpf\([^)]*\)\n\{[^}]*\}/.exec(text)?.[0]).toContain('out_bpf(page, n)')
    const again = await applyParallelPaths(after(TREE, files), [PATH, second])
    expect(again.changed).toEqual(new Map())
  })

  test('one suffix and two entries: they share the clones', async () => {
    const functions = ['page_out', 'out']
    const files = { ...TREE, 'fs/a.c': 'int other(struct page *p)\n{\n\treturn page_out(p, 2);\n}\n' }
    const { changed: texts } = await applyParallelPaths(treeOf(files), [
      { suffix: 'x', entry: 'splice_it', functions },
      { suffix: 'x', entry: 'other', functions },
    ])
    expect(texts.get('lib/iov.c')?.match(/EXPORT_SYMBOL\(page_out_x\)/g)).toHaveLength(1)
    expect(texts.get('fs/a.c')).toContain('return page_out_x(p, 2);')
  })

  test('an entry can be a clone of an earlier path', async () => {
    const { changed: texts } = await applyParallelPaths(treeOf(TREE), [
      { suffix: 'giulia', entry: 'splice_it', functions: ['page_out'] },
      { suffix: 'inner', entry: 'page_out_giulia', functions: ['out'] },
    ])
    const clone = /page_out_giulia\([^)]*\)\n\{[^}]*\}/.exec(texts.get('lib/iov.c') ?? '')?.[0]
    expect(clone).toContain('return out_inner(page, n);')
    expect(texts.get('lib/iov.c')).toContain('return out(page, n);')
  })
})

describe('shapes of a cloned function', () => {
  const caller = '\nint e(void)\n{\n\treturn f(1);\n}\n'
  const path = { suffix: 's', entry: 'e', functions: ['f'] }
  test.each([
    ['static', 'static int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    ['inline', 'static inline int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
    ['__always_inline', 'static __always_inline int f(int a)\n{\n\treturn a;\n}\n', 'int f_s(int a)'],
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

describe('refused', () => {
  const path = { suffix: 's', entry: 'e', functions: ['f'] }
  const e = 'int e(void)\n{\n\treturn f(1);\n}\n'
  test.each([
    ['freed after boot', `static int __init f(int a)\n{\n\treturn a;\n}\n${e}`, 'is __init'],
    [
      'a function that kprobes run through',
      `int f(int a)\n{\n\treturn a;\n}\nNOKPROBE_SYMBOL(f);\n${e}`,
      'is NOKPROBE_SYMBOL',
    ],
    ['noinstr', `noinstr int f(int a)\n{\n\treturn a;\n}\n${e}`, 'is noinstr'],
    [
      'state of its own',
      `int f(int a)\n{\n\tstatic int n;\n\treturn n++;\n}\n${e}`,
      'keeps state in a static variable (n)',
    ],
    [
      'a label in assembly',
      `int f(int a)\n{\n\tasm volatile("here: nop");\n\treturn a;\n}\n${e}`,
      'defines a label in assembly',
    ],
    ['an old-style head', `int f(a)\n\tint a;\n{\n\treturn a;\n}\n${e}`, 'has an old-style head'],
    [
      'a variable of its name',
      `int f(int a)\n{\n\treturn a;\n}\nint e(int (*f)(int))\n{\n\treturn f(1);\n}\n`,
      'called f, which hides',
    ],
    [
      'a call inside a macro of its own',
      `int f(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n#define g f(1)\n\treturn g;\n}\n`,
      'names f 1 times, and 0',
    ],
    [
      'an entry that does not call it',
      `int f(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n\treturn 1;\n}\n`,
      'missing anchor: e() calls none of f',
    ],
    [
      'twice, not under #if',
      `int f(int a)\n{\n\treturn a;\n}\nint f(int a)\n{\n\treturn a;\n}\n${e}`,
      'f is defined 2 times',
    ],
  ])('%s', async (_, text, fact) => {
    const { kind, parts } = await failureOf(apply({ 'lib/a.c': text }, path))
    expect(kind).toBe('user')
    expect(parts.fact).toContain(fact)
    expect(parts.wayOut).toMatch(/\w/)
  })

  test('static data that never changes is no reason', async () => {
    const text = `int f(int a)\n{\n\tstatic const int t[] = { 1 };\n\tstatic const char * const s = "x";\n\treturn t[0];\n}\n${e}`
    expect(await changed('lib/a.c', text, path)).toContain('f_s')
  })

  test('an entry in a header, with what to name instead', async () => {
    const files = {
      'include/x.h': 'static inline int e(void)\n{\n\treturn f(1);\n}\n',
      'lib/a.c': 'int f(int a)\n{\n\treturn a;\n}\n',
    }
    const { parts } = await failureOf(apply(files, path))
    expect(parts.fact).toContain('e is an inline function of a header')
    expect(parts.wayOut).toContain('put e into `functions:`')
  })

  test('a tree that carries other clones of this name: what differs is shown', async () => {
    const text = `int f(int a)\n{\n\treturn a;\n}\nint f_s(int a)\n{\n\tpr_info("x");\n\treturn a;\n}\n${e}`
    const { parts } = await failureOf(apply({ 'lib/a.c': text }, path))
    expect(parts.fact).toBe('it already has a f_s, and not the one that the lab would make')
    expect(parts.lines).toContain('-\tpr_info("x");')
    expect(parts.wayOut).toContain('suffix')
  })
})

test('a function that nothing on the path calls is told', async () => {
  const files = {
    'lib/a.c': 'int f(int a)\n{\n\treturn a;\n}\nint g(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n\treturn f(1);\n}\n',
  }
  const { warnings } = await apply(files, { suffix: 's', entry: 'e', functions: ['f', 'g'] })
  expect(warnings).toEqual(['g_s is called by no clone and not by e: a probe on it will never fire'])
})
