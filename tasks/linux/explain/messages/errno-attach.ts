/**
 * What an error number means where a program is attached. The same number means something else at each of these places.
 */
import type { Answer } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

/** Permissions are refused for the same reasons wherever a perf event is opened. */
export const PERF_PERMISSION: ByErrno = {
  EPERM: {
    cause:
      'the process may not do this: it needs CAP_PERFMON and CAP_BPF (CAP_SYS_ADMIN before 5.8), outside of a user namespace; lockdown (Secure Boot) refuses it even to root',
    fixes: [
      'run it as root of the host, or give a container --cap-add PERFMON --cap-add BPF (--privileged for old runtimes)',
      'cat /sys/kernel/security/lockdown: [integrity] or [confidentiality] means that lockdown is on; dmesg names what it refused',
    ],
    confidence: 'likely',
    sources: ['commit 980737282232 (5.8, CAP_PERFMON)', 'kernel/events/core.c'],
  },
  EACCES: {
    cause: 'kernel.perf_event_paranoid does not allow this process to open perf events of the kernel',
    fixes: [
      'run it as root or with CAP_PERFMON',
      'sysctl kernel.perf_event_paranoid=1 (-1 for tracepoints with raw data)',
    ],
    confidence: 'likely',
    otherwise:
      'the program reads beyond the fields of this event: compare its struct with events/GROUP/EVENT/format (lab tracepoint GROUP:EVENT)',
    sources: ['Documentation/admin-guide/sysctl/kernel.rst', 'perf_event_set_bpf_prog() of kernel/events/core.c'],
  },
  EMFILE: {
    cause: 'the process has too many open files: a perf event takes one for each CPU, a link one for each function',
    fixes: ['ulimit -n 65536', 'one kprobe.multi link instead of a kprobe for each function (5.18 and later)'],
  },
}

const TWO_PROGRAMS: ByErrno = {
  EEXIST: {
    cause: 'this program is attached to this event already',
    fixes: ['detach it first: it may belong to a loader that is still running (bpftool perf show, bpftool link show)'],
    sources: ['perf_event_attach_bpf_prog() of kernel/trace/bpf_trace.c'],
  },
  E2BIG: {
    cause: 'an event takes 64 programs at most (BPF_TRACE_MAX_PROGS), and it has them',
    fixes: ['bpftool perf show lists them; loaders that were not ended keep theirs'],
    sources: ['perf_event_attach_bpf_prog() of kernel/trace/bpf_trace.c'],
  },
}

export const KPROBE: ByErrno = {
  ...PERF_PERMISSION,
  ...TWO_PROGRAMS,
  EINVAL: {
    cause:
      'the kernel refuses a probe at this place: the function is notrace (kprobe events refuse those since 4.19) or on the kprobe blacklist, or the offset is not at an instruction or not the entry of the function. A loader that goes through tracefs gets EINVAL for a function that does not exist, too',
    fixes: [
      'dmesg | grep trace_kprobe, or /sys/kernel/tracing/error_log (5.2 and later), names the reason',
      'grep FUNCTION /sys/kernel/debug/kprobes/blacklist, and in /sys/kernel/tracing/available_filter_functions: a notrace function is not in the latter',
      'CONFIG_KPROBE_EVENTS_ON_NOTRACE=y for a notrace function; otherwise probe its caller',
    ],
    confidence: 'likely',
    otherwise:
      'a program that calls bpf_override_return can only be attached at the entry of a function of ALLOW_ERROR_INJECTION (/sys/kernel/debug/error_injection/list)',
    sources: ['commit 45408c4f9250 (4.19, notrace)', '__register_trace_kprobe() of kernel/trace/trace_kprobe.c'],
  },
  ENOENT: {
    cause:
      'the kernel has no such symbol: the function does not exist in this version, the compiler inlined it, its module is not loaded, or the name lacks a suffix (.isra.0, __x64_)',
    fixes: [
      "grep -w FUNCTION /proc/kallsyms; for a module's function, modprobe the module first",
      '`lab symbols KERNEL FUNCTION` says why it is not there and what is near; a system call is __x64_sys_NAME on x86 since 4.17',
    ],
    confidence: 'likely',
    sources: ['kernel/kprobes.c'],
  },
  EADDRNOTAVAIL: {
    cause:
      'several functions of the kernel have this name (static functions of different files), and since 6.6 a kprobe by name is refused then; older kernels silently took the first one. Stable branches have this change too',
    fixes: [
      'name the place by address instead of by symbol: grep -w FUNCTION /proc/kallsyms lists them all',
      'on perf and kprobe_events: another symbol with an offset (_text+0x...); or probe a caller whose name is unique',
    ],
    sources: ['commit b022f0c7e404 (6.6)'],
  },
  EEXIST: {
    cause: 'a kprobe event of this name exists, and it is of another kind or has other arguments',
    fixes: [
      'cat /sys/kernel/tracing/kprobe_events; echo "-:GROUP/EVENT" >> kprobe_events removes one that a loader left behind',
    ],
    sources: ['register_trace_kprobe() of kernel/trace/trace_kprobe.c'],
  },
  EILSEQ: {
    cause: 'the offset is in the middle of an instruction',
    fixes: ['objdump -d --disassemble=FUNCTION vmlinux shows where instructions begin; compilers move them'],
    sources: ['BAD_INSN_BNDRY in kernel/trace/trace_probe.h'],
  },
  EBUSY: {
    cause: 'the event is in use, or something else changes this code (another kprobe being registered, live patching)',
    fixes: ['disable the event and end its readers: echo 0 > /sys/kernel/tracing/events/kprobes/enable'],
    confidence: 'possible',
  },
  ENODEV: {
    cause: 'the kernel has no kprobes that perf can open',
    fixes: ['CONFIG_KPROBE_EVENTS=y, CONFIG_PERF_EVENTS=y; ls /sys/bus/event_source/devices has `kprobe` since 4.17'],
    confidence: 'likely',
  },
  EOPNOTSUPP: {
    cause:
      'this kernel cannot do it: kprobes (or fprobes, for kprobe.multi) are not built in, or not for this architecture',
    fixes: ['CONFIG_KPROBES, CONFIG_KPROBE_EVENTS, CONFIG_BPF_EVENTS; for kprobe.multi CONFIG_FPROBE (5.18 and later)'],
    confidence: 'likely',
  },
}

export const KPROBE_MULTI: ByErrno = {
  ...KPROBE,
  EINVAL: {
    cause:
      'the kernel is older than 5.18 and has no kprobe.multi, or one of the functions cannot be traced (it is not in available_filter_functions)',
    fixes: [
      'SEC("kprobe/FUNCTION") for each function works on every kernel',
      'leave out functions that are missing from /sys/kernel/tracing/available_filter_functions',
    ],
    confidence: 'likely',
    sources: ['commit 0dcac2725406 (5.18)'],
  },
  ESRCH: {
    cause: 'one of the functions has no symbol in this kernel; then none of them is attached',
    fixes: ['leave out names that are not in /proc/kallsyms, or use a pattern: SEC("kprobe.multi/vfs_*")'],
    sources: ['bpf_kprobe_multi_link_attach() of kernel/trace/bpf_trace.c'],
  },
  ENOENT: {
    cause: 'no function matches, or one of them is not traceable by ftrace',
    fixes: ['compare with /sys/kernel/tracing/available_filter_functions'],
    confidence: 'likely',
  },
}

/** register_kprobe() and register_kretprobe(), which a module calls. */
export const REGISTER_KPROBE: ByErrno = {
  EINVAL: {
    cause:
      'the kernel has the function and refuses a kprobe there (it is on the kprobe blacklist, or the offset is not at an instruction), the module gave both a symbol and an address or neither, or a return probe does not stand at the entry of its function',
    fixes: [
      'grep FUNCTION /sys/kernel/debug/kprobes/blacklist; dmesg | tail may have a line above that names the function',
      'set either symbol_name or addr of struct kprobe, and clear the struct before it is registered a second time',
    ],
    confidence: 'likely',
    sources: ['kernel/kprobes.c: check_kprobe_address_safe, kprobe_addr'],
  },
  ENOENT: {
    cause:
      'the kernel has no symbol of this name: the function does not exist in this version, the compiler inlined it, or the name has a suffix (.isra.0, .constprop.0)',
    fixes: [
      'grep -w FUNCTION /proc/kallsyms; `lab symbols KERNEL FUNCTION` says why it is not there and what is near',
      'a system call is __x64_sys_NAME on x86 since 4.17',
    ],
    confidence: 'likely',
    sources: ['kernel/kprobes.c'],
  },
  E2BIG: {
    cause: 'the data that the return probe keeps for each call (data_size) is larger than the kernel takes',
    fixes: [
      'make data_size smaller (4096 bytes at most), and keep the rest elsewhere; or a newer release of the module',
    ],
    confidence: 'possible',
    sources: ['kernel/kprobes.c: KRETPROBE_MAX_DATA_SIZE'],
  },
  EILSEQ: {
    cause: 'the offset is in the middle of an instruction',
    fixes: ['objdump -d --disassemble=FUNCTION vmlinux shows where instructions begin; compilers move them'],
    sources: ['kernel/kprobes.c'],
  },
  EOPNOTSUPP: {
    cause: 'the kernel was built without kprobes (CONFIG_KPROBES), or they are not possible at this place',
    fixes: ['zgrep KPROBES /proc/config.gz'],
    confidence: 'likely',
    sources: ['include/linux/kprobes.h'],
  },
  ENOSYS: {
    cause:
      'the kernel was built without return probes (CONFIG_KRETPROBES), which some architectures lack, or without kprobes at all (CONFIG_KPROBES): older kernels, 5.4 and 5.10 among them, say ENOSYS of both',
    fixes: ['zgrep -E "K(RET)?PROBES" /proc/config.gz'],
    confidence: 'likely',
    sources: ['include/linux/kprobes.h'],
  },
}

export const UPROBE: ByErrno = {
  ...PERF_PERMISSION,
  ...TWO_PROGRAMS,
  ENOTSUPP: {
    cause:
      'the kernel cannot execute the instruction at this offset out of line, so that no uprobe can stand there. Usually the offset is wrong: an address instead of an offset in the file, which then is not at the beginning of an instruction',
    fixes: [
      'the offset is that of the file and not the virtual address: address - p_vaddr + p_offset (readelf -lW), of this very file',
      'objdump -d FILE shows the instruction there; one instruction further may be possible',
    ],
    confidence: 'likely',
    sources: ['arch/x86/kernel/uprobes.c: arch_uprobe_analyze_insn'],
  },
  EOPNOTSUPP: {
    cause: 'the kernel has no uprobes (CONFIG_UPROBES, CONFIG_UPROBE_EVENTS), or not of this kind (uprobe.multi: 6.6)',
    fixes: ['zgrep UPROBE /proc/config.gz; ls /sys/bus/event_source/devices has `uprobe` since 4.17'],
    confidence: 'likely',
    sources: ['commit 89ae89f53d20 (6.6, uprobe.multi)'],
  },
  ENOENT: {
    cause: 'there is no file of this path in the mount namespace of the loader',
    fixes: [
      'give the whole path as the loader sees it: /proc/PID/root/... for a file of a container',
      'which PROGRAM, ldconfig -p | grep LIBRARY',
    ],
    confidence: 'likely',
  },
  EINVAL: {
    cause:
      'the offset is not a place where a probe can stand: it is not in an executable segment, not at an instruction, or the file system is not one of regular files',
    fixes: [
      'the offset is that of the file and not the virtual address: address - p_vaddr + p_offset (readelf -lW)',
      'readelf -sW FILE | grep FUNCTION: a stripped file has no symbol to find it by',
    ],
    confidence: 'likely',
    sources: ['kernel/events/uprobes.c'],
  },
  ESRCH: {
    cause: 'the process does not exist (any more), or is in another PID namespace',
    fixes: ['give a process id as the host counts them, or -1 for all processes'],
    confidence: 'likely',
  },
  EIO: {
    cause: 'the text of the file cannot be read through the page cache: the file system does not support it',
    fixes: ['copy the program to another file system'],
    confidence: 'possible',
  },
}

/** perf_event_set_bpf_prog() compares what the program reads with the fields of the event. */
const BEYOND_FIELDS: Answer = {
  cause:
    'the program reads beyond the fields of this event: its record is smaller or laid out differently in this kernel (fields change between versions; PREEMPT_RT kernels and RHEL 9 have larger common fields). The kernel refuses such a program with EACCES, also to root',
  fixes: [
    'compare the struct of the program with events/GROUP/EVENT/format of this kernel: lab tracepoint GROUP:EVENT writes it',
    'CO-RE: declare the struct with preserve_access_index from vmlinux.h, or use raw_tp or tp_btf, which have no record',
  ],
  confidence: 'likely',
  otherwise:
    'as an ordinary user: kernel.perf_event_paranoid does not allow this process to open events of the kernel (run it as root)',
  sources: ['perf_event_set_bpf_prog() of kernel/events/core.c'],
}

export const TRACEPOINT: ByErrno = {
  ...PERF_PERMISSION,
  ...TWO_PROGRAMS,
  EACCES: BEYOND_FIELDS,
  ENOENT: {
    cause: 'the kernel has no such event: it came later or was renamed, its option is off, or its module is not loaded',
    fixes: [
      'ls /sys/kernel/tracing/events/GROUP; no directory at all: tracefs is not mounted, or the loader may not read it',
      'syscalls:* need CONFIG_FTRACE_SYSCALLS; `lab symbols KERNEL tracepoint/GROUP/EVENT` names the option',
    ],
    confidence: 'likely',
  },
  EINVAL: {
    cause:
      'the program is not of the type that this event takes, or a raw tracepoint program reads more arguments than the event has',
    fixes: [
      'tracepoint/GROUP/EVENT takes BPF_PROG_TYPE_TRACEPOINT, raw_tp/EVENT takes BPF_PROG_TYPE_RAW_TRACEPOINT: check SEC()',
      'count the arguments in TP_PROTO of the event',
    ],
    confidence: 'likely',
    sources: ['__bpf_probe_register() of kernel/trace/bpf_trace.c'],
  },
}

/** ioctl(PERF_EVENT_IOC_SET_BPF) and links of perf events. */
export const SET_BPF: ByErrno = {
  ...PERF_PERMISSION,
  ...TWO_PROGRAMS,
  EACCES: BEYOND_FIELDS,
  EINVAL: {
    cause:
      "the program's type does not fit the event: a kprobe takes a kprobe program, a tracepoint a tracepoint program (since 4.7), a perf event a perf_event program (since 4.9)",
    fixes: [
      'check the section name, from which the type is derived, and the version of the kernel',
      'a program with bpf_override_return fits only the entry of a function in /sys/kernel/debug/error_injection/list',
    ],
    confidence: 'likely',
    sources: ['perf_event_set_bpf_prog() of kernel/events/core.c'],
  },
}

/** fentry, fexit, fmod_ret, lsm: links of a BPF trampoline. */
export const TRAMPOLINE: ByErrno = {
  ...PERF_PERMISSION,
  ENOTSUPP: {
    cause:
      'this kernel cannot put a trampoline there: the architecture has none (arm64 before 6.4 for functions of the kernel, 32-bit), the JIT is off, or the function cannot be traced by ftrace',
    fixes: [
      'sysctl net.core.bpf_jit_enable=1; CONFIG_BPF_JIT, CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS',
      'SEC("kprobe/FUNCTION") instead of fentry',
    ],
    confidence: 'likely',
    sources: ['commit 2aa6ac03516d (6.4, arm64)', 'kernel/bpf/trampoline.c'],
  },
  EOPNOTSUPP: {
    cause: 'the function has a call instruction of ftrace that this kernel cannot redirect to a trampoline',
    fixes: ['CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y, or a kprobe instead'],
    confidence: 'likely',
  },
  EBUSY: {
    cause: 'the function is patched by something else already: live patching, or a freplace/tail-call program',
    fixes: ['/sys/kernel/livepatch lists patches; bpftool link show lists trampolines'],
    confidence: 'likely',
    sources: ['kernel/bpf/trampoline.c'],
  },
  E2BIG: {
    cause: 'a function takes 38 programs of a trampoline at most (BPF_MAX_TRAMP_LINKS), and it has them',
    fixes: ['bpftool link show lists them'],
    sources: ['include/linux/bpf.h'],
  },
  EINVAL: {
    cause:
      'the kernel does not take this attach type (fentry and fexit are of 5.5, lsm of 5.7, fentry on arm64 of 6.4), or the target has not the shape that the program was loaded for',
    fixes: ['SEC("kprobe/FUNCTION") on older kernels'],
    confidence: 'likely',
  },
  ENOENT: {
    cause: 'the function has no place that ftrace can patch: it is notrace or in a section that ftrace leaves out',
    fixes: ['grep -w FUNCTION /sys/kernel/tracing/available_filter_functions; a kprobe may still be possible'],
    confidence: 'likely',
  },
}
