/**
 * Builds of a kernel that stop for lack of a program or library on the host. Packages as Debian and Ubuntu name them;
 * others in brackets.
 */
import { group, type Row } from './row.ts'

/** Header or program -> package (Fedora's name where it is another). */
const HEADERS: readonly (readonly [file: RegExp, debian: string, fedora: string])[] = [
  [/libelf\.h|gelf\.h/, 'libelf-dev', 'elfutils-libelf-devel'],
  [/elfutils\/libdw|dwarf\.h|libdwfl/, 'libdw-dev', 'elfutils-devel'],
  [/openssl\/\w+\.h/, 'libssl-dev', 'openssl-devel (openssl-devel-engine for engine.h)'],
  [/n?curses\.h/, 'libncurses-dev', 'ncurses-devel'],
  [/zlib\.h/, 'zlib1g-dev', 'zlib-devel'],
  [/bfd\.h/, 'binutils-dev', 'binutils-devel'],
  [/sys\/capability\.h/, 'libcap-dev', 'libcap-devel'],
  [/gmp\.h|mpc\.h|mpfr\.h|gcc-plugin\.h/, 'gcc-VERSION-plugin-dev, libgmp-dev, libmpc-dev', 'gcc-plugin-devel'],
  [/asm\/types\.h|asm\/errno\.h|gnu\/stubs-32\.h/, 'gcc-multilib', 'glibc-devel.i686'],
  [/numa\.h/, 'libnuma-dev', 'numactl-devel'],
  [/bpf\/(?:libbpf|bpf|bpf_helpers|bpf_tracing|bpf_core_read)\.h/, 'libbpf-dev', 'libbpf-devel'],
  [/traceevent|event-parse\.h/, 'libtraceevent-dev', 'libtraceevent-devel'],
  [/slang\.h/, 'libslang2-dev', 'slang-devel'],
  [/Python\.h/, 'python3-dev', 'python3-devel'],
  [/bcc\/\w+\.h|bcc_\w+\.h/, 'libbpfcc-dev', 'bcc-devel'],
  [/sys\/sdt\.h/, 'systemtap-sdt-dev', 'systemtap-sdt-devel'],
  [/xdp\/\w+\.h/, 'libxdp-dev', 'libxdp-devel'],
  [/libmnl\/\w+\.h/, 'libmnl-dev', 'libmnl-devel'],
  [/readline\/readline\.h/, 'libreadline-dev', 'readline-devel'],
  [/babeltrace2?\/\S+\.h/, 'libbabeltrace-dev', 'libbabeltrace-devel'],
  [/unwind\.h|libunwind\S*\.h/, 'libunwind-dev', 'libunwind-devel'],
  [/pcap(?:\/\w+)?\.h/, 'libpcap-dev', 'libpcap-devel'],
  [/llvm(?:-c)?\/\S+\.h|clang\/\S+\.h/, 'llvm-dev libclang-dev', 'llvm-devel clang-devel'],
  [/stddef\.h|stdarg\.h|stdbool\.h/, 'gcc (or clang): its own headers are missing', 'gcc'],
]

/** Headers that no package has: what makes them. */
const MADE: readonly (readonly [file: RegExp, cause: string, fix: string])[] = [
  [
    /^asm\/unaligned\.h$/,
    'the header moved: asm/unaligned.h is linux/unaligned.h since 6.12 (commit 5f60d5f6bbc1)',
    '#include <linux/unaligned.h> under #if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0); a newer release of the module has it',
  ],
  [
    /vmlinux\.h$/,
    'vmlinux.h has to be generated from the BTF of a kernel, and that has not been done yet',
    'bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h',
  ],
  [
    /\.skel\.h$/,
    'the skeleton of a BPF object is generated from it, before the loader is compiled',
    'bpftool gen skeleton PROBE.o > PROBE.skel.h; look for an earlier error of this step',
  ],
  [
    /^(?:generated|config)\/|autoconf\.h$|\/(?:generated|config)\//,
    'the tree was never configured and prepared: this header is made by its build',
    'make olddefconfig && make modules_prepare in the tree; or install the headers package of the distribution',
  ],
  [
    /^(?:uapi\/|net\/|trace\/|kunit\/|linux\/(?:kconfig|module|kernel|ptrace|sched|skbuff|fs|kprobes|init|version|bpf\w*|kvm\w*|mm\w*|uaccess|slab|device|cdev)\.h)/,
    'this is a header of the kernel, which only a build inside a kernel tree (or with its -I options) finds; include/uapi is what user space sees, without uapi/ in the name',
    'include <linux/NAME.h> for what is in include/uapi (linux-libc-dev), or take vmlinux.h in a BPF program; a module is built with make -C /lib/modules/$(uname -r)/build M=$PWD',
  ],
]

const PROGRAMS: Readonly<Record<string, string>> = {
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  pahole: 'pahole (dwarves on older releases)',
  openssl: 'openssl',
  rsync: 'rsync',
  cpio: 'cpio',
  lz4: 'lz4',
  lz4c: 'lz4',
  zstd: 'zstd',
  xz: 'xz-utils',
  lzop: 'lzop',
  gzip: 'gzip',
  bzip2: 'bzip2',
  perl: 'perl',
  python3: 'python3',
  'dpkg-buildpackage': 'dpkg-dev',
  debhelper: 'debhelper',
  llc: 'llvm',
  clang: 'clang',
  'ld.lld': 'lld',
  'llvm-strip': 'llvm',
  'llvm-objcopy': 'llvm',
  nasm: 'nasm',
  mkimage: 'u-boot-tools',
  kmod: 'kmod',
  depmod: 'kmod',
  bpftool: 'bpftool (linux-tools-common on Ubuntu)',
  bindgen: 'bindgen',
  rustc: 'rustc',
  gawk: 'gawk',
  strace: 'strace',
  make: 'make',
  gcc: 'gcc',
  ld: 'binutils',
}

const install = (debian: string, fedora?: string): string[] => [
  `apt install ${debian}`,
  ...(fedora === undefined ? [] : [`Fedora and RHEL: dnf install ${fedora}`]),
]

export const HOST_ROWS: readonly Row[] = [
  {
    rule: 'headers of the kernel are incomplete',
    needle: ['/usr/src/linux-headers', '/usr/src/kernels/', '/lib/modules/'],
    pattern:
      /sh: (?:\d+: |line \d+: )?(\/(?:usr\/src\/(?:linux-headers|kernels)|(?:usr\/)?lib\/modules)\S*\/(?:scripts|tools)\/\S+): (?:not found|No such file or directory|cannot execute.*|Exec format error)/,
    key: (match) => group(match, 1),
    answer: (match) => ({
      what: `${match[1]} is missing`,
      cause:
        'the build of a module runs a program of the headers package, and the package does not have it, or has it for another machine: it is of another version than the package with the scripts (linux-kbuild), or was cross-built without them',
      fixes: [
        'reinstall both packages in the same version: apt install --reinstall linux-headers-VERSION linux-kbuild-VERSION',
        'make modules_prepare (or make scripts) in a full source tree of this kernel, and build against that',
      ],
      confidence: 'likely',
      sources: ['scripts/package of the kernel'],
    }),
  },
  {
    rule: 'a package is missing on the host',
    needle: [
      'please install libelf',
      'libelf-dev',
      'Cannot use CONFIG_STACK_VALIDATION',
      'Cannot generate ORC metadata',
      'Cannot resolve BTF IDs',
    ],
    pattern:
      /(?:Cannot generate (?:ORC metadata|static_call)|Cannot use CONFIG_STACK_VALIDATION|Cannot resolve BTF IDs).*please install libelf.*|Please install libelf-dev.*/i,
    key: () => 'libelf',
    cause: 'objtool and resolve_btfids are built from the tree and read ELF files: they need the headers of libelf',
    fixes: install('libelf-dev', 'elfutils-libelf-devel'),
    otherwise:
      'the package is there and the test still fails: the host compiler (HOSTCC) cannot link, try `echo "int main(){}" | gcc -xc - -lelf`',
    sources: ['Makefile (prepare-objtool)'],
  },
  {
    rule: 'a package is missing on the host',
    needle: ['No such file or directory', 'file not found'],
    pattern: /fatal error: '?([\w/.-]+\.h)'?(?:: No such file or directory| file not found)/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const header = group(match, 1)
      const [, debian, fedora] = HEADERS.find(([file]) => file.test(header)) ?? []
      if (debian !== undefined)
        return {
          what: `${header} is not on this host`,
          cause: 'the program that is compiled includes this header, and the package that has it is not installed',
          fixes: install(debian, fedora),
          confidence: 'likely',
        }
      const [, cause, fix] = MADE.find(([file]) => file.test(header)) ?? []
      return cause !== undefined && fix !== undefined
        ? { what: `the compiler finds no ${header}`, cause, fixes: [fix], confidence: 'likely' }
        : {
            what: `the compiler finds no ${header}`,
            cause:
              'no directory that the compiler searches (-I) has this header: its package or the source tree is missing',
            fixes: [
              `apt-file search ${header}, dnf provides '*/${header}': which package has it`,
              'if the file is there, add its directory with -I; a git submodule may be missing: git submodule update --init',
            ],
            confidence: 'possible',
          }
    },
  },
  {
    rule: 'a program is missing on the host',
    needle: ['not found', 'No such file or directory', 'command not found', 'Command not found'],
    pattern:
      /(?:\/bin\/(?:ba|da)?sh|sh|bash|make(?:\[\d+\])?|env|xargs|scripts\/\S+): (?:(?:line )?\d+: )?['"]?([\w.+-]+)['"]?: (?:(?:command |Command )?not found|No such file or directory)\s*$/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const name = group(match, 1)
      const debian = PROGRAMS[name]
      return debian === undefined
        ? undefined
        : {
            what: `${name} is not on this host`,
            cause: 'the build runs this program',
            fixes: install(debian),
            otherwise: 'it is installed, but not on the PATH of the build',
          }
    },
  },
  {
    rule: 'a package is missing on the host',
    needle: ['find the ncurses', "'ncurses' libraries"],
    pattern: /Unable to find the ncurses (?:package|libraries)|Unable to find the 'ncurses' libraries/,
    key: () => 'ncurses',
    cause: 'make menuconfig draws with ncurses, whose headers are not installed',
    fixes: [
      ...install('libncurses-dev', 'ncurses-devel'),
      'make config or editing .config with scripts/config needs none',
    ],
  },
  {
    rule: 'a library is missing on the host',
    needle: ['cannot find -l', 'cannot found -l', 'unable to find library -l', 'library not found for -l'],
    pattern: /(?:cannot (?:find|found)|unable to find library|library not found for) -l([\w.+-]+)/,
    answer: (match) => ({
      what: `the linker finds no lib${group(match, 1)}`,
      cause: 'the headers or the static archive of this library are not installed (-static needs lib*.a)',
      fixes: install(
        {
          elf: 'libelf-dev',
          ssl: 'libssl-dev',
          crypto: 'libssl-dev',
          z: 'zlib1g-dev',
          dw: 'libdw-dev',
          cap: 'libcap-dev',
          bfd: 'binutils-dev',
          numa: 'libnuma-dev',
          bpf: 'libbpf-dev',
          mnl: 'libmnl-dev',
          slang: 'libslang2-dev',
          zstd: 'libzstd-dev',
          lzma: 'liblzma-dev',
          c: 'libc6-dev',
          m: 'libc6-dev',
          pthread: 'libc6-dev',
          rt: 'libc6-dev',
          dl: 'libc6-dev',
          gcc: 'gcc',
          gcc_s: 'gcc',
          'stdc++': 'g++',
          tinfo: 'libncurses-dev',
          pcap: 'libpcap-dev',
          xdp: 'libxdp-dev',
          bcc: 'libbpfcc-dev',
          unwind: 'libunwind-dev',
          ncurses: 'libncurses-dev',
          ncursesw: 'libncurses-dev',
        }[group(match, 1)] ??
          `lib${group(match, 1)}-dev (or the package that "apt-file search lib${group(match, 1)}." names)`,
      ),
    }),
  },
  {
    rule: 'compiler does not fit the kernel',
    needle: [
      'unrecognized command-line option',
      'unrecognized command line option',
      'unknown argument:',
      'Compiler lacks',
      'is too old',
      'Sorry, your compiler',
      'Sorry, your',
    ],
    pattern:
      /(?:gcc|cc1|clang)(?:-\d+)?: error: (?:unrecognized command[- ]line option|unknown argument:) ['‘"]?(-[\w=+,-]+)|\*\*\* (Compiler lacks asm-goto support|Sorry, your (?:compiler|GCC|assembler).*|C compiler '\S+' is too old.*|Compiler .* is too old.*)|You are building kernel with non-retpoline compiler/,
    key: (match) => match[1] ?? match[2] ?? '',
    answer: (match) => ({
      cause:
        match[1] === undefined
          ? 'the kernel needs a newer compiler than this one'
          : `the compiler does not know ${match[1]}: the tree was configured with another compiler, or wants a newer (or much older) one`,
      fixes: [
        'make olddefconfig with the same CC as the build; Documentation/process/changes.rst lists the minimum versions',
        '`lab build kernel` says which compiler it takes',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'the disk is full',
    needle: ['No space left on device', 'no space left on device'],
    pattern:
      /^(?!.*(?:cgroup|inotify|\/sys\/|\/proc\/|\b(?:bpf|ebpf|perf|filler|prog(?:ram)?|map|shm|sem|loop)\b)).*(?:\b(?:gcc|cc1|ld|as|ar|cp|mv|dd|scp|rsync|tar|cpio|dpkg|objcopy|BTF|pahole|writing|mkdir|fatal error|final close).*: |(?<!write )error: .*)[Nn]o space left on device/,
    key: () => '',
    cause:
      'the file system that is written to (or /tmp) is full, or has no inodes left (df -i); a kernel with debug information takes 10 to 30 GB',
    fixes: ['df -h . /tmp; `lab gc` frees what the lab no longer uses; DEBUG_INFO=n makes builds much smaller'],
  },
  {
    rule: 'the compiler was killed',
    needle: ['Killed signal terminated program', 'internal compiler error: Killed', 'terminated by signal 9'],
    pattern:
      /(?:fatal error: Killed signal terminated program (\w+)|internal compiler error: Killed.*|collect2: fatal error: ld terminated with signal 9.*|terminated by signal 9.*)/,
    key: () => '',
    cause: 'the machine ran out of memory, and the kernel of the host killed the compiler, the linker or pahole',
    fixes: ['fewer jobs (make -j2), more memory or swap; pahole with --threads=1; DEBUG_INFO_REDUCED=y'],
    confidence: 'likely',
    otherwise: 'dmesg of the host: "Out of memory: Killed process"',
  },
]
