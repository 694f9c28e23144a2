/**
 * What the kernel writes to its log about tracing, modules and BPF, from its own formats: kernel/trace,
 * kernel/kprobes.c, kernel/events, kernel/module and kernel/bpf of 4.9, 5.4, 5.10 and 7.2.
 */
import type { PrintfKind } from './printf.ts'

const PROBE_PARSER = 'kernel/trace/trace_kprobe.c and trace_probe.c up to 5.1'

export const KERNEL_PRINTK_KINDS: readonly PrintfKind[] = [
  {
    rule: 'definition of a probe event',
    formats: `
Probe definition must be started with 'p', 'r' or '-'.
Failed to parse maxactive.
Maxactive is too big (%d > %d).
Maxactive is not for kprobe
trace_kprobe: Group name is not specified
trace_kprobe: Event name is not specified
] Group name is not specified
] Event name is not specified
] Group name is too long
] Event name is too long
Delete command needs an event name.
Probe point is not specified.
Failed to parse either an address or a symbol.
Failed to parse address or symbol
Failed to parse uprobe event
Invalid argument[%d] name: %s
Argument[%d] name '%s' conflicts with another field.
Parse error at argument[%d]. (%d)
%s type has no corresponding fetch method.
Argument is too long.: %s
trace_probe: Unsupported type: %s
] Unsupported type: %s
Line length is too long: Should be less than %d
Line buffer is too long: Should be less than %d`,
    cause:
      'the kernel cannot parse the line that was written to kprobe_events (or uprobe_events). Up to 5.1 it says so in dmesg, since 5.2 in tracing/error_log with a mark below the word',
    fixes: [
      'p[:GROUP/EVENT] [MODULE:]SYMBOL[+OFFSET] [NAME=FETCHARG[:TYPE]]... for the entry, r[MAXACTIVE] for the return; -:GROUP/EVENT removes an event',
      'NAME=%di:u32 reads a register; without a name for the event the first word behind p is taken for the symbol',
    ],
    sources: [PROBE_PARSER, 'Documentation/trace/kprobetrace.rst'],
  },
  {
    rule: 'probe event is not there',
    formats: `
Event %s/%s doesn't exist.`,
    cause: 'an event that does not exist was to be removed: a tool removes its event once more than it made it',
    fixes: ['nothing, where the event is made again right after; cat /sys/kernel/tracing/kprobe_events lists them'],
    confidence: 'likely',
    sources: [PROBE_PARSER],
  },
  {
    rule: 'offset of a probe',
    formats: `
Probing address(%s) is not an instruction boundary.`,
    cause: 'the offset of the probe is in the middle of an instruction',
    fixes: ['objdump -d --disassemble=FUNCTION vmlinux shows where instructions begin; compilers move them'],
    sources: ['kernel/trace/trace_kprobe.c'],
  },
  {
    rule: 'files of tracefs cannot be made',
    formats: `
Could not create tracefs '%s'
Could not create tracefs directory '%s'
Could not create tracefs "%s"
Could not create directory for event %s
] Failed to create system directory %s
Failed to create trace option: %s`,
    cause:
      'the kernel could not make its own files in tracefs: lockdown at the level confidentiality refuses them (since 5.4), an event or directory of this name exists already (a module loaded twice), or memory ran out',
    fixes: [
      'cat /sys/kernel/security/lockdown; boot with lockdown=integrity or none, if the distribution allows it',
      'dmesg | grep -B3 tracefs: which module or event asked for it',
    ],
    confidence: 'likely',
    sources: ['commit bf8e602186ec (5.4, lockdown of tracefs)', 'kernel/trace/trace.c'],
  },
  {
    rule: 'boot option of tracing',
    formats: `
ftrace bootup tracer '%s' not registered.
Tracer '%s' is not allowed on command line, ignored
Trace clock %s not defined, going back to default
Failed to enable trace event: %s
Failed to add event(%d): %s`,
    cause:
      'an option on the command line of the kernel (ftrace=, trace_clock=, trace_event=, kprobe_event=) names something that this kernel does not have, or not yet so early in the boot',
    fixes: [
      'cat available_tracers, trace_clock and available_events in /sys/kernel/tracing list what there is; events and functions of modules cannot be named there',
      'the configuration needs the tracer: CONFIG_FUNCTION_TRACER, CONFIG_FUNCTION_GRAPH_TRACER, CONFIG_KPROBE_EVENTS, ...',
    ],
    sources: ['kernel/trace/trace.c', 'Documentation/trace/boottime-trace.rst'],
  },
  {
    rule: 'memory of the tracer',
    formats: `
function graph tracer: not enough memory
tracer: failed to allocate ring buffer!
failed to allocate ring buffer on CPU %d
ftrace: FAILED to allocate memory for functions
Could not allocate percpu trace_printk buffer
perf buffer not large enough
profile buffer not large enough`,
    cause:
      'tracing could not get its memory, or a record is larger than perf takes (PERF_MAX_TRACE_SIZE: 8192 bytes since 5.16 and in later stable releases of 5.10 and 5.15, 2048 before); what did not fit is lost',
    fixes: [
      'a smaller buffer_size_kb (it is for each CPU), fewer CPUs, or more memory',
      'for perf: shorter strings and fewer arguments in the probe event',
    ],
    confidence: 'likely',
    sources: ['commit e531e90b5ab0 (5.16)', 'kernel/trace/trace_event_perf.c'],
  },
  {
    rule: 'clock of the trace',
    formats: `
Delta way too big! %d
Unstable clock detected, switching default tracing clock to "global"
Switching tracing clock to %s`,
    cause:
      'the clock that time stamps of the trace are made with jumped or is not reliable (a VM, suspend, a TSC that is not synchronous): times may be wrong or out of order',
    fixes: [
      'echo mono > /sys/kernel/tracing/trace_clock, or trace_clock=mono on the command line of the kernel',
      'tsc=reliable or clocksource=kvm-clock where the machine allows it',
    ],
    confidence: 'likely',
    sources: ['kernel/trace/ring_buffer.c', 'Documentation/trace/ftrace.rst (trace_clock)'],
  },
  {
    rule: 'the function trace has holes',
    formats: `
WARNING: FUNCTION TRACING IS CORRUPTED
MAY BE MISSING FUNCTION EVENTS`,
    cause:
      'ftrace found an error in itself and turned function tracing off: events after that are missing. dmesg has the report',
    fixes: ['dmesg | grep -A20 ftrace; reboot to turn it on again'],
    sources: ['kernel/trace/trace.c', 'ftrace_bug() of kernel/trace/ftrace.c'],
  },
  {
    rule: 'function graph lost its stack',
    formats: `
Bad frame pointer: expected %x, received %x`,
    cause:
      'a function returned on another stack frame than it was entered on: a compiler or assembler function that the function graph tracer cannot follow. The tracer stops, and the kernel is often damaged by then',
    fixes: [
      'the function is named on the next line: keep it out with set_graph_notrace, or mark it notrace',
      'a newer kernel, or another compiler: the function graph tracer depends on both',
    ],
    confidence: 'likely',
    sources: ['kernel/trace/fgraph.c'],
  },
  {
    rule: 'kprobes could not be armed',
    formats: `
Kprobes globally enabled, but failed to arm %d out of %d probes
Kprobes globally disabled, but failed to disarm %d out of %d probes
Failed to arm kprobe-ftrace at %s
Failed to init kprobe-ftrace (%d)
Failed to disarm kprobe-ftrace at %s
Failed to prepare kprobe ftrace`,
    cause:
      'the kernel could not put a kprobe into the code (or take it out): ftrace is off (kernel.ftrace_enabled=0, an earlier ftrace bug), another user of the same function forbids it (live patching, a hook with IPMODIFY), or the code changed',
    fixes: [
      'sysctl kernel.ftrace_enabled=1; dmesg | grep -i ftrace; cat /sys/kernel/tracing/enabled_functions shows who else uses the function (I is IPMODIFY)',
    ],
    confidence: 'likely',
    sources: ['kernel/kprobes.c: arm_kprobe_ftrace', 'kernel/trace/ftrace.c: __ftrace_hash_update_ipmodify'],
  },
  {
    rule: 'uprobe of two kinds at one place',
    formats: `
ref_ctr_offset mismatch. inode: %x offset: %x
Reference counter offset mismatch.
ref_ctr %s failed for inode: %x offset: %x
ref_ctr going negative. vaddr: %x`,
    cause:
      'two uprobes at one place name different semaphores (reference counters), or the semaphore of a USDT probe cannot be changed in the process',
    fixes: [
      'attach to the USDT probe by its name, so that the tool reads the semaphore from the notes of the file; end other tracers of this place',
    ],
    confidence: 'likely',
    sources: ['kernel/events/uprobes.c', 'commit 1cc33161a83d (4.20)'],
  },
  {
    rule: 'scheduler events without numbers',
    formats: `
Scheduler tracepoints stat_sleep, stat_iowait, stat_blocked and stat_runtime require the kernel parameter schedstats=enable`,
    cause: 'these events are only written while statistics of the scheduler are kept, and that is off by default',
    fixes: ['sysctl kernel.sched_schedstats=1, or schedstats=enable on the command line of the kernel'],
    sources: ['commit cb2517653fcc (4.6)', 'kernel/sched/stats.h'],
  },
  {
    rule: 'a program may write to user memory',
    formats: `
is installing a program with bpf_probe_write_user helper that may corrupt user memory!`,
    cause: 'a program that calls bpf_probe_write_user was loaded; the kernel notes it and goes on. It is no error',
    fixes: ['nothing; it tells whoever reads the log of a crash'],
    sources: ['kernel/trace/bpf_trace.c'],
  },
  {
    rule: 'BTF of the kernel is not there for modules',
    formats: `
missing vmlinux BTF, cannot register %s
missing module BTF, cannot register %s
Kernel module BTF mismatch detected, BTF debug info may be unavailable for some modules
Cannot find struct module in btf_vmlinux
Cannot find struct %s in btf_vmlinux
'struct module' btf id not found. Is CONFIG_MODULES enabled?
bpf_preload module get failed.`,
    cause:
      'the kernel or the module was built without BTF, or with BTF of another build of the kernel: kernel functions and struct_ops of it are not available to BPF programs',
    fixes: [
      'CONFIG_DEBUG_INFO_BTF=y and CONFIG_DEBUG_INFO_BTF_MODULES=y with pahole installed; build the modules from exactly this tree',
      'a module outside of the tree: vmlinux has to be in the build directory (Skipping BTF generation says that it is not)',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/btf.c: register_btf_kfunc_id_set'],
  },
  {
    rule: 'struct_ops of the kernel',
    formats: `
struct_ops name %s is too long
Cannot find the stub function %s
the number of arguments of the stub function %s does not match
stub function %s has %s tagging to an unsupported type
Error in parsing func ptr %s in struct %s
Error in init bpf_struct_ops %s
bit field member %s in struct %s is not supported
anon member in struct %s is not supported
Cannot support #%d members in struct %s`,
    cause:
      'the kernel (or a module) registers a struct_ops whose struct or stub functions do not have the form that BPF needs: programs for it cannot be loaded',
    fixes: [
      'compare the cfi_stubs of the struct_ops with the struct: one stub for each member, with the same arguments',
    ],
    confidence: 'likely',
    sources: ['kernel/bpf/bpf_struct_ops.c'],
  },
  {
    rule: 'module refused',
    formats: `
: no symbol version for %s
: exports duplicate symbol %s (owned by %s)
uses symbol %s from namespace %s, but does not import it
module uses symbol (%s) from namespace %s, but does not import it.
: gave up waiting for init of module %s.
: module is already loaded
: please compile with -fno-common
: Could not allocate %d bytes percpu data
: module has no symbols (stripped?)
: No module found in object
: module is marked as livepatch module, but livepatch support is disabled
: Invalid relocation target, existing value is nonzero for type %s
: Unknown rela relocation: %d
: Unknown relocation: %d`,
    cause:
      'the module does not fit this kernel or what is loaded already: it was built against another tree (or without its Module.symvers), exports what another module exports, lacks MODULE_IMPORT_NS, or its file was stripped or cut',
    fixes: [
      'build it against the headers of the running kernel: make -C /lib/modules/$(uname -r)/build M=$PWD; strip -g instead of strip',
      'MODULE_IMPORT_NS("NAMESPACE") for a symbol in a namespace; rmmod the older copy of the module',
    ],
    confidence: 'likely',
    sources: ['kernel/module', 'Documentation/core-api/symbol-namespaces.rst'],
  },
  {
    rule: 'events of a module',
    formats: `
: module has bad taint, not creating trace events`,
    cause:
      'the kernel makes no trace events for modules that were loaded by force, are not signed, or are out of the tree in a way that it does not trust (only the taints O, E, C and live patching are allowed)',
    fixes: ['load it without --force, with a license that the kernel knows, built for this very kernel'],
    sources: ['trace_module_has_bad_taint() of include/linux/trace_events.h'],
  },
  {
    rule: 'parameter of a module',
    formats: `
: unknown parameter '%s' ignored`,
    cause: 'the module has no parameter of this name; it was loaded without it',
    fixes: ['modinfo -p MODULE lists its parameters'],
    sources: ['kernel/module'],
  },
  {
    rule: 'code of the kernel cannot be patched',
    formats: `
can't patch jump_label at %s
jump label: negative count!
Unrecoverable kprobe detected.
kretprobe is stacked incorrectly. Trying to fixup.
must be blacklisted because of incorrect kretprobe order`,
    cause:
      'the kernel changes its own code for static keys, probes and ftrace, and found something else at the place, or a probe where none may be: code that another hook patched, a damaged module, or a missing NOKPROBE_SYMBOL',
    fixes: ['take out modules that patch code (hooks, live patches), and probes set by hand; a newer stable kernel'],
    confidence: 'likely',
    sources: ['kernel/jump_label.c', 'arch/x86/kernel/kprobes/core.c'],
  },
  {
    rule: 'fault injection has no such function',
    formats: `
Failed to find error inject entry at %x`,
    cause: 'the function is not one of those that may fail on purpose (ALLOW_ERROR_INJECTION)',
    fixes: ['cat /sys/kernel/debug/error_injection/list; `expose:` of lab (as: [error-injectable]) adds a function'],
    sources: ['lib/error-inject.c'],
  },
  {
    rule: 'boot: no initramfs',
    formats: `
Initrd not found or empty - disabling initrd
initrd extends beyond end of memory
initrd overwritten (%x < %x)`,
    cause:
      'the loader gave the kernel no initramfs, or one that does not fit into the memory: what should run from it (rdinit=, modules for the root device) does not',
    fixes: ['-initrd FILE of QEMU, initrd= or INITRD of the boot loader; file FILE shows what it is; more memory'],
    sources: ['init/do_mounts_initrd.c', 'arch/mips/kernel/setup.c'],
  },
  {
    rule: 'boot: root device',
    formats: `
VFS: PARTUUID= is invalid.
Disabling rootwait; root= is invalid.
Failed to create /dev/root: %d`,
    cause: 'the option root= on the command line of the kernel has a form that it does not understand',
    fixes: [
      'root=/dev/vda1, root=PARTUUID=...; root=UUID= and root=LABEL= are understood by an initramfs only, not by the kernel',
    ],
    sources: ['init/do_mounts.c'],
  },
]
