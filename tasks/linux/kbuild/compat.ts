/**
 * What an exact old tree needs to build, and to boot, with today's tools: a table. `compat: auto` applies the rows
 * whose kernel and tool match and whose flaw the tree really has (stable branches carry many of the fixes already);
 * `compat: none` applies nothing. Applied rows are shown, are in the artefact and in each result, and follow from the
 * kernel's fingerprint (source, tools, this file).
 *
 * Not here, on purpose: pahole (BTF is made outside the tree) and openssl (no fragment of ours asks for MODULE_SIG).
 */
import { inRange, type Version } from '../version.ts'

/** A place of the source that is changed; a file that is not there, or no longer has the place, needs no change. */
export interface CompatEdit {
  readonly file: string
  readonly place: RegExp
  /** Replaces the place, as for String.replace. */
  readonly text: string
}

export interface CompatRow {
  readonly name: string
  /** Kernels that may need it (upper end excluded: the first version that carries the fix). */
  readonly kernels: string
  /**
   * The tool, and its first version that brings the flaw out (gcc: major; others: 2.40 -> 240; guest: our images,
   * always).
   */
  readonly tool: 'gcc' | 'binutils' | 'make' | 'guest'
  readonly toolFrom: number
  /** What a tree with the flaw has or lacks. Left out where the places of `edits` say it. */
  readonly flaw?: { readonly file: string; readonly has?: RegExp; readonly lacks?: RegExp }
  /** Assignments for make's command line. */
  readonly make?: Readonly<Record<string, string>>
  readonly edits?: readonly CompatEdit[]
  readonly why: string
  /** The commit of the kernel that fixed it. */
  readonly commit: string
}

/** The end of a file. */
const END = /$/
const BEGIN_PC32 = /^(?=[ \t]*case R_X86_64_PC32:)/m

export const COMPAT: readonly CompatRow[] = [
  {
    name: 'dtc-yylloc',
    kernels: '..v5.6',
    tool: 'gcc',
    toolFrom: 10,
    edits: ['scripts/dtc/dtc-lexer.l', 'scripts/dtc/dtc-lexer.lex.c_shipped'].map((file) => ({
      file,
      place: /^YYLTYPE yylloc;$/m,
      text: 'extern YYLTYPE yylloc;',
    })),
    why: 'lexer and parser of scripts/dtc both define yylloc; since gcc 10 (-fno-common) they do not link',
    commit: 'e33a814e772c',
  },
  {
    name: 'libsubcmd-werror',
    kernels: '..v5.17',
    tool: 'gcc',
    toolFrom: 12,
    flaw: { file: 'tools/lib/subcmd/subcmd-util.h', has: /realloc\(ptr, 1\)/ },
    // Not by HOSTCFLAGS: libsubcmd sets its own flags.
    make: { WERROR: '0' },
    why: "gcc 12 sees a use after free in libsubcmd's xrealloc(), and -Werror stops objtool's build",
    commit: '52a9dab6d892',
  },
  {
    name: 'objtool-empty-object',
    kernels: 'v4.6..v5.12',
    tool: 'binutils',
    toolFrom: 236,
    edits: [
      {
        file: 'tools/objtool/elf.c',
        place: /WARN\("missing symbol table"\);\s*return -1;/,
        text: 'return 0; /* an object without code */',
      },
    ],
    why: 'thunk_64.o is empty without PREEMPTION; newer assemblers write no symbol table then, and objtool gives up',
    commit: '1d489151e9f9',
  },
  {
    name: 'canary-tail-call',
    kernels: '..v5.7',
    tool: 'gcc',
    toolFrom: 10,
    flaw: { file: 'init/main.c', lacks: /prevent_tail_call_optimization/ },
    edits: (
      [
        ['init/Makefile', 'main'],
        ['arch/x86/kernel/Makefile', 'smpboot'],
        ['arch/x86/xen/Makefile', 'smp_pv'],
      ] as const
    ).map(([file, object]) => ({
      file,
      place: END,
      text: `\n# boot_init_stack_canary(): the canary changes in the middle of a function that must not end in a jump.\nCFLAGS_${object}.o += -fno-optimize-sibling-calls\n`,
    })),
    why: 'gcc 10 turns the last call of start_secondary into a jump, checks the canary before it, and the kernel panics at boot',
    commit: 'a9a3ed1eff36',
  },
  {
    name: 'no-cf-protection',
    kernels: '..v5.11',
    tool: 'gcc',
    toolFrom: 9,
    flaw: { file: 'arch/x86/Makefile', lacks: /-fcf-protection=none/ },
    make: { KCFLAGS: '-fcf-protection=none' },
    // The 16-bit code has flags of its own, and gcc refuses this protection there altogether.
    edits: [
      {
        file: 'arch/x86/Makefile',
        place: /^REALMODE_CFLAGS\s*:=/m,
        text: '$& -fcf-protection=none',
      },
    ],
    why: 'distributions turn -fcf-protection on by default: it moves function entries, and does not go with 16-bit code',
    commit: '20bf2b378729',
  },
  {
    name: 'plt32-relocations',
    kernels: '..v4.16',
    tool: 'binutils',
    toolFrom: 231,
    flaw: { file: 'arch/x86/kernel/module.c', lacks: /R_X86_64_PLT32/ },
    edits: ['arch/x86/kernel/module.c', 'arch/x86/kernel/machine_kexec_64.c', 'arch/x86/tools/relocs.c'].map(
      (file) => ({ file, place: BEGIN_PC32, text: '\tcase R_X86_64_PLT32:\n' }),
    ),
    why: 'assemblers write calls as R_X86_64_PLT32 since 2.31: the kernel does not link (relocs), or refuses its modules',
    commit: 'b21ebf2fb4cd',
  },
  {
    name: 'make-number-sign',
    kernels: '..v4.17',
    tool: 'make',
    toolFrom: 403,
    edits: ['scripts/Kbuild.include', 'tools/build/Build.include'].map((file) => ({
      file,
      place: /^make-cmd = \$\(call escsq,\$\(subst \\#,\\\\\\#,/m,
      text: 'lab-number-sign := \\#\nmake-cmd = $$(call escsq,$$(subst $$(lab-number-sign),\\$$(lab-number-sign),',
    })),
    why: 'make 4.3 changed what \\# means inside a function: commands kept in .cmd files are cut off and run again',
    commit: '9564a8cf422d',
  },
  {
    name: 'clone3-stack',
    kernels: 'v5.3..v5.4',
    tool: 'guest',
    toolFrom: 0,
    flaw: { file: 'kernel/fork.c', lacks: /stack \+= kargs->stack_size/ },
    edits: [
      {
        file: 'kernel/fork.c',
        place: /^(\s*\.stack\s*= )args\.stack,$/m,
        text: '$1args.stack ? args.stack + args.stack_size : 0,',
      },
    ],
    why: "5.3's clone3() takes the low end of a stack for its top; a C library of today (glibc >= 2.34) starts threads with it, and they crash",
    commit: 'fa729c4df558',
  },
  {
    name: 'recordmcount-weak',
    kernels: '..v5.11',
    tool: 'binutils',
    toolFrom: 236,
    // Later trees let gcc record the calls itself.
    flaw: { file: 'Makefile', lacks: /-mrecord-mcount/ },
    edits: [
      {
        file: 'kernel/Makefile',
        place: /^obj-\$\(CONFIG_ELFCORE\) \+= elfcore\.o$/m,
        text: '$&\nCFLAGS_REMOVE_elfcore.o = $$(CC_FLAGS_FTRACE)',
      },
    ],
    why: 'recordmcount needs a symbol that is not weak in each section; newer assemblers leave that of the section itself out, and elfcore.o has no other',
    commit: '6e7b64b9dd6d',
  },
  {
    name: 'boot-code-gnu11',
    kernels: '..v6.14',
    tool: 'gcc',
    toolFrom: 15,
    flaw: { file: 'arch/x86/Makefile', lacks: /^REALMODE_CFLAGS\s*:=.*-std=/m },
    edits: [
      { file: 'arch/x86/Makefile', place: /^REALMODE_CFLAGS\s*:=/m, text: '$& -std=gnu11' },
      { file: 'arch/x86/boot/compressed/Makefile', place: /^KBUILD_CFLAGS\s*:=/m, text: '$& -std=gnu11' },
      {
        file: 'drivers/firmware/efi/libstub/Makefile',
        place: /^cflags-\$\(CONFIG_X86(?:_64)?\)\s*[:+]?=/m,
        text: '$& -std=gnu11',
      },
    ],
    why: 'boot code is compiled without -std=, and in the default of gcc 15 (C23) its `false` and `true` are keywords',
    commit: 'b3bee1e7c3f2',
  },
]

export interface Tools {
  /** Major version. */
  readonly gcc: number
  /** 2.40 -> 240. */
  readonly binutils: number
  /** 4.3 -> 403. */
  readonly make: number
}

export interface Compat {
  readonly applied: readonly CompatRow[]
  /** Rows for this version and these tools whose flaw the tree no longer has. */
  readonly alreadyFixed: readonly CompatRow[]
  /** Path -> new text. */
  readonly changed: ReadonlyMap<string, string>
  readonly make: Readonly<Record<string, string>>
}

export const NO_COMPAT: Compat = { applied: [], alreadyFixed: [], changed: new Map(), make: {} }

function hasFlaw(row: CompatRow, read: (path: string) => string | undefined): boolean {
  if (!row.flaw) return row.edits?.some(({ file, place }) => place.test(read(file) ?? '')) ?? true
  const text = read(row.flaw.file)
  if (text === undefined) return false
  return (row.flaw.has?.test(text) ?? true) && !(row.flaw.lacks?.test(text) ?? false)
}

/**
 * What a tree of this version needs with these tools.
 *
 * @param read gives the text of a file of the tree, or undefined
 */
export function compatOf(version: Version, tools: Tools, read: (path: string) => string | undefined): Compat {
  const matching = COMPAT.filter(
    ({ kernels, tool, toolFrom }) => inRange(version, kernels) && (tool === 'guest' || tools[tool] >= toolFrom),
  )
  const applied = matching.filter((row) => hasFlaw(row, read))
  const changed = new Map<string, string>()
  for (const { file, place, text } of applied.flatMap(({ edits }) => edits ?? [])) {
    const before = changed.get(file) ?? read(file)
    if (before !== undefined && place.test(before)) changed.set(file, before.replace(place, text))
  }
  return {
    applied,
    alreadyFixed: matching.filter((row) => !applied.includes(row)),
    changed,
    make: Object.assign({}, ...applied.map(({ make }) => make)) as Record<string, string>,
  }
}
