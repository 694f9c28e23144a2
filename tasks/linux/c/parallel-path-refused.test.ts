import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { apply, changed } from './parallel-path.fixture.ts'

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
      'a static pointer that is turned elsewhere',
      `int f(const char *a)\n{\n\tstatic const char *last;\n\tlast = a;\n\treturn last == a;\n}\n${e}`,
      'keeps state in a static variable (last)',
    ],
    [
      'an end in two branches of an #if',
      `int f(int a)\n{\n#ifdef A\n\treturn 3;\n}\n#else\n\treturn 4;\n}\n#endif\n${e}`,
      'f ',
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

  test("a header's function whose clone would be in one branch of an #if", async () => {
    const alternatives = `#ifdef A\nint f(int a)\n{\n\treturn a;\n}\n#else\nint f(int a)\n{\n\treturn -a;\n}\n#endif\n`
    const files = {
      'include/linux/h.h': '#ifndef H\n#define H\nstatic inline int h(int a)\n{\n\treturn f(a);\n}\n#endif\n',
      'lib/a.c': `#include <linux/h.h>\n\n${alternatives}\nint e(void)\n{\n\treturn h(1);\n}\n`,
    }
    const { parts } = await failureOf(apply(files, { ...path, functions: ['h', 'f'] }))
    expect(parts.fact).toMatch(/^h is an inline function of a header .* f \(lib\/a\.c\), is defined 2 times under #if$/)
  })

  test('static data that never changes is no reason', async () => {
    const text = `int f(int a)\n{\n\tstatic const int t[] = { 1 };\n\tstatic const char * const s = "x";\n\tstatic const char *n[] = { "a" };\n\treturn t[0] == n[0][0];\n}\n${e}`
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

test('a function that nothing on the path calls is reported', async () => {
  const files = {
    'lib/a.c': 'int f(int a)\n{\n\treturn a;\n}\nint g(int a)\n{\n\treturn a;\n}\nint e(void)\n{\n\treturn f(1);\n}\n',
  }
  const { warnings } = await apply(files, { suffix: 's', entry: 'e', functions: ['f', 'g'] })
  expect(warnings).toEqual(['g_s is called by no clone and not by e: a probe on it will never fire'])
})

test('calls by a macro, of the file or of a header: told, since they stay on the original', async () => {
  const files = {
    'include/linux/h.h':
      '#ifndef H\n#define H\nint f(int a);\n#define by_header(x) \\\n\tf(x)\n#define unused(x) f(x)\n#endif\n',
    'lib/a.c': `#include <linux/h.h>
#define twice(x) by_header(x) + by_header(x)

int f(int a)
{
	return a;
}

int e(void)
{
	return f(1) + twice(2);
}
`,
  }
  const { warnings } = await apply(files, { suffix: 's', entry: 'e', functions: ['f'] })
  expect(warnings).toEqual([
    'e (lib/a.c) uses the macro twice (lib/a.c:2), which names f: what goes through it stays on f, and a probe on f_s does not see it',
  ])
})
