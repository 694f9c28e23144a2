import type { Example } from './example.fixture.ts'

/** Probes, traces and modules: what was silent or wrong in texts that people posted. */
export const TRACES: readonly Example[] = [
  ['x.bt:3:4-8: ERROR: The wibble is out of bounds', 'bpftrace: the script has a mistake', /larger than bpftrace/],
  [
    'ERROR: Cannot resolve unknown type "struct thing"',
    'bpftrace: the script has a mistake',
    /does not know this name.*BTF/s,
  ],
  ['x.bt:3:4-8: ERROR: Something that nobody knows', 'bpftrace: the script has a mistake', /breaks a rule/],
  ["libbpf: failed to find '.BTF' ELF section in /boot/vmlinux-5.4", 'no BTF in the file', /DEBUG_INFO_BTF/],
  ["libbpf: failed to find '.BTF' ELF section in ./probe.o", 'no BTF in the file', /clang -g/],
  [
    "make: *** No rule to make target '/src/bpftool/libbpf/src/x.h', needed by 'y'.  Stop.",
    'a submodule is not there',
    /submodule update/,
  ],
  ["x.c:14: error: relocation overflow: reference to 'vvar'", 'this linker cannot link the kernel', /ld.bfd/],
  ['ld.lld: error: undefined symbol: __popcountdi2', 'the linker finds no symbol', /libgcc/],
  [
    'ioctl(12, 0x40042408, 0xd)              = -1 EINVAL (Invalid argument)',
    'event and program do not fit',
    /section name/,
  ],
  ["Error: failed parsing 'x.btf' BTF file: Invalid argument", 'BTF cannot be read', /ENUM64/],
  ['[ 1.0] x: register_kprobe failed, returned -2', 'an error by its number', /no symbol of this name/],
  ['[ 1.0] register_kretprobes failed, returned -7', 'an error by its number', /data_size/],
  [
    'ERROR: fentry:do_thing: function not traceable (probably it is inlined or marked as "notrace")',
    'function cannot be traced',
    /do_thing.*available_filter_functions/s,
  ],
  ['ERROR: Could not resolve address: ./prog:0x1234', 'function cannot be traced', /--unsafe/],
  [
    'stdin:1:1-9: ERROR: fentry/fexit not available for your kernel version.',
    'kernel or bpftrace without a feature',
    /5\.5/,
  ],
  ['cannot attach uprobe, probe entry may not exist', 'probe refused', /readelf -sW/],
  ["opening uprobe: symbol 'main.work' not found: file does not exist", 'symbol of a probe not found', /stripped/],
  [
    "libbpf: prog 'p': failed to create uprobe '/bin/x:0x10' perf event: unknown error (-524)",
    'probe refused',
    /instruction at this offset/,
  ],
  [
    "libbpf: Error in bpf_object__probe_loading(): Function not implemented(38). Couldn't load trivial BPF program. Make sure that RLIMIT_MEMLOCK is big enough.",
    'BPF does not work here',
    /no bpf\(\) system call/,
  ],
  ['[ 1.0] Could not insert probe at size=%si+0: -2', 'kprobe event refused', /has no name in front/],
  ['write(3, "p:kprobes/p_x_1 ./prog", 22) = -1 EINVAL (Invalid argument)', 'kprobe event refused', /is a path/],
  ['Error: Failed to attach non-struct_ops BPF programs', 'sched_ext: probes of the scheduler', /FUNCTION_TRACER/],
  [
    'avc: denied {confidentiality} for pid=3 comm=loader scontext=a:b:c tcontext=a:b:c tclass=lockdown permissive=0',
    'SELinux forbids it',
    /lockdown/,
  ],
  ['  BTFIDS  vmlinux\nFAILED unresolved symbol do_thing', 'a function that BPF needs is not in the BTF', /inlined/],
  ['make[2]: ./tools/bpf/resolve_btfids/resolve_btfids: not found', 'modules without BTF', /lacks resolve_btfids/],
  ["ld: libx.so: undefined reference to symbol 'gzopen'", 'the linker finds no symbol', /-lz/],
  ['/usr/bin/ld: cannot find -lxdp: No such file or directory', 'a library is missing on the host', /libxdp-dev/],
  ['src/x.c:2:3: error: #error "x needs CONFIG_KPROBES here"', 'compiler error', /setting of CONFIG_KPROBES/],
  ['make: *** No rule to make target `/src/bpftool/libbpf/src/libbpf', 'a submodule is not there', /git submodule/],
  [
    "thread 'main' panicked at 'no value', /home/me/.cargo/registry/src/x/aya-log-0.1.2/src/lib.rs:10:4",
    'aya-log of two versions',
    /cargo update/,
  ],
  ['Failed to load code: bad relocation type 1', 'uBPF cannot load the code', /relocations/],
  [
    'lxc x 1 ERROR cgroups.c:load:3 - Operation not permitted - Failed to load bpf program: x',
    'an error by its number',
    /CAP_BPF/,
  ],
]
