import { describe, expect, test } from 'vitest'
import { COMPAT, compatOf, type Tools } from './compat.ts'
import { parseVersion } from '../version.ts'

/** Debian 12's. */
const TOOLS: Tools = { gcc: 12, binutils: 240, make: 403 }

/** The places that the table is about, as they are in a release tree of the log's time. */
const FLAWED: Readonly<Record<string, string>> = {
  'scripts/dtc/dtc-lexer.l': '#include "dtc-parser.tab.h"\n\nYYLTYPE yylloc;\nextern bool treesource_error;\n',
  'scripts/dtc/dtc-lexer.lex.c_shipped': 'YYLTYPE yylloc;\n',
  'tools/lib/subcmd/subcmd-util.h':
    '\tvoid *ret = realloc(ptr, size);\n\tif (!ret && !size)\n\t\tret = realloc(ptr, 1);\n',
  'tools/objtool/elf.c': '\tif (!symtab) {\n\t\tWARN("missing symbol table");\n\t\treturn -1;\n\t}\n',
  'init/main.c': '\tboot_init_stack_canary();\n',
  'init/Makefile': 'obj-y := main.o version.o\n',
  'arch/x86/kernel/Makefile': 'obj-y += smpboot.o\n',
  Makefile: 'CC_FLAGS_FTRACE := -pg\n',
  'kernel/fork.c': '\t\t.stack\t\t= args.stack,\n\t\t.stack_size\t= args.stack_size,\n',
  'kernel/Makefile': 'obj-$(CONFIG_FREEZER) += freezer.o\nobj-$(CONFIG_ELFCORE) += elfcore.o\n',
  'arch/x86/Makefile': 'M16_CFLAGS := $(call cc-option, -m16)\nREALMODE_CFLAGS\t:= $(M16_CFLAGS) -g -Os\n',
  'arch/x86/boot/compressed/Makefile': 'KBUILD_CFLAGS := -m$(BITS) -O2\n',
  'arch/x86/kernel/module.c': '\t\tswitch (type) {\n\t\tcase R_X86_64_PC32:\n\t\t\tval -= loc;\n',
  'arch/x86/tools/relocs.c':
    '\tREL_TYPE(R_X86_64_PC32),\n\tswitch (r_type) {\n\tcase R_X86_64_NONE:\n\tcase R_X86_64_PC32:\n\t\tbreak;\n',
  'scripts/Kbuild.include': 'make-cmd = $(call escsq,$(subst \\#,\\\\\\#,$(subst $$,$$$$,$(cmd_$(1)))))\n',
}

const on = (version: string, tools: Partial<Tools> = {}, tree = FLAWED) =>
  compatOf(parseVersion(version) ?? expect.unreachable(version), { ...TOOLS, ...tools }, (path) => tree[path])
const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name)

describe('which rows apply', () => {
  /** A tree whose compiler records the calls of mcount itself. */
  const LATER = { ...FLAWED, Makefile: 'CC_FLAGS_FTRACE += -mrecord-mcount\n' }
  const ALWAYS = ['dtc-yylloc', 'libsubcmd-werror', 'objtool-empty-object', 'canary-tail-call', 'no-cf-protection']
  test.each([
    ['v4.15', {}, [...ALWAYS, 'plt32-relocations', 'make-number-sign', 'recordmcount-weak']],
    ['v4.15', { make: 402, binutils: 230 }, ALWAYS.filter((name) => name !== 'objtool-empty-object')],
    ['v5.3', {}, [...ALWAYS, 'clone3-stack']],
    ['v5.4', {}, ALWAYS],
    ['v5.4', { gcc: 15 }, [...ALWAYS, 'boot-code-gnu11']],
    ['v5.4', { gcc: 9 }, ['objtool-empty-object', 'no-cf-protection']],
    ['v5.4', { gcc: 8, binutils: 235 }, []],
    ['v5.7', {}, ['libsubcmd-werror', 'objtool-empty-object', 'no-cf-protection']],
    ['v5.12', { gcc: 11 }, []],
    ['v5.17', { gcc: 14 }, []],
    ['v6.12', { gcc: 15 }, ['boot-code-gnu11']],
    ['v6.14', { gcc: 15 }, []],
  ])('%s with %j: %j', (version, tools, expected) =>
    expect(names(on(version, tools, version === 'v4.15' ? FLAWED : LATER).applied)).toEqual(expected),
  )

  test('a tree that carries the fixes needs none of them, and says which', () => {
    const fixed = {
      'scripts/dtc/dtc-lexer.l': 'extern bool treesource_error;\n',
      'tools/lib/subcmd/subcmd-util.h': '\tvoid *ret = realloc(ptr, size);\n\tif (!ret)\n\t\tdie("Out of memory");\n',
      'tools/objtool/elf.c': '\tif (!symtab)\n\t\treturn 0;\n',
      'init/main.c': '\tarch_call_rest_init();\n\tprevent_tail_call_optimization();\n',
      'arch/x86/Makefile': 'REALMODE_CFLAGS := -m16 $(call cc-option,-fcf-protection=none)\n',
    }
    const { applied, alreadyFixed, changed, make } = on('5.4.268', {}, fixed)
    expect(applied).toEqual([])
    expect(names(alreadyFixed)).toEqual([
      'dtc-yylloc',
      'libsubcmd-werror',
      'objtool-empty-object',
      'canary-tail-call',
      'no-cf-protection',
      'recordmcount-weak',
    ])
    expect([changed.size, make]).toEqual([0, {}])
  })

  test('a row whose files a tree does not have does not apply', () => expect(on('v5.4', {}, {}).applied).toEqual([]))
})

describe('what they change', () => {
  const { changed, make } = on('v4.15', { gcc: 15 })
  test.each([
    ['scripts/dtc/dtc-lexer.l', '\nextern YYLTYPE yylloc;\n'],
    ['scripts/dtc/dtc-lexer.lex.c_shipped', 'extern YYLTYPE yylloc;\n'],
    ['tools/objtool/elf.c', '{\n\t\treturn 0;'],
    ['init/Makefile', 'version.o\n\n# boot_init_stack_canary()'],
    ['init/Makefile', '\nCFLAGS_main.o += -fno-optimize-sibling-calls\n'],
    ['arch/x86/kernel/Makefile', '\nCFLAGS_smpboot.o += -fno-optimize-sibling-calls\n'],
    ['kernel/Makefile', 'elfcore.o\nCFLAGS_REMOVE_elfcore.o = $(CC_FLAGS_FTRACE)\n'],
    // Two rows change one line.
    ['arch/x86/Makefile', '\nREALMODE_CFLAGS\t:= -std=gnu11 -fcf-protection=none $(M16_CFLAGS) -g -Os\n'],
    ['arch/x86/boot/compressed/Makefile', 'KBUILD_CFLAGS := -std=gnu11 -m$(BITS) -O2\n'],
    ['arch/x86/kernel/module.c', '{\n\tcase R_X86_64_PLT32:\n\t\tcase R_X86_64_PC32:\n'],
    ['arch/x86/tools/relocs.c', 'case R_X86_64_NONE:\n\tcase R_X86_64_PLT32:\n\tcase R_X86_64_PC32:\n'],
    [
      'scripts/Kbuild.include',
      'lab-number-sign := \\#\nmake-cmd = $(call escsq,$(subst $(lab-number-sign),\\$(lab-number-sign),$(subst $$,$$$$,$(cmd_$(1)))))\n',
    ],
  ])('%s gets %j', (file, text) => expect(changed.get(file)).toContain(text))

  test('flags for make', () => expect(make).toEqual({ WERROR: '0', KCFLAGS: '-fcf-protection=none' }))

  test('only files that the tree has', () =>
    expect([...changed.keys()].filter((file) => FLAWED[file] === undefined)).toEqual([]))
})

test('5.3: the stack of clone3 ends where the caller means', () => {
  const { changed } = on('v5.3')
  expect(changed.get('kernel/fork.c')).toBe(
    '\t\t.stack\t\t= args.stack ? args.stack + args.stack_size : 0,\n\t\t.stack_size\t= args.stack_size,\n',
  )
})

test('every row does something, says why and by which commit; no two of them assign the same', () => {
  for (const { make, edits, why, commit } of COMPAT) {
    expect([...Object.keys(make ?? {}), ...(edits ?? [])]).not.toEqual([])
    expect(why).toMatch(/\w/)
    expect(commit).toMatch(/^[0-9a-f]{12}$/)
  }
  const assigned = COMPAT.flatMap(({ make }) => Object.keys(make ?? {}))
  expect(new Set(assigned).size).toBe(assigned.length)
})
