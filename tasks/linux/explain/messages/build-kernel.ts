/**
 * Builds that stop for reasons of the configuration: certificates and BTF of distributions, modules of other kernels.
 */
import type { Row } from './row.ts'

export const KERNEL_BUILD_ROWS: readonly Row[] = [
  {
    rule: "certificates of a distribution's configuration",
    needle: ['certs/x509_', 'canonical-', 'debian/certs', 'SYSTEM_TRUSTED_KEYS', 'SYSTEM_REVOCATION', 'certs/rhel.pem'],
    pattern:
      /No rule to make target '([^']*(?:\.pem|certs?)[^']*)', needed by '(?:certs\/\S+)'|(?:extract-cert|EXTRACT_CERTS|CERT).*(?:canonical|debian|rhel)\S*\.pem.*|At main\.c:\d+:.*(?:BIO_new_file|no such file)/i,
    answer: (match) => ({
      what: match[1] === undefined ? match[0] : `the build wants ${match[1]}`,
      cause:
        "a distribution's configuration names its own certificates in CONFIG_SYSTEM_TRUSTED_KEYS (and CONFIG_SYSTEM_REVOCATION_KEYS), and they are not in the source",
      fixes: [
        'scripts/config --set-str SYSTEM_TRUSTED_KEYS "" --set-str SYSTEM_REVOCATION_KEYS "", then make olddefconfig',
        'in a lab: `options: { SYSTEM_TRUSTED_KEYS: "", SYSTEM_REVOCATION_KEYS: "" }`; MODULE_SIG_KEY stays certs/signing_key.pem',
      ],
      sources: ['certs/Kconfig, certs/Makefile'],
    }),
  },
  {
    rule: 'BTF of the kernel cannot be made',
    needle: 'btf__dedup failed',
    pattern: /btf_encoder__encode: btf__dedup failed!?/,
    key: () => '',
    cause:
      'pahole could not merge the types of the whole kernel: it is older than the compiler (or the kernel) whose debug information it reads',
    fixes: [
      'a newer pahole: 1.25 or later for kernels of 2023 (6.3), the newest release for newer ones; pahole --version',
      'without BTF: CONFIG_DEBUG_INFO_BTF=n',
    ],
    confidence: 'likely',
    sources: ['scripts/link-vmlinux.sh', 'btf_encoder.c of pahole'],
  },
  {
    rule: 'BTF of the kernel cannot be made',
    needle: ['BTF', 'btf_encoder__encode'],
    pattern:
      /FAILED:? load BTF from (?:vmlinux|\S*\.tmp_vmlinux\S*|\S+\.ko|\S*\.BTF\S*): .*|BTF: \S+: pahole \S* ?is not available|BTF: \S+: pahole version .*too old.*|Failed to generate BTF for vmlinux|btf_encoder__encode: .* failed!?|Failed to encode BTF|Encountered error while encoding BTF|FAILED: encode .*BTF|Try to disable CONFIG_DEBUG_INFO_BTF/,
    key: () => '',
    cause:
      'pahole is missing, too old, or so new that it writes kinds of BTF which the tools of this tree do not know (ENUM64 since 1.24)',
    fixes: [
      'turn off DEBUG_INFO_BTF, or generate the BTF in a separate file: pahole --btf_encode_detached --skip_encoding_btf_enum64',
      'pahole of the time of the kernel: 1.16 or later for 5.4 to 5.15, 1.22 or later for DWARF 5 and modules; stable trees of 2022 and later pass --skip_encoding_btf_enum64 by themselves',
    ],
    confidence: 'likely',
    sources: ['scripts/link-vmlinux.sh', 'commit 341dfcf8d78e (5.4)'],
  },
  {
    rule: 'a function that BPF needs is not in the BTF',
    needle: ['unresolved symbol ', 'resolve_btfids'],
    pattern: /(?:FAILED|WARN:? resolve_btfids:|BTFIDS.*) unresolved symbol (\w+)/,
    answer: (match) => ({
      what: `resolve_btfids finds no ${match[1]} in the BTF of vmlinux`,
      cause: `the source lists ${match[1]} in a set of BTF IDs (BTF_ID, BTF_SET), and the BTF has no such function or type: the compiler inlined or removed it, its option is off, or this pahole leaves it out (a function whose copies differ, a name with a suffix)`,
      fixes: [
        'pahole of the time of the kernel; a compiler of its time: LTO and newer gcc drop static functions',
        'a later stable release of the same branch; CONFIG_DEBUG_INFO_BTF=n where BTF is not needed',
      ],
      confidence: 'likely',
      sources: ['tools/bpf/resolve_btfids/main.c'],
    }),
  },
  {
    rule: 'modules without BTF',
    needle: ['Skipping BTF generation', 'resolve_btfids: No such file', 'resolve_btfids: not found'],
    pattern:
      /Skipping BTF generation for \S+ due to unavailability of vmlinux|resolve_btfids\/resolve_btfids: (?:No such file or directory|not found)/,
    key: ({ 0: text }) => text.replace(/ for \S+/, ''),
    answer: ({ 0: text }) =>
      text.startsWith('Skipping')
        ? {
            cause:
              'the headers package has no vmlinux to make BTF against; the module is built all the same, without types',
            fixes: [
              'nothing; only fentry and CO-RE on types of the module need it',
              'cp /sys/kernel/btf/vmlinux into the build directory',
            ],
            sources: ['scripts/Makefile.modfinal'],
          }
        : {
            cause:
              'the headers package lacks resolve_btfids, which the build needs because there is a vmlinux next to the headers',
            fixes: [
              'remove the link `vmlinux` from the build directory: BTF is then skipped',
              'make modules_prepare in a full source tree',
            ],
            confidence: 'likely',
          },
  },
  {
    rule: 'compiler of the kernel',
    needle: 'compiler differs from the one used',
    pattern: /the compiler differs from the one used to build the kernel/,
    cause:
      'a module is built with another compiler than the kernel; small differences do no harm, other major versions may',
    fixes: ['install the version that is named below and give CC=gcc-N'],
    sources: ['Makefile (check compiler)'],
  },
  {
    rule: 'pahole',
    needle: ['pahole', 'die__process', 'DWARF', 'dwarf'],
    pattern:
      /die__process: (?:DW_TAG_compile_unit|got (?:\w+ )+unexpected tag|\S+).*|pahole: unrecognized option.*|pahole: .*(?:unsupported|Segmentation fault).*|Unsupported DW_TAG_\w+.*|pahole: \S*vmlinux\S*: (?:Invalid argument|No such file or directory|No debugging information found|Bad address).*|pahole: type '[^']*' not found|WARNING: DW_TAG_partial_unit used.*/,
    key: () => '',
    cause:
      'pahole finds no debug information in the file, or does not understand it: DWARF 5 needs 1.21, Rust and newer tags later ones, and files that dwz has compressed (DW_TAG_partial_unit, as SUSE ships them) lose their types',
    fixes: [
      'a newer pahole, or CONFIG_DEBUG_INFO_DWARF4=y; CONFIG_DEBUG_INFO must be on (no DEBUG_INFO_REDUCED, no DEBUG_INFO_SPLIT)',
      'DEBUG_INFO_BTF=n',
    ],
    confidence: 'likely',
  },
  {
    rule: 'options contradict each other',
    needle: ['unmet direct dependencies', 'override: reassigning', 'recursive dependency'],
    pattern: /WARNING: unmet direct dependencies detected for (\w+)|error: recursive dependency detected!/,
    answer: (match) => ({
      cause: `${match[1] ?? 'an option'} is selected although what it depends on is off; the build may fail later because of it`,
      fixes: ['set the options that "Depends on" names, then make olddefconfig'],
      sources: ['Documentation/kbuild/kconfig-language.rst'],
    }),
  },
  {
    rule: 'the tree is not clean',
    needle: ['is not clean', 'mrproper'],
    pattern: /(?:The source tree is not clean|\S+ is not clean), please run '?make(?: ARCH=\S+)? mrproper'?/,
    cause: 'a build with O= needs a clean source tree, and somebody has already built in this one',
    fixes: ['make mrproper in the source (this removes its .config)'],
  },
  {
    rule: 'no configuration',
    needle: ['auto.conf', 'Kernel configuration is invalid', 'Configuration file ".config" not found'],
    pattern:
      /Kernel configuration is invalid|include\/(?:generated\/autoconf\.h|config\/auto\.conf) (?:are missing|is missing)|Configuration file "\.config" not found/,
    key: () => '',
    cause: 'this tree (or these headers) have never been configured',
    fixes: [
      'make olddefconfig && make modules_prepare',
      'for a distribution kernel: install its headers package, and build against /lib/modules/$(uname -r)/build',
    ],
  },
  {
    rule: 'headers of the kernel are not there',
    needle: ['/lib/modules/', 'Your kernel headers for kernel'],
    pattern:
      /make(?:\[\d+\])?: \*\*\* \/lib\/modules\/(\S+)\/build: No such file or directory|Your kernel headers for kernel (\S+) cannot be found/,
    answer: (match) => ({
      cause: `there are no headers of kernel ${match[1] ?? match[2]}`,
      fixes: [
        `apt install linux-headers-${match[1] ?? match[2]} (dnf install kernel-devel-${match[1] ?? match[2]})`,
        'reboot if the kernel was updated: uname -r may be gone from the archive',
      ],
    }),
  },
  {
    rule: 'symbols without a version or definition',
    needle: ['modpost', 'undefined!'],
    pattern:
      /(?:(?:ERROR: )?modpost: |(?:ERROR|WARNING): )(?:"([\w.]+)" \[([^\]]+)\] undefined!|GPL-incompatible module \S+ uses GPL-only symbol '([^']+)'|module \S+ uses symbol (\S+) from namespace (\S+), but does not import it)|WARNING: Symbol version dump "?\S*Module\.symvers"? (?:is missing|does not exist)/,
    answer: (match) => {
      if (match[3] !== undefined)
        return {
          what: `${match[3]} is for GPL modules only`,
          cause: 'EXPORT_SYMBOL_GPL: the licence of the module does not allow its use',
          fixes: ['MODULE_LICENSE("GPL")'],
        }
      // "module:kvm,kvm-amd": the form of EXPORT_SYMBOL_FOR_MODULES().
      if (match[5]?.startsWith('module:') === true)
        return {
          what: `${match[4]} is exported to named modules only`,
          cause: `the kernel exports ${match[4]} to the modules that are named (${match[5].slice('module:'.length).replace(/,$/, '')}) and to no other one: no MODULE_IMPORT_NS() opens such a namespace`,
          fixes: [
            'a newer release of the module, which does without the function; or a patch of the kernel that exports it',
          ],
          confidence: 'likely',
          sources: ['commit 707f853d7fa3 (6.16)', 'include/linux/export.h'],
        }
      if (match[4] !== undefined)
        return {
          cause: `${match[4]} is in the symbol namespace ${match[5]}`,
          fixes: [`MODULE_IMPORT_NS(${match[5]}); as a string since 6.13`],
        }
      return {
        what: match[1] === undefined ? match[0] : `${match[1]} is not exported to modules`,
        cause:
          'the kernel has no EXPORT_SYMBOL of it (it is static, inlined or unexported in this version), or its Module.symvers is missing',
        fixes: [
          '`expose:` of lab (as: [exported]) exports a function; modules outside the tree: build the kernel first, Module.symvers comes with it',
          'kallsyms_lookup_name() is exported from 2.6.33 to 5.6, and no longer since 5.7',
        ],
        confidence: 'likely',
        sources: ['commit 0bd476e6c671 (5.7, kallsyms_lookup_name)'],
      }
    },
  },
  {
    rule: 'test_attr__* is missing at link time',
    needle: 'undefined reference to',
    pattern: /undefined reference to [`'"‘]test_attr__\w+/,
    key: () => '',
    what: 'tools/perf/perf-sys.h calls functions of perf that this program does not have',
    cause: 'the header calls test_attr__enabled and test_attr__open unless HAVE_ATTR_TEST is 0, and its default is 1',
    fixes: ['compile with -DHAVE_ATTR_TEST=0, as samples/bpf/Makefile does'],
    sources: ['tools/perf/perf-sys.h'],
  },
  {
    rule: 'asm goto',
    needle: 'asm',
    pattern:
      /error: (?:'asm goto' constructs are not supported|expected '\(' after 'asm'|invalid use of asm_volatile_goto)/,
    key: () => '',
    what: "the compiler cannot read the kernel's inline assembly",
    cause: 'headers of the kernel use `asm goto` and `asm inline`; clang before 9 knows neither',
    fixes: [
      'a newer clang; or -include asm_goto_workaround.h of samples/bpf (5.0 and later); or only headers of include/uapi and vmlinux.h',
    ],
    sources: ['samples/bpf/asm_goto_workaround.h'],
  },
  {
    rule: 'BPF program cannot be compiled',
    needle: ['error: '],
    pattern:
      /error: (?:A call to built-in function '([^']+)' is not supported|unable to (?:translate|legalize) .*|too many args to \S+|Looks like the BPF stack limit .*exceeded.*|.*BPF stack limit of 512 bytes is exceeded.*|The pointer types? .* BPF.*|.*: (?:defined with too many args|too many args))|No available targets are compatible with .*"?bpf"?|unknown target triple 'bpf'|error: unable to create target: .*bpf.*/i,
    answer: (match) => {
      if (/target/i.test(match[0]) && /triple|No available|create target/i.test(match[0]))
        return {
          cause: 'this clang was built without the BPF target',
          fixes: ['apt install clang llvm of the distribution; llc --version lists targets'],
        }
      if (/stack limit/.test(match[0]))
        return {
          cause: 'a BPF program has 512 bytes of stack, over all inlined functions',
          fixes: ['put the struct into a map (BPF_MAP_TYPE_PERCPU_ARRAY with one entry)'],
        }
      if (match[1] !== undefined)
        return {
          cause: `clang made a call of ${match[1]} of this code (a large copy or initialisation), and BPF has no C library`,
          fixes: ['__builtin_memset/__builtin_memcpy with a constant size that is unrolled; copy smaller pieces'],
        }
      return {
        cause: 'BPF functions take five arguments, all in registers, and no structures by value',
        fixes: ['pass a pointer to a structure, or mark the function static __always_inline'],
      }
    },
  },
]
