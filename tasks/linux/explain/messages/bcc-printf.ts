/** Messages of libbcc and of its Python module beyond those of bcc.ts. Read from bcc 0.35. */
import { KPROBE, TRACEPOINT, UPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { PROG_LOAD } from './errno-load.ts'
import type { PrintfKind } from './printf.ts'

export const BCC_KINDS: readonly PrintfKind[] = [
  {
    rule: 'probe refused',
    formats: `
write(%s/kprobe_events, "%s") failed: %e
write(%s/uprobe_events, "%s") failed: %e
cannot detach kprobe, probe entry may not exist
cannot detach kprobe, %e
open(%s/kprobe_events): %e
open(%s/uprobe_events): %e`,
    cause: 'the event cannot be written to tracefs',
    fixes: ['dmesg | tail and /sys/kernel/tracing/error_log (5.2 and later) may name the reason'],
    errors: KPROBE_EVENTS,
    confidence: 'likely',
    sources: ['create_probe_event() of libbpf.c in bcc'],
  },
  {
    rule: 'probe refused',
    formats: `
Unable to attach kprobe for %s using %s
Unable to attach kretprobe for %s using %s
Unable to attach kprobe for %s
ERROR: %s kernel function not found or traceable`,
    cause:
      'the function does not exist in this kernel under that name, is inlined, notrace, or of a module that is not loaded',
    fixes: ['grep -w FUNCTION /proc/kallsyms; `lab symbols KERNEL FUNCTION` says whether it can be probed'],
    errors: KPROBE,
    confidence: 'likely',
    sources: ['BPF.cc of bcc'],
  },
  {
    rule: 'probe of a program refused',
    formats: `
could not determine address of symbol %s
Unable to attach uprobe for binary %s
Unable to attach uretprobe for binary %s
Unable to find offset for binary %s symbol %s address %x
Can't find start of function %s
Attachng uprobe with addr %x and offset %x is not supported
Failed to attach BPF to uprobe
No valid Binary Path or PID provided
Error %d enumerating symbols in %s`,
    cause:
      'the file has no such function among its symbols: it is static and stripped, inlined, or its name is mangled (C++, Rust, Go)',
    fixes: ['nm -D FILE | grep NAME, readelf -sW FILE; addr= takes an address where there is no symbol'],
    errors: UPROBE,
    confidence: 'likely',
    sources: ['bcc_syms.cc and BPF.cc of bcc'],
  },
  {
    rule: 'USDT probe not found',
    formats: `
Unable to enable USDT %s
USDT %s not found
failed to enable probe '%s'; a possible cause can be that the probe requires a pid to enable
failed to enable probe '%s'
Error attaching USDT probes: %s
the runtime was not built with the required
can't generate USDT probe arguments; possible cause is missing pid when a probe in a shared object has multiple locations
Unable to load USDT
Unable to find USDT
USDT failed to instrument path %s
USDT failed to instrument PID %d`,
    cause:
      'the program has no such USDT probe, or the probe has a semaphore or is in a shared library: then bcc needs to know the process',
    fixes: ['readelf -n FILE lists the probes (stapsdt); tplist -p PID; give the process: USDT(pid=PID)'],
    confidence: 'likely',
    sources: ['usdt.cc and usdt.py of bcc'],
  },
  {
    rule: 'tracepoint not there',
    formats: `
Unable to attach Tracepoint %s using %s
Unable to attach Raw tracepoint %s using %s
Unable to parse Tracepoint %s
open(%s/events/%s/id): %e
error: tracepoint %s not found`,
    cause: 'this kernel has no such event, or tracefs cannot be read',
    fixes: ['ls /sys/kernel/tracing/events; tracepoints of system calls need CONFIG_FTRACE_SYSCALLS=y'],
    errors: TRACEPOINT,
    confidence: 'likely',
    sources: ['bpf_attach_tracepoint() of libbpf.c in bcc'],
  },
  {
    rule: 'raw tracepoint refused',
    formats: `
bpf_attach_raw_tracepoint (%s): %e`,
    cause:
      'the kernel has no such event, or refuses the program there: it reads more arguments than the event has in this kernel (they change between versions), or has another type',
    fixes: [
      'count the arguments in TP_PROTO of the event (include/trace/events), in the source of exactly this kernel',
    ],
    errors: TRACEPOINT,
    confidence: 'likely',
    sources: ['__bpf_probe_register() of kernel/trace/bpf_trace.c'],
  },
  {
    rule: 'function or type not in BTF',
    formats: `
bpf: %s BTF is not found
bpf: %s is not found in %s BTF
bpf: vmlinux BTF is not found
btf__load_vmlinux_btf failed: %d
btf__find_by_name_kind failed: %d`,
    cause:
      'fentry, fexit and LSM programs (kfunc in bcc) name their function by BTF: this kernel has no BTF, or no such function in it',
    fixes: [
      'ls /sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF=y; bpftool btf dump file /sys/kernel/btf/vmlinux | grep FUNCTION',
      'use a kprobe instead: b.attach_kprobe()',
    ],
    confidence: 'likely',
    sources: ['libbpf.c of bcc'],
  },
  {
    rule: 'program is too large',
    formats: `
bpf: %s. Program %s too large (%d insns), at most %d insns
bpf: log_buf size may be insufficient`,
    cause:
      'the kernel takes 4096 instructions before 5.2 (a million that are looked at since), or the log of the verifier does not fit',
    fixes: ['a smaller program, tail calls (PROG_ARRAY), no unrolled loops'],
    errors: PROG_LOAD,
    sources: ['libbpf.c of bcc'],
  },
  {
    rule: 'bcc explains a rejection',
    formats: `
HINT: The 'map_value_or_null' error can happen if you dereference a pointer value from a map lookup without first checking if that pointer is NULL.
HINT: The invalid mem access 'inv' error can happen if you try to dereference memory without first using bpf_probe_read
HINT: The 'unknown opcode' can happen if you reference a global or static variable, or data in read-only section.`,
    cause: 'bcc has seen this cause often for this rejection of the verifier',
    fixes: ['do what the hint says; the log of the verifier above it names the instruction'],
    confidence: 'likely',
    sources: ['bpf_print_hints() of libbpf.c in bcc'],
  },
  {
    rule: 'network device of a bcc program',
    formats: `
bpf: Attaching prog to %s: %e
bpf: Resolving device name to index: %e
Failed to attach BPF to device %s: %s
Failed to open raw device %s: %s
Internal error while attaching BPF to device,`,
    cause: 'the interface does not exist, has another XDP program, or its driver cannot run XDP in this mode',
    fixes: ['ip link; bpftool net show; BPF.XDP_FLAGS_SKB_MODE (generic mode) works on every driver'],
    confidence: 'likely',
    sources: ['bpf_attach_xdp() of libbpf.c in bcc'],
  },
  {
    rule: 'bcc: perf buffer',
    formats: `
Could not open perf buffer
Could not open ring buffer
Unable to open perf buffer on CPU %d: %s
Perf buffer page_cnt must be a power of two
open_perf_buffer page_cnt must be a power of two
bpf_open_perf_event failed
check your kernel for PERF_COUNT_SW_BPF_OUTPUT support, 4.4 or newer
Unable to open or attach perf event for BPF_OUTPUT`,
    cause:
      'the buffer between kernel and program cannot be opened: the process may not (root), its size is no power of two, memory is short, or the kernel is too old',
    fixes: ['sudo; page_cnt=64; a perf buffer needs 4.4, a ring buffer 5.8'],
    confidence: 'likely',
    sources: ['table.py and BPFTable.cc of bcc'],
  },
  {
    rule: 'bcc: value of a map',
    formats: `
Could not update table: %s
BPF_MAP_UPDATE_BATCH has failed: %s
BPF_MAP_DELETE_BATCH has failed: %s
Could not scanf leaf
Could not scanf key
Could not printf leaf
Could not push to table: %s`,
    cause:
      'the map does not take this key or value: it is full, the key is outside of an array, or the types do not match',
    fixes: ['ct.c_uint(KEY) of the exact type of the map; a larger max_entries'],
    confidence: 'likely',
    sources: ['table.py of bcc'],
  },
  {
    rule: 'bcc: kind of map is not known',
    formats: `
error: unsupported map type: %s`,
    cause:
      'this bcc was built for (or runs on) a kernel that does not have such maps: perf_output needs a kernel of 4.4, stack traces 4.6, ring buffers 5.8, and a bcc of their time',
    fixes: ['uname -r; a newer bcc and kernel; bpftool feature probe | grep map_type lists what the kernel has'],
    confidence: 'likely',
    sources: ['b_frontend_action.cc of bcc', 'docs/kernel-versions.md of bcc'],
  },
  {
    rule: 'bcc cannot rewrite an expression',
    formats: `
error: cannot use more than 3 conversion specifiers
error: cannot use several %s conversion specifiers
error: histogram leaf type must be u64, got %s
error: reference to undefined table
error: invalid zero-sized leaf
error: redefinition of existing function
error: bpf_probe_read_user not found. Use latest kernel`,
    cause: 'bcc compiles a dialect of C, and refuses this use of a map or of bpf_trace_printk()',
    fixes: [
      'the reference guide of bcc (docs/reference_guide.md) has the form of each macro; bpf_trace_printk() takes three arguments, one %s among them',
    ],
    confidence: 'likely',
    sources: ['b_frontend_action.cc of bcc'],
  },
]
