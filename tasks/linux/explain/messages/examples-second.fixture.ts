import type { Example } from './example.fixture.ts'

export const SECOND: readonly Example[] = [
  [
    'loading objects: field Count: program count: load program: invalid argument',
    'program cannot be loaded',
    /log level 1/,
  ],
  [
    'load program: bad address (hit verifier bug, increase LogSizeStart to fit the log and check dmesg)',
    'log of the verifier is too long',
    /LogSizeStart/,
  ],
  ['/bin/sh: 1: ./tools/objtool/objtool: not found', 'objtool is not in the build tree', /modules_prepare/],
  [
    "make[1]: *** No rule to make target 'tools/objtool/objtool', needed by '/src/x.o'.  Stop.",
    'objtool is not in the build tree',
    /linux-headers/,
  ],
  [
    'configure: error: *** objtool binary /src/tools/objtool/objtool not found',
    'objtool is not in the build tree',
    /build directory/,
  ],
  [
    "[ 1.0] do_init_module: 'x'->init suspiciously returned 9, it should follow 0/-E convention",
    'init of a module returned a positive number',
    /keeps the module loaded/,
  ],
  ['WARNING: "do_thing" [/tmp/x.ko] undefined!', 'symbols without a version or definition', /EXPORT_SYMBOL/],
  ["insmod: error inserting 'x.ko': -1 Unknown symbol in module", 'module refused', /modprobe/],
  ['x: Unknown symbol do_thing', 'module needs a symbol that is not there', /do_thing/],
  [
    "ls: cannot access '/sys/kernel/debug/tracing/events/none': No such file or directory",
    'a file of the kernel',
    /no events of a group none/,
  ],
  ["x.c:1:2: error: 'struct kprobe' has no member named 'fault_handler'", 'compiler error', /5\.14/],
  ["x.c:1:2: error: too many arguments to function 'class_create'", 'compiler error', /6\.4/],
  ["x.c:1:2: error: passing argument 4 of 'proc_create' from incompatible pointer type", 'compiler error', /proc_ops/],
  ['WARN: skipping perf event due to error: Permission denied', 'an error by its number', /goes on without it/],
  [
    '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(1,0)',
    'boot: no root device',
    /-initrd/,
  ],
  [
    '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(254,0)',
    'boot: no root device',
    /format=qcow2/,
  ],
  ["libbpf: failed to find '.BTF' ELF section in vmlinux", 'no BTF in the file', /pahole/],
  [
    'msg="x, ignoring due to best-effort mode" error="program p: create link: operation not supported xdp',
    'tracing link refused',
    /native XDP.*goes on/,
  ],
  ['create raw tracepoint: not supported', 'tracing link refused', /arm64 before 6\.4/],
  ["libbpf: failed to auto-attach program 'p': -524", 'program cannot be attached by libbpf', /trampoline/],
  ["libbpf: prog 'p': failed to auto-attach: -EBUSY", 'program cannot be attached by libbpf', /patched/],
  ['failed to initialize usdt context for path syscalls', 'bpftrace takes a group for a file', /nothing is wrong/],
  [
    'ValueError: virtual address translation is only available for the Linux kernel',
    'drgn does not see a kernel in the dump',
    /vmcoreinfo/,
  ],
  ["_drgn.FileFormatError: libelf error: invalid `Elf' handle", 'debug information of the kernel', /DEBUG_INFO/],
  ['warning: /tmp/vmcore: not an ELF file; ignoring', 'drgn does not see a kernel in the dump', /libkdumpfile/],
  [
    'Error: virtio_net: XDP expects header/data in single page, any_header_sg required.',
    'netlink refuses an XDP program',
    /generic/,
  ],
  ['nlmsg error Operation not supported', 'netlink refuses an XDP program', /generic mode/],
  ['/init:line 177: syntax error: bad substitution', 'a script for another shell', /busybox/],
  ['./x.sh: 12: [[: not found', 'a script for another shell', /bash/],
  [
    "switch_root: can't execute '/sbin/init': no such file or directory",
    'boot: no init in the root file system',
    /sbin\/init/,
  ],
  ['Kernel panic - not syncing: Attempting to kill init! exitcode=0x00000100', 'boot: init ended', /status 1/],
  [
    '[ 1.0] VFS: Cannot open root device "(null)" or unknown-block(0,0): error -19',
    'boot: no root device',
    /NET_9P_VIRTIO/,
  ],
  [
    '[ 1.0] VFS: Cannot open root device "/dev/root" or unknown-block(0,0): error -2',
    'boot: no root device',
    /mount_tag/,
  ],
]
