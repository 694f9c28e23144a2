import { describe, expect, test } from 'vitest'
import { failureOf } from '../../test/caught.ts'
import { locateAll, locateOne } from './locate.ts'
import { Files } from './source-tree.ts'
import { treeOf } from './source-tree.fixture.ts'

const wanted = (name: string, file?: string) => ({ name, file, place: 'expose', wayOut: 'say which' })
const find = (files: Record<string, string>, name: string, file?: string) =>
  locateOne(new Files(treeOf(files)), wanted(name, file))

describe('which definition is meant', () => {
  test.each([
    ['the only one', { 'lib/a.c': 'int f(void) { }' }, 'lib/a.c'],
    [
      'the .c file before the header stub',
      { 'include/a.h': 'static inline int f(void) { }', 'lib/a.c': 'int f(void) { }' },
      'lib/a.c',
    ],
    [
      'the global one before static ones',
      { 'fs/a.c': 'static int f(void) { }', 'fs/b.c': 'int f(void) { }' },
      'fs/b.c',
    ],
    [
      'the header where there is no other',
      { 'include/a.h': '#ifndef A\n#define A\nstatic inline int f(void) { }\n#endif' },
      'include/a.h',
    ],
    [
      'not the copy of the boot stage',
      { 'arch/x86/boot/string.c': 'int f(void) { }', 'lib/string.c': 'int f(void) { }' },
      'lib/string.c',
    ],
  ])('%s', async (_, files, file) => {
    expect((await find(files, 'f')).file).toBe(file)
  })

  test('the file that is named', async () => {
    const files = { 'fs/a.c': 'static int f(void) { }', 'fs/b.c': 'static int f(void) { }' }
    expect((await find(files, 'f', 'fs/b.c')).file).toBe('fs/b.c')
  })

  test('beside the others of the path', async () => {
    const files = {
      'fs/a.c': 'static int f(void) { }',
      'fs/b.c': 'static int f(void) { }\nint g(void) { return f(); }',
    }
    const found = await locateAll(new Files(treeOf(files)), ['g', 'f'], 'parallelPath', [])
    expect(found.map(({ file }) => file)).toEqual(['fs/b.c', 'fs/b.c'])
  })

  test('in a driver, when it is nowhere else', async () => {
    const tree = treeOf({ 'fs/a.c': 'int g(void) { return f(); }' }, { 'drivers/b.c': 'int f(void) { }' })
    expect((await locateOne(new Files(tree), wanted('f'))).file).toBe('drivers/b.c')
  })

  test('all alternatives of the preprocessor', async () => {
    const { definitions } = await find(
      { 'lib/a.c': '#ifdef X\nint f(void) { }\n#else\nint f(void) { return 1; }\n#endif' },
      'f',
    )
    expect(definitions.map(({ condition }) => condition)).toEqual(['defined(X)', '!defined(X)'])
  })
})

describe('refused with the reason', () => {
  test.each([
    ['absent', { 'lib/a.c': 'int g(void) { }' }, 'f', 'this kernel source has no function f', 'names differ'],
    [
      'a macro',
      { 'include/a.h': '#define f(x) _f(x)' },
      'f',
      'f is a macro (include/a.h)',
      'the function that the macro calls',
    ],
    [
      'a system call',
      { 'fs/a.c': 'SYSCALL_DEFINE2(open, int, a, int, b)\n{\n\treturn 0;\n}' },
      '__x64_sys_open',
      'made by SYSCALL_DEFINE (fs/a.c:1)',
      'as it is',
    ],
    [
      'defined twice in one file',
      { 'lib/a.c': 'int f(void) { }\nint f(void) { }' },
      'f',
      'f is defined 2 times, not only under #if',
      'broken',
    ],
    [
      'defined in two files',
      { 'fs/a.c': 'static int f(void) { }', 'fs/b.c': 'static int f(void) { }' },
      'f',
      'f is defined in fs/a.c and fs/b.c',
      'say which',
    ],
    [
      'outside the kernel image',
      { 'arch/x86/boot/a.c': 'int f(void) { }' },
      'f',
      "not part of the kernel's image",
      'no probe reaches it',
    ],
    [
      'a head that nobody can read',
      { 'lib/a.c': '#ifdef X\nint f(int a)\n#else\nint f(void)\n#endif\n{\n\treturn 1;\n}' },
      'f',
      'f seems to be defined at lib/a.c:',
      '`patches:`',
    ],
  ])('%s', async (_, files, name, fact, wayOut) => {
    const { kind, parts } = await failureOf(find(files, name))
    expect(kind).toBe('user')
    expect(parts.fact).toContain(fact)
    expect(parts.wayOut).toContain(wayOut)
  })

  test('a file that does not exist, or does not define it', async () => {
    const files = { 'lib/a.c': 'int g(void) { }' }
    expect((await failureOf(find(files, 'g', 'lib/b.c'))).parts.fact).toBe('there is no lib/b.c')
    expect((await failureOf(find(files, 'f', 'lib/a.c'))).parts.fact).toBe('lib/a.c does not define f')
  })

  test('with names that are near', async () => {
    const files = { 'mm/a.c': 'int generic_file_buffered_read(void) { }\nint h(void) { }' }
    const failure = await failureOf(
      locateAll(new Files(treeOf(files)), ['generic_file_read'], 'parallelPath', ['mm/a.c']),
    )
    expect(failure.parts.wayOut).toContain('did you mean generic_file_buffered_read?')
  })
})
