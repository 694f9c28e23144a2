/** What gcc and clang say about kernel modules, BPF programs and loaders; and how make ends. */
import { instead, nameOf } from './changed-kernel.ts'
import type { PrintfKind } from './printf.ts'
import { group, type Answer, type Row } from './row.ts'

const compiled =
  (cause: string, fixes: readonly string[], confidence: Answer['confidence'] = 'likely') =>
  (text: string): Answer => {
    const better = instead(text)
    return { cause, fixes: [...better, ...fixes], confidence: better.length > 0 ? 'likely' : (confidence ?? 'likely') }
  }

const OTHER_VERSION =
  'for a module or driver: it was written for another kernel version, whose interface differed; take its newest release, or guard the code with LINUX_VERSION_CODE'

/** By what the compiler says; the first that matches. */
const MISTAKES: readonly (readonly [text: RegExp, answer: (text: string) => Answer])[] = [
  [
    /undeclared.*\bKBUILD_(?:MODNAME|BASENAME|MODFILE)\b|\bKBUILD_(?:MODNAME|BASENAME|MODFILE)\b.*undeclared/,
    compiled('a header of the kernel uses the name of the module, which only kbuild defines', [
      '#define KBUILD_MODNAME "NAME" before the first #include (bcc: cflags=["-DKBUILD_MODNAME=\\"NAME\\""]); modules: build them with kbuild (make -C BUILD M=$PWD)',
      'in a BPF program: vmlinux.h instead of the headers of the kernel',
    ]),
  ],
  [
    /implicit declaration of function|call to undeclared (?:library )?function|undeclared \(first use|use of undeclared identifier|undeclared here/,
    compiled(
      'nothing that is included declares this name: a header is missing, or this version of the kernel or library does not have it (any more, or yet)',
      ['grep -rn "NAME" include/ of the tree (or /usr/include/bpf): which header declares it?', OTHER_VERSION],
    ),
  ],
  [
    /has no member named|no member named|unknown field/,
    compiled(
      'the structure has no such field in these headers: it was renamed, moved or is newer (or older) than they are',
      [
        'look at the structure in the headers that are used (in vmlinux.h: bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -A40 "struct NAME {")',
        'in a BPF program with CO-RE: declare both forms as struct NAME___old and test bpf_core_field_exists()',
        OTHER_VERSION,
      ],
    ),
  ],
  [
    /unknown type name|has incomplete type|incomplete (?:definition of )?type|invalid use of undefined type|storage size of .* isn.t known/,
    compiled('the type is used and defined nowhere that is included', [
      'include the header that defines it (vmlinux.h has all types of the kernel)',
      OTHER_VERSION,
    ]),
  ],
  [
    /too (?:few|many) arguments to function|incompatible (?:pointer )?type|passing argument \d+ of|initialization of .* from incompatible|assignment to .* from incompatible|makes (?:pointer|integer) from|conflicting types for|incompatible (?:pointer|integer) to/,
    compiled('a function is called or defined in another form than these headers declare it', [
      'compare with its declaration in the headers that are used',
      OTHER_VERSION,
    ]),
  ],
  [
    /^#error .*\b(?:CONFIG_[A-Z0-9_]+|kernel|[Ll]inux)\b/,
    (text) => {
      const options = [...new Set(text.match(/CONFIG_[A-Z0-9_]+/g) ?? [])]
      const named = options.join(', ')
      return {
        cause:
          options.length > 0
            ? `the source refuses to be compiled against this kernel, and says why: the setting of ${named} is not what it needs`
            : 'the source refuses to be compiled against this kernel, and says why: it is too old, too new, or configured in another way than the source needs',
        fixes: [
          ...(options.length > 0
            ? [`zgrep -E "${options.join('|')}" /proc/config.gz; change ${named} and build the kernel again`]
            : []),
          'do what the message asks for; a newer release of the source fits newer kernels',
        ],
      }
    },
  ],
  [
    /static assertion failed|missing binary operator|#error |expected value in expression|size of array .* is negative/,
    compiled(
      'a header checks what it was compiled with, and finds something missing: a macro that another header defines, a flag of the compiler, or the configuration of the kernel',
      [
        'include the header that defines the macro first (<linux/version.h> for LINUX_VERSION_CODE and KERNEL_VERSION)',
        'headers of the kernel only fit the flags of its own build: bcc and bpftrace of an older release cannot compile the headers of a newer kernel',
      ],
    ),
  ],
  [
    /redefinition of|redeclaration of|typedef redefinition|redeclared as/,
    compiled(
      'two headers define the same thing: vmlinux.h together with headers of the kernel or libc, or a header of another version',
      [
        'a BPF program includes either vmlinux.h or <linux/...>, never both',
        'add what is doubled only under #ifndef, or drop one of the headers',
      ],
    ),
  ],
  [
    /unterminated (?:conditional directive|#\w+)/,
    compiled('an #if (or #ifdef, #ifndef) has no #endif: the file was cut short, or was not written to its end', [
      'tail FILE; make the file again where a program generates it',
    ]),
  ],
  [
    /expected (?:identifier|'|‘|declaration|expression|specifier)|stray '|missing terminating|unterminated/,
    compiled(
      'the text is no C at this place: a mistake in the line or above it, or a macro that is not defined (a header is missing)',
      ['look at this line and the one above it; clang -E shows what the macros became'],
      'possible',
    ),
  ],
  [
    /no previous (?:prototype|declaration) for/,
    compiled(
      'a function that is not static is defined without a declaration that others could see, and the kernel has made that an error or warning since 6.8 (-Wmissing-prototypes)',
      [
        'make it static where only this file uses it; else include the header that declares it',
        'KCFLAGS=-Wno-missing-prototypes for a module that nobody looks after',
      ],
    ),
  ],
  [
    /all warnings being treated as errors|\[-Werror[=\]]/,
    compiled('the build treats warnings as errors, and the compiler is newer than the code and warns about more', [
      'make WERROR=0 (tools), CONFIG_WERROR=n (kernel), or KCFLAGS=-Wno-error',
      'use a compiler of the age of the code',
    ]),
  ],
  [
    /unsupported relocation|relocation truncated|relocation .* out of range|recompile with -fPIC|code model kernel does not support PIC/,
    compiled(
      'compiler and linker of the distribution make position independent code by default, and this tree does not expect it',
      ['KCFLAGS="-fno-pie -fno-pic", LDFLAGS -no-pie; or a compiler of the age of the tree: CC=gcc-9'],
    ),
  ],
  [
    /invalid symbol index|bad reloc symbol index|invalid relocation offset|corrupt(?:ed)? (?:object|section|string)/,
    compiled(
      'the object file is damaged: a tool that rewrites objects (objtool, objcopy, strip) wrote it wrongly, often with a libelf that is not that of elfutils',
      ['libelf of elfutils, then make clean; make V=1 shows the tools that touched the object'],
    ),
  ],
  [
    /target emulation unknown|no input files/,
    compiled(
      'the linker got no object file, and so does not know the architecture: an older tree links empty built-in.o, which lld refuses',
      [
        'LD=PREFIX-ld.bfd for this tree, or the commits of a newer one (archives in place of built-in.o, 4.17 and later)',
      ],
    ),
  ],
  [
    /version script assignment|unable to move location counter|must be absolute|won't alias|section .* will not fit|undefined version|unknown directive|INPUT_SECTION|malformed number/,
    compiled(
      'the linker script (or version script) of this tree does not suit this linker: lld and ld.bfd differ, and newer releases are stricter; the kernel was mended for each in its stable releases',
      [
        'a newer stable release of the same kernel, a linker of its age, or the other one: LD=ld.bfd (LLVM=1 chooses lld)',
        'without the option that brings the code in, if the file is of one (X86_SGX for vdso sgx, LTO for SRSO)',
      ],
    ),
  ],
  [
    /internal compiler error/,
    compiled('the compiler itself crashed: a bug of it, bad memory or none left', [
      'build again with make -j1; another version of the compiler; dmesg | grep -i "killed process"',
    ]),
  ],
  [
    /undefined reference to ['‘`"]__stack_chk_(?:fail|guard)/,
    compiled(
      'the compiler adds its stack protector by default, and this tree has it off or expects another form of it',
      [
        'KCFLAGS=-fno-stack-protector, or CONFIG_STACKPROTECTOR=y and make olddefconfig with the same compiler',
        'use a compiler of the age of the tree',
      ],
    ),
  ],
]

export const BUILD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'objtool and its libelf',
    formats: `
warning: objtool: gelf_update_symshndx: %s
warning: objtool: elf_update_symbol%s
warning: objtool: gelf_getsymshndx: %s
warning: objtool: elf_begin: %s
warning: objtool: elf_update: %s`,
    cause:
      'objtool reads and writes objects with libelf, and the libelf of this host fails at it: it is not that of elfutils (the one of elftoolchain or a BSD has gaps), or its version has a fault',
    fixes: ['build against libelf of elfutils (libelf-dev, elfutils-libelf-devel), then make clean in tools/objtool'],
    confidence: 'likely',
    sources: ['tools/objtool/elf.c'],
  },
  {
    rule: 'objtool',
    formats: `
warning: objtool: %s: can't find jump dest instruction at %s
warning: objtool: %s: unreachable instruction
warning: objtool: %s: stack state mismatch
warning: objtool: %s: unsupported %s
warning: objtool: %s: call without frame pointer save/setup
warning: objtool: %s: sibling call from callable instruction
warning: objtool: %s: missing __noreturn%s
warning: objtool: %s: unannotated intra-function call
error: objtool: %s
warning: objtool: %s falls through to next function
warning: objtool: %s: unexpected end of section
warning: objtool: %s: no-cfi indirect call!
warning: objtool: %s: relocation to !ENDBR: %s
warning: objtool: %s: missing int3 after %s
warning: objtool: %s: return with modified stack frame
warning: objtool: %s: redundant %s
warning: objtool: %s: recursive %s
warning: objtool: %s: call to %s
warning: objtool: unexpected %s
warning: objtool: missing symbol %s
warning: objtool: %s: can't find %s`,
    cause:
      'objtool checks the machine code of each file, and this compiler made code that it does not understand: compilers that are newer than the tree do, and some flags (-march=native, -O3)',
    fixes: [
      'a warning does no harm by itself; where the build stops (Error 255), use a compiler of the age of the tree: make CC=gcc-10',
      'leave out extra flags, or CONFIG_STACK_VALIDATION=n and CONFIG_UNWINDER_FRAME_POINTER=y',
    ],
    confidence: 'likely',
    sources: ['tools/objtool', 'Documentation/stack-validation.txt (objtool.txt)'],
  },
  {
    rule: 'compiler does not fit the kernel',
    formats: `
stack-protector enabled but compiler support broken
Compiler does not support %s
compiler support broken
Your compiler does not have %s
gcc: error: unrecognized argument in option %s
error: unsupported option '%s' for target '%s'
error: unsupported argument '%s' to option
error: invalid value '%s' in '-m%s`,
    cause:
      'the configuration asks for something that this compiler cannot do: it is for another architecture (a cross compiler is missing), too old, or is broken by a flag of the distribution',
    fixes: [
      'for another architecture give both: make ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-',
      'make olddefconfig with the compiler of the build: it turns off what the compiler lacks',
    ],
    confidence: 'likely',
    sources: ['Makefile of the kernel'],
  },
  {
    rule: 'kernel image or modules',
    formats: `
Kernel image bigger than KERNEL_IMAGE_SIZE
ld: final link failed: %s
ld: cannot find %s
ld: unrecognised emulation mode: %s
No rule to make target 'bzImage'
No rule to make target '%s'.  Stop.
No rule to make target \`%s'.  Stop.
No rule to make target '%s', needed by '%s'
No rule to make target \`%s', needed by \`%s'
missing separator.  Stop.
*** Kernel configuration is invalid.`,
    cause:
      'make or the linker cannot make the file that is named: it belongs to another architecture or tree, its source is missing, or an earlier step failed',
    fixes: [
      'look at the first "error:" above; make help lists what this tree can build (bzImage is for x86, Image for arm64)',
      'make mrproper and make olddefconfig, where files of another build are left; run make in the top directory of the tree',
    ],
    confidence: 'possible',
    sources: ['Makefile of the kernel'],
  },
]

/** Exit statuses of the command that make ran. */
const STATUS: Readonly<Record<number, string>> = {
  1: 'the command (a compiler, a script) found an error',
  2: 'a make below it failed, or a shell did not understand its command',
  126: 'a program could not be executed (chmod +x, or a file system that is mounted noexec)',
  127: 'a program was not found: its package is missing',
  137: 'the command was killed, usually because memory ran out',
  139: 'the command crashed (SIGSEGV)',
  255: 'objtool, pahole or resolve_btfids gave up',
}

/** Only what says that something failed, and not why. */
export const MAKE_RULE = 'make stopped'

export const COMPILER_ROWS: readonly Row[] = [
  {
    rule: 'compiler error',
    needle: ['error: ', 'undefined reference to', 'internal compiler error', 'treated as errors'],
    pattern:
      /^(?:.{0,60}?\s)?(\/?[\w.+/~[\]-]+\.(?:c|h|cc|cpp|o|S|s|in|lds)):(?:\(?[\w.+]*\)?:?\d*:?){0,3} ?(?:In function .*|(?:fatal )?error: (.+)|(undefined reference to .+))$|^(?:cc1|cc1plus|clang|gcc|(?:[\w-]+-)?ld)(?:\.(?:lld|bfd|gold))?[\w-]*: (?:(?:fatal )?error: )?(.+)$|^\s*(?:fatal )?error: (.+)$|(internal compiler error: .+)/,
    key: (match) => nameOf(match[0]) ?? match[2] ?? match[0],
    answer: (match) => {
      const text = match.slice(2).find((group) => group !== undefined)
      if (text === undefined) return undefined
      const [, answer] = MISTAKES.find(([pattern]) => pattern.test(text)) ?? []
      return answer && { ...answer(text), what: `${match[1] === undefined ? '' : `${match[1]}: `}${text}` }
    },
  },
  {
    rule: 'a tool of the build crashed',
    needle: ['Error 139', 'Segmentation fault', 'Error 134', 'Error 132'],
    pattern:
      /make(?:\[\d+\])?: \*\*\* \[(?:[^\]]*:\d+: )?([^\]]+)\] (?:Error (139|134|132)|(Segmentation fault|Aborted|Illegal instruction)\b.*)/,
    key: (match) => match[1] ?? '',
    answer: (match) => ({
      what: `the tool that makes ${group(match, 1)} crashed`,
      cause: group(match, 1).endsWith('skel.h')
        ? 'bpftool crashed while it made the skeleton: it is older than the object (its clang, its BTF), or of another build than its libbpf'
        : /BTF|btf|vmlinux|\.ko$/.test(group(match, 1))
          ? 'pahole, resolve_btfids or the linker crashed: it is too old for what the compiler wrote, or memory ran out'
          : 'a compiler or tool died of a signal: it has a bug, is damaged, or was built for another CPU (132 is an illegal instruction)',
      fixes: [
        'make V=1 shows its command: run that alone, and with a newer release of the tool',
        'for a skeleton: build bpftool from the same tree as libbpf, and take a clang of 10 or later with -g',
        'dmesg | tail: a kernel log line names the program that died, or says that memory ran out',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: MAKE_RULE,
    needle: ['*** ['],
    pattern: /make(?:\[\d+\])?: \*\*\* \[(?:[^\]]*:\d+: )?([^\]]+)\] (?:Error (\d+)|Segmentation fault|Killed)/,
    key: () => '',
    answer: (match, { error }) => {
      const status = Number(match[2] ?? 137)
      return {
        what: `make stopped at ${group(match, 1)} (status ${status})${error === undefined ? '' : `: ${error.slice(0, 160)}`}`,
        cause: `${STATUS[status] ?? 'the command ended with this status'}${error === undefined ? '' : '; the line that is shown is the first above it that looks like an error, and the later lines of make only pass it on'}`,
        fixes: [
          ...(error === undefined
            ? []
            : ['go by the line that is shown; make V=1 -j1 shows the command that printed it']),
          'the reason is further up: look for the first line with "error:", "not found" or "No such file" (make -j1 keeps them in order)',
        ],
        confidence: 'likely',
      }
    },
  },
]
