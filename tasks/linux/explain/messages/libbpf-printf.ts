/** Messages of libbpf that tell their kind by their format alone. Read from libbpf 1.8 (2026) with pr_warn(). */
import { MAP_CREATE, PROG_LOAD } from './errno-load.ts'
import { KPROBE, TRACEPOINT, TRAMPOLINE, UPROBE } from './errno-attach.ts'
import type { PrintfKind } from './printf.ts'
import type { Answer } from './row.ts'
import { AUTO_ATTACH_RULE } from './rule-names.ts'

export const LIBBPF_KINDS: readonly PrintfKind[] = [
  {
    rule: 'program cannot be loaded',
    formats: `
prog '%s': failed to load: %e
failed to load BPF skeleton '%s': %e
failed to load object '%s': %e
prog '%s': failed to initialize: %e
prog '%s': failed to prepare load attributes: %e`,
    cause: 'the kernel did not take the program',
    fixes: [
      'read the messages above this one: the log of the verifier, or the first error of libbpf, gives the reason',
    ],
    errors: PROG_LOAD,
    confidence: 'likely',
    sources: ['bpf_object_load_prog() of libbpf.c'],
  },
  {
    rule: 'object cannot be loaded',
    formats: `
failed to load object '%s'
failed to initialize skeleton BPF object '%s': %e
failed to populate skeleton maps for '%s': %e
failed to populate skeleton progs for '%s': %e
failed to populate subskeleton maps: %e`,
    cause: 'libbpf gives up on the whole object, because one of its programs or maps failed',
    fixes: ['read the first message of libbpf above this line: it names the program or map and the reason'],
    confidence: 'certain',
    sources: ['libbpf.c'],
  },
  {
    rule: 'map cannot be created',
    formats: `
map '%s': failed to create inner map: %e
map '%s': failed to create: %e
map '%s': failed to initialize slot [%d] to %s '%s' fd=%d: %e
prog '%s': failed to bind map '%s': %e
failed to get map info for map FD %d: %e`,
    cause: 'the kernel refuses this map',
    fixes: ['bpftool feature probe | grep map_type lists the types that this kernel has'],
    errors: MAP_CREATE,
    confidence: 'likely',
    sources: ['bpf_object__create_map() of libbpf.c'],
  },
  {
    rule: 'variable or call cannot be relocated',
    formats: `
prog '%s': incorrect bpf_call opcode
prog '%s': relo #%d: failed to record relocation: %e
prog '%s': relo #%d: failed to patch insn #%d: %e
prog '%s': relo #%d: bad insn
prog '%s': relo #%d: bad relo type %d
prog '%s': relo #%d: can't create jump table: sym_off %d
map '.jumptables': jumptable start %d should be multiple of %d
map '.jumptables': jumptable size %d should be multiple of %d
map '.jumptables': ELF file is missing jump table data
map '.jumptables': jumptables_data size is %d, trying to access %d
map '.jumptables': invalid instruction index %d
map '.jumptables': invalid jump table value %x at offset %d
prog '%s': error relocating .BTF.ext function info: %e
prog '%s': error relocating .BTF.ext line info: %e
prog '%s': failed to realloc prog code
prog '%s': failed to add subprog offsets: %e
prog '%s': failed to perform .BTF.ext fix ups: %e
internal error at %d
cannot create a dummy_ksym var
Total maps exceeds %d
nr_progs %d/%d nr_maps %d/%d mismatch
unsupported bswap size!
BTF fd off %d for kfunc %s exceeds INT16_MAX, cannot process relocation`,
    cause:
      'libbpf could not connect the code of the program with the maps, functions and types that it refers to: the object is damaged, or was made by a compiler that is newer than this libbpf',
    fixes: [
      'use a newer libbpf, and clang of about the same age; build the object again with clang -O2 -g -target bpf',
    ],
    confidence: 'likely',
    sources: ['bpf_object__relocate() of libbpf.c'],
  },
  {
    rule: 'exception callback',
    formats: `
prog '%s': exception_callback:<value> decl tag not applied to the main program
prog '%s': exception_callback:<value> decl tag contains empty value
prog '%s': exception callback %s must be a global non-hidden function
prog '%s': multiple subprogs with same name as exception callback '%s'
prog '%s': cannot find exception callback '%s'`,
    cause: '__exception_cb(NAME) has to name one global function of the same object, at the main program',
    fixes: ['define the callback as a global, visible function: u64 NAME(u64 cookie)'],
    sources: ['bpf_object__collect_prog_relos() of libbpf.c'],
  },
  {
    rule: 'argument of a global function',
    formats: "prog '%s': subprog '%s' arg#%d is expected to be of `struct %s *` type",
    cause: 'the argument is marked __arg_ctx, and its type is not the context of this kind of program',
    fixes: ['declare the argument with the type that the message names, or as void *'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'perf has no probes',
    formats: `
failed to determine %s perf type: %e
failed to determine %s retprobe bit: %e`,
    cause:
      '/sys/bus/event_source/devices/kprobe (or uprobe) is not readable, so libbpf cannot open the probe with perf',
    fixes: [
      'mount sysfs (in a container: bind /sys); CONFIG_KPROBE_EVENTS=y or CONFIG_UPROBE_EVENTS=y (4.17 or later)',
    ],
    errors: KPROBE,
    confidence: 'likely',
    sources: ['perf_event_open_probe() of libbpf.c'],
  },
  {
    rule: 'probe refused',
    formats: `
prog '%s': failed to create %s '%s+0x%x' perf event: %e
prog '%s': failed to attach to %s '%s+0x%x': %e
failed to add legacy kprobe event for '%s': %e
failed to determine legacy kprobe event id for '%s': %e`,
    cause: 'the probe cannot be created',
    fixes: ['`lab symbols KERNEL FUNCTION` says whether the function can be probed'],
    errors: KPROBE,
    confidence: 'likely',
    sources: ['bpf_program__attach_kprobe_opts() of libbpf.c'],
  },
  {
    rule: 'perf event of the caller was not opened',
    formats: `
prog '%s': invalid perf event FD %d
program '%s': invalid perf event FD %d`,
    cause:
      'the program that calls libbpf opened a perf event (perf_event_open) before, and that failed: it hands on -1 and lost the error. Usual reasons: kernel.perf_event_paranoid or a missing capability, no hardware counter in a VM, wrong attributes (size, config, sample period)',
    fixes: [
      'strace -e perf_event_open PROGRAM shows the error; print errno right after the call',
      'PERF_COUNT_SW_CPU_CLOCK works everywhere; pid and cpu must not both be -1; run it as root',
    ],
    sources: ['bpf_program__attach_perf_event_opts() of libbpf.c', 'perf_event_open(2)'],
  },
  {
    rule: AUTO_ATTACH_RULE,
    formats: `
prog '%s': failed to auto-attach: %e
failed to auto-attach program '%s': %e`,
    cause: 'the program is loaded, and cannot be attached to what its section names',
    fixes: ['read the message of libbpf above it: it says what the program was to be attached to'],
    errors: { EBUSY: TRAMPOLINE['EBUSY'] as Answer, ENOTSUPP: TRAMPOLINE['ENOTSUPP'] as Answer },
    confidence: 'possible',
    sources: ['libbpf.c: bpf_object__attach_skeleton'],
  },
  {
    rule: 'probe refused',
    formats: `
prog '%s': failed to create %s '%s:0x%x' perf event: %e
prog '%s': failed to attach to %s '%s:0x%x': %e
failed to add legacy uprobe event for %s: %e
failed to determine legacy uprobe event id for %s: %e`,
    cause: 'the probe of the program cannot be created',
    fixes: ['readelf -sW FILE lists the functions and their offsets'],
    errors: UPROBE,
    confidence: 'likely',
    sources: ['bpf_program__attach_uprobe_opts() of libbpf.c'],
  },
  {
    rule: 'tracepoint refused',
    formats: `
prog '%s': failed to create tracepoint '%s' perf event: %e
failed to determine tracepoint '%s' perf event ID: %e`,
    cause: 'the tracepoint cannot be opened',
    fixes: ['ls /sys/kernel/tracing/events lists what this kernel has'],
    errors: TRACEPOINT,
    confidence: 'likely',
    sources: ['bpf_program__attach_tracepoint_opts() of libbpf.c'],
  },
  {
    rule: 'link refused',
    formats: `
prog '%s': failed to attach to %s: %e
prog '%s': failed to attach: %e
prog '%s': failed to attach to iterator: %e
prog '%s': failed to attach to netfilter: %e
failed to open link at %s: %e`,
    cause: 'the kernel does not attach the program there',
    fixes: ['bpftool link show, bpftool net show and bpftool cgroup tree list what is attached'],
    confidence: 'likely',
    sources: ['libbpf.c'],
  },
  {
    rule: 'function or USDT probe of a program not found',
    formats: `
zip: failed to open %s: %e
zip: could not find archive member %s in %s: %e
zip: entry %s of %s is compressed and cannot be handled
invalid section '%s', expected SEC("usdt/<path>:<provider>:<name>")`,
    cause:
      'the place of the probe cannot be found: the path leads to no file, to no member of the archive (APK), or to one that is stored compressed',
    fixes: [
      'SEC("usdt/PATH:PROVIDER:NAME"), SEC("uprobe/PATH:FUNCTION"); for an archive PATH/base.apk!/lib/ABI/libx.so, stored without compression',
    ],
    confidence: 'likely',
    sources: ['libbpf.c and zip.c of libbpf'],
  },
  {
    rule: 'target of an attachment',
    formats: `
failed bpf_prog_get_info_by_fd for FD %d: %e
Failed to get BTF %d of the program: %e
prog '%s': failed to find BPF program (FD %d) BTF ID for '%s': %e`,
    cause: 'fentry, fexit or freplace of another BPF program needs the BTF of that program, and it has none',
    fixes: ['build the target program with clang -g; the process needs CAP_SYS_ADMIN to read the BTF of others'],
    confidence: 'likely',
    sources: ['libbpf_find_prog_btf_id() of libbpf.c'],
  },
  {
    rule: 'libbpf is called in the wrong order',
    formats: `
prog '%s': can't associate BPF program without FD (was it loaded?)
prog '%s': can't associate struct_ops program
prog '%s': func_info, func_info_cnt, and func_info_rec_size must all be specified or all omitted
prog '%s': line_info, line_info_cnt, and line_info_rec_size must all be specified or all omitted
error: unsupported map type`,
    cause: 'a call of the loader comes too early, or its arguments do not fit together; the message says which',
    fixes: ['sizes, types and rodata are set between open and load; file descriptors exist only after load'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'kernel configuration value (extern __kconfig)',
    formats: `
failed to parse '%s' as integer completely
failed to parse '%s': no separator
failed to parse '%s': no value
failed to parse '%s': %e`,
    cause: 'a line of the configuration of the kernel cannot be read as a value of the variable',
    fixes: ['compare the type of the variable with the value in /boot/config-VERSION or /proc/config.gz'],
    confidence: 'likely',
    sources: ['bpf_object__read_kconfig_file() of libbpf.c'],
  },
  {
    rule: 'perf buffer',
    formats: `
failed to create epoll instance: %e
failed to allocate events: out of memory
failed to allocate buffers: out of memory
failed to get online CPU mask: %e
unknown perf sample type %d
error while processing records: %e
failed to munmap cpu_buf #%d
Failed to get CPU range %s: %e
Invalid CPU range [%d,%d] in %s
Empty CPU range
Failed to open cpu mask file %s: %e
Failed to read cpu mask from %s: %e
CPU mask is too big in file %s`,
    cause:
      'the buffers between kernel and program cannot be set up: there is no memory, or the list of CPUs in /sys/devices/system/cpu cannot be read',
    fixes: [
      'fewer pages for each CPU; mount sysfs in the container; or use a ring buffer (5.8), which is one for all CPUs',
    ],
    confidence: 'likely',
    sources: ['perf_buffer__new() and parse_cpu_mask_file() of libbpf.c'],
  },
  {
    rule: 'ring buffer',
    formats: `
ringbuf: map fd=%d is not BPF_MAP_TYPE_RINGBUF
ringbuf: ring buffer size (%d) is too big
user ringbuf: map fd=%d is not BPF_MAP_TYPE_USER_RINGBUF
user ringbuf: ring buf size (%d) is too big`,
    cause: 'the map that the loader gave is no ring buffer, or is too large to be mapped',
    fixes: ['__uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 256 * 1024);'],
    sources: ['ringbuf.c of libbpf'],
  },
  {
    rule: 'netlink refuses an XDP or TC program',
    formats: `
Netlink error reporting not supported
Invalid message or trailing data in Netlink response: %d bytes left
Attribute of type %x found multiple times in message, previous attribute is being ignored.
Failed to parse extended error attributes`,
    cause:
      'the answer of the kernel about a network device cannot be read completely; the operation itself gives the error',
    fixes: ['look at the error of the call that follows; dmesg may name the reason'],
    confidence: 'possible',
    sources: ['nlattr.c and netlink.c of libbpf'],
  },
  {
    rule: 'a file of the loader cannot be used',
    formats: `
alloc memory failed for %s
failed to alloc map '%s' content buffer: %e
Error loading ELF section %s: %e
failed to open %s: %s. No procfs support?
failed to read kallsyms entry: %d
failed to parse available_filter_functions entry: %d
failed to parse available_filter_functions_addrs entry: %d
failed to mkdir %s: %e
failed to statfs %s: %e
failed to create '%s': %e
failed to open file '%s': %e
failed to write '%s': %e
failed to open %s: %e`,
    cause: 'libbpf cannot read or write a file that it needs',
    fixes: ['check the path, and that /proc, /sys, tracefs and /sys/fs/bpf are mounted where the loader runs'],
    confidence: 'likely',
    sources: ['libbpf.c'],
  },
  {
    rule: 'BPF does not work here',
    formats: 'Error in %s(): Program unexpectedly failed with message: %s',
    cause:
      'libbpf tried a tiny program to see what the kernel can do, and the verifier refused it for an unexpected reason',
    fixes: ['read the message, which comes from the verifier; a newer libbpf may handle this kernel'],
    confidence: 'likely',
    sources: ['features.c of libbpf'],
  },
]
