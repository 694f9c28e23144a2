import type { Example } from './example.fixture.ts'

export const POSTED: readonly Example[] = [
  ['cat: /sys/kernel/tracing/available_tracers: Permission denied', 'tracefs cannot be read', /sudo; or mount/],
  [
    'ERROR: Could not read symbols from /sys/kernel/tracing/available_filter_functions: Operation not permitted',
    'tracefs cannot be read',
    /FUNCTION_TRACER/,
  ],
  [
    'Err(MapError(CreateError { name: "EVENTS", code: -1, io_error: Os { code: 1, kind: PermissionDenied } }))',
    'map cannot be created',
    /MEMLOCK/,
  ],
  ['    Unknown error 524 (os error 524)', 'error 524', /trampoline/],
  [' * Unable to find the ncurses package.', 'a package is missing on the host', /libncurses-dev/],
  ['[ 0.7] Failed to execute /init (error -2)', 'boot: no init', /dynamic loader/],
  ['write(5, "p:kprobes/p__/x_20175 ./x", 35) = -1 EINVAL (Invalid argument)', 'kprobe event refused', /error_log/],
  ['Exception: Failed to attach BPF to kprobe', 'probe refused', /inlined/],
  ['write(kprobe_events): No such file or directory', 'probe refused', /no symbol of this name/],
  [
    'create_probe_event: open(/sys/kernel/tracing/kprobe_events): No such file or directory',
    'probe refused',
    /mount -t tracefs/,
  ],
  ['open(/sys/kernel/debug/tracing/events/a/b_1/id): No such file or directory', 'probe refused', /no such event/],
  ['cannot attach kprobe, Invalid argument', 'probe refused', /notrace/],
  [
    "ERROR: Unable to attach probe: kprobe:m:f. If this is expected, set the 'missing_probes' config variable to 'warn'.",
    'probe refused',
    /modprobe/,
  ],
  ['libbpf: load bpf program failed: Invalid argument', 'program cannot be loaded', /kern_version/],
  ['bpf: Failed to load program: Permission denied', 'program cannot be loaded', /log level 1/],
  ['Error: map create failed: Operation not permitted', 'map cannot be created', /MEMLOCK/],
  [
    'level=error msg="x" error="Unable to create map /sys/fs/bpf/m: operation not permitted" subsys=y',
    'map cannot be created',
    /MEMLOCK/,
  ],
  ['Error: failed to pin program kretprobe/f', 'bpftool: objects cannot be pinned', /autoattach/],
  ['/virtual/main.c:9:1: error: could not open bpf map: Operation not permitted', 'map cannot be created', /MEMLOCK/],
  [
    "<command line>:5:10: fatal error: './include/linux/kconfig.h' file not found",
    'headers of the kernel not found',
    /kheaders/,
  ],
  ['btf_encoder__encode: btf__dedup failed!', 'BTF of the kernel cannot be made', /pahole/],
  ['Skipping BTF generation for /x/x.ko due to unavailability of vmlinux', 'modules without BTF', /nothing/],
  [
    '/bin/sh: line 1: ./tools/bpf/resolve_btfids/resolve_btfids: No such file or directory',
    'modules without BTF',
    /lacks resolve_btfids/,
  ],
  ['warning: the compiler differs from the one used to build the kernel', 'compiler of the kernel', /CC=/],
  ['[ 1.0] RAMDISK: EOF while reading compressed data', 'boot: initramfs', /cut short/],
  [
    '[ 7.6] Kernel panic - not syncing: VFS: Unable to mount root fs on "/dev/ram0" or unknown-block(1,0)',
    'boot: no root device',
    /no initial RAM disk/,
  ],
  [
    'Kernel panic - not syncing: Unable to mount rootfs on unknown block(2,0)',
    'boot: no root device',
    /root= is missing/,
  ],
  ['kernel panic - not syncing vfs unable to mount root fs on unknown-block(0,255)', 'boot: no root device', /NFS/],
  ['VFS: Cannot open root device "sda1" or unknown-block(8,1): error -19', 'boot: no root device', /no file system/],
]
