import { describe, expect, test } from 'vitest'
import { blanked, countWord, declaredIn, parseC, references, seemsDefined, staticVariables } from './c-parser.ts'

const only = async (text: string) => {
  const { definitions } = await parseC(text)
  expect(definitions).toHaveLength(1)
  return definitions[0] ?? expect.unreachable()
}

describe('a definition is found', () => {
  test.each([
    ['plain', 'int f(int a)\n{\n\treturn a;\n}\n'],
    ['static', 'static int f(int a) { return a; }\n'],
    ['return type on its own line', 'static struct page *\nf(int a)\n{\n\treturn 0;\n}\n'],
    [
      'arguments over lines',
      'ssize_t f(struct kiocb *iocb,\n\t\tstruct iov_iter *iter,\n\t\tssize_t written)\n{\n\treturn 0;\n}\n',
    ],
    ['__always_inline', 'static __always_inline bool f(void) { return 1; }\n'],
    ['annotation before the type', '__must_check static int f(void) { return 1; }\n'],
    ['annotation with arguments', '__printf(1, 2) void f(const char *fmt, ...) { }\n'],
    ['attribute in GNU words', 'static int __attribute__((cold, section(".x"))) f(void) { return 1; }\n'],
    ['sparse annotation behind the list', 'static void f(struct x *x)\n\t__acquires(x->lock)\n{\n}\n'],
    ['user pointers', 'long f(char __user *to, const void __user * __user *from) { return 0; }\n'],
    ['function pointer as parameter', 'int f(int (*g)(int, void *), void *p) { return g(1, p); }\n'],
    ['returns a pointer', 'const char *f(void) { return ""; }\n'],
    ['behind code that cannot be parsed', 'DEFINE_STUFF(x, {1}, y)\nint f(void) { return 1; }\n'],
    ['behind a macro with a type as argument', 'static LIST_HEAD(x);\nEXPORT_SYMBOL(x);\nint f(void) { return 1; }\n'],
    ['inside #ifdef', '#ifdef CONFIG_X\nint f(void) { return 1; }\n#endif\n'],
  ])('%s', async (_, text) => {
    expect((await only(text)).name).toBe('f')
  })
})

test('offsets are those of the text: its start with annotations, its name, its body, its end', async () => {
  const text = '/* about */\n__must_check static int f(int a)\n{\n\treturn a;\n}\nint g;\n'
  const { start, nameStart, bodyStart, end, signature } = await only(text)
  expect(text.slice(start, end)).toBe('__must_check static int f(int a)\n{\n\treturn a;\n}')
  expect(signature).toBe('__must_check static int ')
  expect(text.slice(nameStart, bodyStart)).toBe('f(int a)\n')
})

test('an annotation at the end of a #define is not part of the next function', async () => {
  const text = '#define PLACE __init\nstatic int f(void) { return 1; }\n'
  expect((await only(text)).signature).toBe('static int ')
})

describe('the comment above', () => {
  test.each([
    ['/** f - does */\nint f(void) { }', 0],
    ['/* one */\n/* two */\nint f(void) { }', 0],
    ['/* about the file */\n\nint f(void) { }', 22],
    ['int x; /* of x */\nint f(void) { }', 18],
    ['int f(void) { }', 0],
  ])('%j begins at %i', async (text, lead) => {
    expect((await only(text)).lead).toBe(lead)
  })
})

describe('the condition that a definition stands under', () => {
  test.each([
    ['int f(void) { }', undefined],
    ['#ifdef A\nint f(void) { }\n#endif', 'defined(A)'],
    ['#ifndef A\nint f(void) { }\n#endif', '!defined(A)'],
    ['#if A > 1\nint f(void) { }\n#endif', '(A > 1)'],
    ['#ifdef A\nint g;\n#else\nint f(void) { }\n#endif', '!defined(A)'],
    ['#if defined(A)\nint g;\n#elif B\nint f(void) { }\n#endif', '!(defined(A)) && (B)'],
    ['#ifdef A\n#ifdef B\nint f(void) { }\n#endif\n#endif', 'defined(A) && defined(B)'],
    ['#ifndef _X_H\n#define _X_H\nint f(void) { }\n#endif', undefined],
    ['#ifndef _X_H\n#define _X_H\n#ifdef B\nint f(void) { }\n#endif\n#endif', 'defined(B)'],
  ])('%j: %s', async (text, condition) => {
    expect((await only(text)).condition).toBe(condition)
  })
})

test('declarations are told from definitions', async () => {
  const { declarations, definitions } = await parseC(
    'static int f(int);\nextern void *g(void);\nint v;\nint h(void) { }\n',
  )
  expect(declarations.map(({ name }) => name)).toEqual(['f', 'g'])
  expect(definitions.map(({ name }) => name)).toEqual(['h'])
})

describe('references', () => {
  test('calls and values, and no fields, labels, tags or comments', async () => {
    const text = `int f(struct g *s)
{
	struct g t; /* g */
	s->g = 1;
	t.g = g(1);
	use(g, "g");
	if (!s)
		goto out;
out:
	return g(g(2));
}`
    const { body } = await only(text)
    expect(references(body, new Set(['g'])).map(({ called }) => called)).toEqual([true, false, true, true])
    expect(countWord(text.slice(text.indexOf('{')), 'g')).toBe(4)
  })

  test('arguments of a macro that takes statements', async () => {
    const { body } = await only(
      'int f(void)\n{\n\titerate(i, n, v,\n\t\tg(v.a, (from += v.n) - v.n),\n\t\tmemcpy(v.b, from, 1)\n\t)\n\treturn 0;\n}',
    )
    expect(references(body, new Set(['g']))).toHaveLength(1)
  })
})

test('names that a function declares', async () => {
  const { body } = await only(
    'int f(int a, int (*b)(int), char *c[])\n{\n\tint d = 1, *e;\n\tfor (int g = 0; g;) ;\n\treturn h(a);\n}',
  )
  expect([...declaredIn(body)].toSorted()).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd', 'g']))
  expect(declaredIn(body)).not.toContain('h')
})

test('static variables of a function', async () => {
  const { body } = await only(
    'int f(void)\n{\n\tstatic int seen[4];\n\tstatic const char *t = "x";\n\tint z;\n\treturn 0;\n}',
  )
  expect([...staticVariables(body).keys()]).toEqual(['seen', 't'])
})

test('annotations are blanked to the same length and the same lines', () => {
  const text = 'static __printf(1,\n 2) __init int f(void)'
  expect(blanked(text)).toHaveLength(text.length)
  expect(blanked(text).split('\n')).toHaveLength(2)
  expect(blanked(text)).not.toMatch(/__/)
})

describe('what seems to be a definition', () => {
  test.each([
    ['int f(int a)\n{', 1],
    ['#ifdef A\nint f(int a)\n#else\nint f(void)\n#endif\n{', 4],
    ['x\nstatic inline int f(void) __weird {', 2],
    ['int f(int a);', undefined],
    ['\treturn f(1);', undefined],
  ])('%j: line %s', (text, line) => {
    expect(seemsDefined(text, 'f')).toBe(line)
  })
})

test('loops by macros do not hide the end of a function', async () => {
  const text = `void first(int a)
{
	for_each_zone(zone) {
		for_each_cpu(cpu)
			a += per_cpu(zone->set, cpu)->count;
	}
	list_for_each_entry(one, &all(a)->list, list) {
		for_each_call(one, second);
	}
}

static void second(int b)
{
	first(b);
}
`
  const { definitions } = await parseC(text)
  expect(definitions.map(({ name, start, end }) => [name, text.slice(start, end).split('\n').length])).toEqual([
    ['first', 10],
    ['second', 4],
  ])
  const [first] = definitions
  expect(first && references(first.body, new Set(['per_cpu', 'second'])).map(({ name }) => name)).toEqual([
    'per_cpu',
    'second',
  ])
})

test('a function whose end the parser misses is not known, and swallows nobody', async () => {
  const text = `void first(int a)
{
	walk_zones(zone) {
		walk_cpus(cpu)
			a += per_cpu(zone->set, cpu)->count;
	}
	walk_nodes(node) {
	}
}

static void second(int b)
{
	first(b);
}
`
  expect((await parseC(text)).definitions.map(({ name }) => name)).toEqual(['second'])
  expect(seemsDefined(text, 'first')).toBe(1)
})

test('the end of a loop by a macro does not take the functions behind it along', async () => {
  const text = `void first(int a)
{
	do {
		second(a);
	} while_each_thread(g, t);
}

static void second(int b)
{
	first(b);
}
`
  const { definitions } = await parseC(text)
  expect(definitions.map(({ start, end }) => text.slice(start, end).split('\n').length)).toEqual([6, 4])
})

describe('the end of a function', () => {
  const after = '\nint after(int b)\n{\n\treturn b;\n}\n'

  test('one that the parser sees too early: the function is not known, and the next is', async () => {
    const copies = Array.from({ length: 12 }, (_, index) => `\t\tCOPY(r${index}); SEGMENT(s${index});\n`).join('')
    const text = `static int first(struct regs *regs)\n{\n\tuser_try {\n${copies}\t\tflags = (flags & ~FIX) | old;\n\t} user_catch(err);\n\tRELOAD(gs);\n}\n`
    expect((await parseC(text + after)).definitions.map(({ name }) => name)).toEqual(['after'])
    expect(seemsDefined(text + after, 'first')).toBe(1)
  })

  test.each([
    ['a block in column 0', 'int first(int a)\n{\n{\n\ta++;\n}\n\treturn a;\n}\n'],
    ['its brace indented', 'int first(int a)\n {\n\treturn a;\n }\n'],
    ['on one line', 'int first(int a) { return a; }\n'],
    ['braces in texts', `int first(int a)\n{\n\tputs("}");\n\treturn a == '{';\n /* } */\n}\n`],
    [
      'a macro of its own, with a comment',
      'int first(int a)\n{\n#define X do { /* as often\\\n as needed */ if (a) { \\\n a--; } \\\n} while (0)\n\tX;\n\treturn a;\n}\n',
    ],
  ])('%s: is known', async (_, text) => {
    const { definitions } = await parseC(text + after)
    expect(definitions.map(({ start, end }) => (text + after).slice(start, end))).toEqual([text.trim(), after.trim()])
  })
})

test('a definition that the parser sees only the end of is not known', async () => {
  const text = `__unknown
static inline
struct page *first(struct zone *zone, int a)
{
	return second(zone);
}

__no_sanitize_memory
static inline
struct page *third(struct zone *zone, int a)
{
	return second(zone);
}
`
  const { definitions } = await parseC(text)
  expect(definitions.map(({ name, start }) => [name, text.slice(start).split('\n')[0]])).toEqual([
    ['third', '__no_sanitize_memory'],
  ])
})
