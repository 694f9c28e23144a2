import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../test/temp-dir.ts'
import { compileBpf, compileProgram, withoutMacros } from './compile.ts'

const { signal } = new AbortController()
const words = { wayOut: 'correct it', place: 'probe p', signal }

test('a BPF object is the same bytes wherever its sources lie', async () => {
  const built = async (name: string) => {
    const dir = join(tempDir(), name)
    mkdirSync(join(dir, 'include'), { recursive: true })
    writeFileSync(join(dir, 'include/x.h'), 'struct x { int a; };\n')
    writeFileSync(
      join(dir, 'p.bpf.c'),
      '#include "x.h"\nstruct x g;\n__attribute__((section("kprobe/f"))) int f(void *ctx) { return g.a; }\n',
    )
    const object = join(dir, 'p.bpf.o')
    await compileBpf({
      source: join(dir, 'p.bpf.c'),
      object,
      include: [dir, join(dir, 'include')],
      define: {},
      ...words,
    })
    return readFileSync(object)
  }
  const [buffer, other] = [await built('a'), await built('a/much/longer/name')]
  expect(buffer.equals(other)).toBe(true)
  expect(buffer.toString('latin1')).toContain('p.bpf.c')
})

test('a program for the guest is the same bytes wherever its sources lie', async () => {
  const built = async (name: string) => {
    const dir = join(tempDir(), name)
    mkdirSync(dir, { recursive: true })
    for (const [file, text] of [
      ['a.c', 'int b(void);\nint main(void) { return b(); }\n'],
      ['b.c', 'int b(void) { return 0; }\n'],
    ] as const)
      writeFileSync(join(dir, file), text)
    const program = join(dir, 'program')
    const sources = [join(dir, 'a.c'), join(dir, 'b.c')]
    await compileProgram({ sources, program, flags: [], libraries: [], place: 'program', signal })
    return readFileSync(program)
  }
  expect((await built('a')).equals(await built('a/much/longer/name'))).toBe(true)
})

test('what a compiler says is shown without the notes that lead through macros', () => {
  const clang = [
    "p.bpf.c:54:40: error: use of undeclared identifier 'cals'",
    '        say("called %lu times", cals);',
    '                                ^',
    "lab.bpf.h:29:44: note: expanded from macro 'say'",
    '        bpf_trace_printk(lab_format, lab_size, ##__VA_ARGS__); \\',
    '                                                 ^',
    "p.bpf.c:9:7: note: 'calls' declared here",
    '__u64 calls;',
  ]
  expect(withoutMacros(clang)).toEqual([...clang.slice(0, 3), ...clang.slice(6)])
  const gcc = [
    "p.c:3:5: error: 'x' undeclared",
    '    3 | M(x)',
    "p.c:1:14: note: in definition of macro 'M'",
    '    1 | #def',
  ]
  expect(withoutMacros(gcc)).toEqual(gcc.slice(0, 2))
})
