/** Linkers, and the checks that the kernel's Makefile makes of them and of the compiler. */
import { group, type Answer, type Row } from './row.ts'

/** Symbols that are missing when a whole part was compiled otherwise than the rest: what the part is. */
const SYMBOLS: readonly (readonly [name: RegExp, cause: string, fixes: readonly string[]])[] = [
  [
    /^__stack_chk_(?:guard|fail)/,
    'the compiler was told to protect stacks, and the kernel was configured without (or with another form of) the stack protector: the configuration was made with another compiler',
    [
      'make olddefconfig with the same CC, LLVM=1 and CROSS_COMPILE as the build; CONFIG_STACKPROTECTOR=n for a test',
      'a compiler of a distribution that turns -fstack-protector on by default: KCFLAGS=-fno-stack-protector',
    ],
  ],
  [
    /^__(?:aeabi_|u?divdi3|u?moddi3|ashldi3|lshrdi3|muldi3)/,
    'the code divides (or shifts) 64-bit numbers on a 32-bit machine: the compiler calls its own library, which the kernel does not link',
    ['div_u64(), do_div() and div64_u64() of <linux/math64.h>'],
  ],
  [
    /^__(?:popcount|clz|ctz|bswap|parity|ffs)[sdt]i2$/,
    'the compiler calls a function of its own library (libgcc, compiler-rt) for what the CPU does in one instruction, and the kernel links no such library: it is newer than the tree, or optimises for another CPU',
    [
      'a compiler of the age of the tree; a later stable release of the same branch may have the function',
      'take -march=native, -O3 and the like out of KCFLAGS',
    ],
  ],
  [
    /^__(?:asan|kasan|msan|tsan|ubsan|sanitizer|gcov|llvm_|cfi|kcfi|sanitizer_cov)/,
    'a part was compiled with instrumentation that the rest of the kernel lacks',
    [
      'make clean after a change of sanitizer options; CONFIG_KASAN, CONFIG_UBSAN and CONFIG_GCOV_KERNEL set for all or none',
    ],
  ],
  [
    /^(?:bpf_|btf_|__bpf_|xdp_)/,
    'the symbol is of libbpf or of BPF in the kernel: an older libbpf, or CONFIG_BPF_SYSCALL, CONFIG_BPF_JIT or CONFIG_DEBUG_INFO_BTF is off',
    [
      "a newer libbpf (ldconfig -p | grep libbpf shows which is found); in a kernel: the option that \"git grep -n SYMBOL -- '*/Kconfig' '*/Makefile'\" leads to",
    ],
  ],
  [
    /^(?:elf_|gelf_)/,
    'libelf is not linked: it comes after the objects and libbpf that use it',
    ['-lbpf -lelf -lz, in this order, behind the object files; apt install libelf-dev zlib1g-dev'],
  ],
  [
    /^(?:ZSTD_|zstd|compress|inflate|crc32$|gz)/,
    'a static libelf or libbpf needs zlib and zstd, which are not linked',
    ['-lbpf -lelf -lz -lzstd; apt install zlib1g-dev libzstd-dev'],
  ],
]

function missing(name: string): Answer {
  const [, cause, fixes] = SYMBOLS.find(([pattern]) => pattern.test(name)) ?? []
  return {
    what: `the linker finds no ${name}`,
    cause:
      cause ??
      `nothing that is linked defines ${name}: the option that compiles its file is off, a built-in part uses something that is built as a module, or a library is missing`,
    fixes: fixes ?? [
      `git grep -n ${name} finds the file; its Makefile names the option (obj-$(CONFIG_...)): set it to y, or select it where it is used`,
      'in a program: the library behind the object files (-lNAME)',
    ],
    confidence: cause === undefined ? 'possible' : 'likely',
  }
}

export const LINKER_ROWS: readonly Row[] = [
  {
    rule: 'objtool is not in the build tree',
    needle: ['tools/objtool/objtool', 'objtool binary '],
    pattern:
      /No rule to make target [`']\S*tools\/objtool\/objtool'|(?:\.\/|\/\S*)tools\/objtool\/objtool: (?:not found|No such file or directory)|objtool binary \S+ not found/,
    key: () => '',
    cause:
      'modules are checked with objtool, a program that is built with the kernel. This build tree (headers that were packaged without tools/, or sources in which nothing was built yet) does not have it',
    fixes: [
      'the headers package of exactly this kernel, complete: apt install linux-headers-$(uname -r), dnf install kernel-devel-$(uname -r)',
      'in a tree of your own: make modules_prepare (or make tools/objtool), in the build directory where sources and build directory differ (O=)',
    ],
    confidence: 'likely',
    sources: ['scripts/Makefile.build', 'tools/objtool'],
  },
  {
    rule: 'a submodule is not there',
    needle: 'No rule to make target',
    pattern:
      /No rule to make target [`'"](?!\S*tools\/bpf\/)(\S*\/(?:libbpf|bpftool|blazesym|third_party|3rdparty|vendor|deps|submodules|external)\/\S*?)(?:['"]|$)/,
    answer: (match) => ({
      what: `${match[1]} is missing`,
      cause:
        'the project keeps the sources of other projects as git submodules, and they were not fetched: the directory is empty',
      fixes: [
        'git submodule update --init --recursive; an archive (zip, tar.gz) of the project has no submodules: clone it',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'this linker cannot link the kernel',
    needle: ['relocation overflow', 'Invalid absolute R_', 'Invalid relative R_'],
    pattern:
      /(?:error: )?relocation overflow: reference to '?(\w+)'?|Invalid (?:absolute|relative) (R_\w+) relocation: (\w+)/,
    key: ({ 0: text }) => text.replace(/(?:to|relocation:) .*/, ''),
    cause:
      'symbols lie further apart, or elsewhere, than the code allows: gold does not support the linker scripts of the kernel, or newer binutils (2.31 and later) place symbols differently than old trees expect',
    fixes: [
      'make LD=ld.bfd (or LLVM=1 for ld.lld): gold cannot link a kernel, and newer trees refuse it (scripts/Kconfig.include); ld --version shows what is used',
      'binutils and gcc of the age of the tree; a later stable release of the same branch',
    ],
    confidence: 'likely',
    sources: ['arch/x86/tools/relocs.c'],
  },
  {
    rule: 'a symbol is too far away',
    needle: 'relocation truncated to fit',
    pattern: /relocation truncated to fit: (R_\w+) against.*/,
    key: (match) => group(match, 1),
    cause:
      'the instruction cannot reach the symbol. In a kernel the image is too large (a built-in driver or initramfs, KASAN); in a program its static data is (more than 2 GB on x86-64), or an object was compiled for another code model',
    fixes: [
      'a kernel: turn built-in drivers into modules (=m), and give the initramfs with -initrd; a compiler and binutils of the age of the tree',
      'a program: allocate large arrays with malloc() or mmap(), or compile all objects with -mcmodel=medium',
    ],
    confidence: 'likely',
    sources: ['ld(1), gcc(1): -mcmodel'],
  },
  {
    rule: 'the linker finds no symbol',
    needle: ['undefined symbol: ', 'undefined reference to'],
    pattern:
      /(?:ld\.lld|ld|lld|gold|mold)[\w.-]*: (?:error: )?undefined (?:hidden |protected )?symbol: (\w+)|undefined reference to (?:symbol )?[`'"‘](\w+)['’"]/,
    key: (match) => match[1] ?? group(match, 2),
    answer: (match) => missing(match[1] ?? group(match, 2)),
  },
  {
    rule: 'a variable is defined twice',
    needle: 'multiple definition of',
    pattern: /multiple definition of [`'"‘](?!yylloc)(\w+)['’"]?/,
    answer: (match) => ({
      what: `${match[1]} is defined in several files`,
      cause: `a header or several files define ${match[1]} without extern. Up to gcc 9 and clang 10 the linker put such variables together (-fcommon); newer compilers use -fno-common, and it is an error`,
      fixes: [
        `extern in the header, and one file that defines ${match[1]}`,
        'for old code: HOSTCFLAGS=-fcommon (tools of a build), CFLAGS=-fcommon; or gcc-9',
      ],
      confidence: 'likely',
      sources: ['gcc.gnu.org/gcc-10/porting_to.html'],
    }),
  },
  {
    rule: 'compilers of two versions are mixed',
    needle: [
      'Opaque pointers',
      'Invalid record',
      'Unknown attribute kind',
      'Producer: ',
      'lto version',
      'bytecode stream',
    ],
    pattern:
      /.*(?:Opaque pointers are only supported|Invalid record|Unknown attribute kind|Invalid bitcode).*(?:Producer|Reader).*|.*\(Producer: '[^']*' Reader: '[^']*'\).*|.*bytecode stream in file .* generated with LTO version.*/,
    key: () => '',
    cause:
      'with LTO the object files hold code of the compiler, and the linker (or another tool) is of an older LLVM or gcc than the compiler that wrote them',
    fixes: [
      'clang, ld.lld, llvm-ar and llvm-nm of one release: make LLVM=1 (or LLVM=-17), with its directory first in PATH',
      'make clean, where objects of an earlier compiler are left; CONFIG_LTO_NONE=y',
    ],
    sources: ['Documentation/kbuild/llvm.rst'],
  },
  {
    rule: 'compiler does not fit the configuration',
    needle: 'annot use CONFIG_',
    pattern: /Cannot use (CONFIG_\w+)(?:: | )(.*)/,
    answer: (match) => ({
      what: `${match[1]} cannot be used: ${match[2]}`,
      cause: `the configuration asks for ${match[1]}, and this compiler or linker does not have what it needs`,
      fixes: [
        `the tool that the message names, in the version that it names; or scripts/config -d ${group(match, 1).replace('CONFIG_', '')}, then make olddefconfig with the CC, LD and LLVM of the build`,
      ],
      sources: ['Makefile of the kernel (prepare-compiler-check)'],
    }),
  },
  {
    rule: 'no build tree of a kernel',
    needle: ["No rule to make target 'modules'", 'No rule to make target `modules'],
    pattern: /No rule to make target [`']modules'\.?/,
    cause:
      'modules are built in the tree or the headers of the running kernel (/lib/modules/$(uname -r)/build), and the directory has no Makefile of a kernel: the headers are not installed, are of another version (the kernel was updated and not booted), or the link leads to an empty directory',
    fixes: [
      'apt install linux-headers-$(uname -r) (dnf: kernel-devel, pacman: linux-headers); reboot after an update of the kernel',
      'ls -l /lib/modules/$(uname -r)/build/Makefile; make -C SOURCE_TREE M=$PWD modules for a kernel of your own (after make modules_prepare)',
    ],
    confidence: 'likely',
    sources: ['Documentation/kbuild/modules.rst'],
  },
]
