import type { Example } from './example.fixture.ts'

export const MORE: readonly Example[] = [
  [
    'ERROR: increase /proc/sys/kernel/perf_event_mlock_kb or take smaller buffers',
    'perf may not map its buffers',
    /locked memory/,
  ],
  [
    '    bpf call "libbpf_rs::map::Map::attach_struct_ops::{{closure}}" returned NULL',
    'libbpf-rs: a call of libbpf failed',
    /sched_ext/,
  ],
  [
    'bpf call "libbpf_rs::program::ProgramMut::attach_kprobe" returned NULL',
    'libbpf-rs: a call of libbpf failed',
    /set_print/,
  ],
  [
    'audit: type=1400 audit(1.2:3): avc:  denied  { prog_load } for  pid=1 comm="loader" scontext=a:b:c:s0 tcontext=a:b:c:s0 tclass=bpf permissive=0',
    'SELinux forbids it',
    /load a BPF program.*prog_load/s,
  ],
  [
    'audit: type=1400 audit(1.2:3): apparmor="DENIED" operation="capable" profile="docker-default" pid=1 comm="x" capability=39  capname="bpf"',
    'AppArmor forbids it',
    /unconfined/,
  ],
  ['mount: /sys/kernel/debug: permission denied.', 'a file system of the kernel cannot be mounted', /-v \/sys\/kernel/],
  [
    "mount: /sys/fs/bpf: unknown filesystem type 'bpf'.",
    'a file system of the kernel cannot be mounted',
    /BPF_SYSCALL/,
  ],
  [
    "libbpf: Kernel error message: net_x: Can't set XDP while LRO is on, disable it first",
    'netlink refuses an XDP or TC program',
    /ethtool -K/,
  ],
  ['libbpf: Kernel error message: MTU too large to enable XDP', 'netlink refuses an XDP or TC program', /mtu 1500/],
  ['libbpf: Kernel error message: too few free TX rings', 'netlink refuses an XDP or TC program', /ethtool -L/],
  [
    "ld.lld: error: a.o: Invalid record (Producer: 'LLVM17.0.1' Reader: 'LLVM 14.0.0')",
    'compilers of two versions are mixed',
    /LLVM=/,
  ],
  ['ld.lld: error: undefined symbol: __stack_chk_guard', 'the linker finds no symbol', /STACKPROTECTOR/],
  ["x86_64-linux-gnu-ld: a.c:9: undefined reference to `gelf_getehdr'", 'the linker finds no symbol', /-lelf/],
  ['Cannot use CONFIG_LTO_X: wants another linker', 'compiler does not fit the configuration', /olddefconfig/],
  ["make[1]: *** No rule to make target 'modules'.  Stop.", 'no build tree of a kernel', /linux-headers/],
  ['ERROR: modpost: missing MODULE_LICENSE() in a.o', 'module without a license', /GPL/],
  ["a: module license 'Own' taints kernel.", 'module without a license', /tainted \(P\)/],
  ['[ 9.0] demo: loading out-of-tree module taints kernel.', 'module of outside of the tree', /flag O/],
  ['[ 1.0] Waiting for root device /dev/vdz...', 'boot: no root device', /rootwait/],
  ["[ 1.0] EXT4-fs (vda): VFS: Can't find ext4 filesystem", 'boot: no root device', /partitions/],
  ['[ 1.0] Warning: unable to open an initial console.', 'boot: no console', /mknod/],
  [
    '[ 9.0] demo[12]: segfault at 8 ip 00005 sp 00007 error 6 in demo[5000+1000]',
    'a user program crashed',
    /wrote address 0x8, which is not mapped/,
  ],
  [
    '[ 9.0] perf: interrupt took too long (3000 > 2500), lowering kernel.perf_event_max_sample_rate to 66000',
    'sampling took too long',
    /66000 samples/,
  ],
  [
    "[ 9.0] clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large",
    'the clock of the machine is not stable',
    /trace_clock/,
  ],
  [
    '[ 9.0] CFI failure at demo_call+0x1f/0x40 [demo] (target: demo_cb+0x0/0x10; expected type: 0x1)',
    'indirect call of another type',
    /wrong cast/,
  ],
  [
    'The sys_perf_event_open() syscall returned with 3 (No such process) for event (cycles).',
    'perf_event_open refused',
    /ended/,
  ],
  [
    'The sys_perf_event_open() syscall returned with 24 (Too many open files) for event (a).',
    'perf_event_open refused',
    /ulimit -n/,
  ],
  [
    'The sys_perf_event_open() syscall returned with 16 (Device or resource busy) for event (a).',
    'perf_event_open refused',
    /nmi_watchdog/,
  ],
  [
    'The sys_perf_event_open() syscall returned with 22 (Invalid argument) for event (a:ppp).',
    'perf_event_open refused',
    /:ppp/,
  ],
  [
    'relocate Struct:"sock_x": target Func:"sock_x": unsized type',
    'CO-RE: the kernel has no such type or field',
    /BTF/,
  ],
  ['err: Error receiving netlink message: Operation not supported [95]', 'an error by its number', /xdpgeneric/],
  ['[ 9.0] BPF: Invalid name', 'module BTF', /another vmlinux/],
  [
    'Error! Bad return status for module build on kernel: 9.9.9 (x86_64)',
    'dkms: the module does not compile',
    /make\.log/,
  ],
]
