/** Messages of bpftrace about a script, its probes and its options. Read from bpftrace 0.25 and older releases. */
import { MAP_CREATE } from './errno-load.ts'
import type { PrintfKind } from './printf.ts'

export const BPFTRACE_KINDS: readonly PrintfKind[] = [
  {
    rule: 'arguments of a tracepoint',
    formats: "Struct/union of type '_tracepoint_%s' does not contain a field named '%s'",
    cause:
      'the event has no such field in this kernel; with a pattern of several events, only fields that all of them have can be used',
    fixes: [
      'bpftrace -lv tracepoint:GROUP:EVENT lists the fields of args; so does events/GROUP/EVENT/format in tracefs',
    ],
    sources: ['src/tracepoint_format_parser.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace: types in C',
    formats: `
definitions.h:%d:%d: error: %s
/bpftrace/include/%s: error: %s`,
    cause:
      'bpftrace compiles the types of the script (and the headers that it includes) with clang, and the text it made of them is no valid C: a type is missing or incomplete',
    fixes: [
      'include the header that defines the type, or drop all #include lines where the kernel has BTF',
      'a newer bpftrace: old ones make such text of patterns of tracepoints and of flexible arrays',
    ],
    confidence: 'likely',
    sources: ['src/clang_parser.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace: definition of a probe',
    formats: `
kprobes should be attached to a function or an address
fentry/fexit should specify a function
kfunc/kretfunc should specify a function
rawtracepoint should be attached to a function
tracepoint probe must have a target
begin/end probes should not have a target
uretprobes can not be attached to a function offset
usdt probe must have a target function or wildcard
usdt probe must specify at least path or pid to
iter should specify a iterator's name
interval probe must have unit of time
interval probe must have an integer frequency
interval frequency should be a positive integer
profile probe must have unit of time
profile probe must have an integer frequency
profile frequency should be a positive integer
hardware probe must have a hardware event name
hardware probe can only have an integer count
software probe must have a software event name
software probe can only have an integer count
wildcards are not allowed for hardware probe type
wildcards are not allowed for software probe type
watchpoint must be attached to a non-zero address
watchpoint mode must be combination of (r,w,x)
watchpoint modes may not be duplicated
watchpoints not supported
Invalid provider: '%s'
is not a hardware probe
is not a software probe
is not an accepted unit of time`,
    cause: 'the name of the probe does not have the form that its kind needs',
    fixes: [
      'kprobe:FUNCTION, kretprobe:FUNCTION, fentry:FUNCTION, tracepoint:GROUP:EVENT, uprobe:PATH:FUNCTION, usdt:PATH:PROVIDER:NAME, profile:hz:99, interval:s:1',
      "bpftrace -l 'KIND:*' lists the probes of a kind",
    ],
    sources: ['src/ast/attachpoint_parser.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace: file of a user probe',
    formats: `
uprobe target file '%s' does not exist or is not executable
usdt target file '%s' does not exist or is not executable
attaching to uprobe target file '%s' but matched %s binaries
attaching to usdt target file '%s' but matched %s binaries
Could not determine instruction boundary for %s
error finding uprobe target: %s
failed to find PT_LOAD program headers in '%s'
Failed to attach to pid: %s
Pid out of range: %s
Failed to parse pid: %s
bpftrace needs usdt support
usdt probe must specify at least path
No DWARF found for "%s"
cannot show parameter info
failed to enable semaphore`,
    cause: 'bpftrace cannot find or read the program that the probe is in, or its function or debug information',
    fixes: [
      'give the whole path of the file; bpftrace -l "uprobe:FILE:*" lists its functions, "usdt:FILE:*" its USDT probes',
      'in a container: the path in the file system of the process is /proc/PID/root/PATH',
    ],
    confidence: 'likely',
    sources: ['src/attached_probe.cpp of bpftrace'],
  },
  {
    rule: 'no probe matches',
    formats: `
specified module %s in probe %s is not loaded.
Attaching to dangerous function: %s
tracepoint format file not found: %s`,
    cause:
      'the probe names a module that is not loaded, a function that must not be probed, or an event that is not there',
    fixes: ["modprobe the module; bpftrace -l 'KIND:*NAME*' lists what there is"],
    sources: ['src/probe_matcher.cpp of bpftrace'],
  },
  {
    rule: 'no BTF in the kernel',
    formats: `
rawtracepoints require kernel BTF.
Kernel doesn't have BTF
BTF: failed to parse BTF from %s
BTF: failed to initialize dump
Cannot take type definitions from BTF since there is %s
kfunc/kretfunc not available
fentry/fexit not available
'kfunc' not available
missing kernel BTF
BTF: failed to find BTF data%s
BTF: failed to read data%s
BTF data not available
Failed to parse BTF data.
no BTF data for %s
BTF data inconsistency %s
Failed to resolve kfunc args.
Try running with --btf to force BTF processing`,
    cause:
      'bpftrace finds no BTF of the kernel, or not of this function or module: types and arguments of fentry probes come from there',
    fixes: [
      'ls /sys/kernel/btf: CONFIG_DEBUG_INFO_BTF=y (and CONFIG_DEBUG_INFO_BTF_MODULES=y for modules, 5.11)',
      'a kprobe with arg0, arg1 needs no BTF; BPFTRACE_BTF=FILE names another file',
    ],
    confidence: 'likely',
    sources: ['src/btf.cpp of bpftrace'],
  },
  {
    rule: 'types defined twice',
    formats: 'a redefinition conflict with user-defined types.',
    cause: 'the script (or a header that it includes) defines a type that is also in the BTF of the kernel',
    fixes: [
      'drop the #include: BTF has all types of the kernel; or set BPFTRACE_BTF=0 (--no-feature btf) to use headers only',
    ],
    confidence: 'likely',
    sources: ['src/clang_parser.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace cannot compile or load its program',
    formats: `
Kernel log seems to be trimmed.
Unknown BPF object load failure.
Loading BPF object(s) failed
Error loading program: %s
Error loading BPF program for %s
is trying to generate more than %s
Function not found: '%s'
Missing required kernel feature: %s`,
    cause: 'the code that bpftrace made of the script is refused by the kernel, or could not be made',
    fixes: [
      'bpftrace -v (or -d verifier) prints the log of the verifier: its last lines give the reason',
      'use a newer bpftrace; a smaller script; BPFTRACE_LOG_SIZE=100000000 for a longer log',
    ],
    confidence: 'possible',
    sources: ['src/bpfbytecode.cpp of bpftrace'],
  },
  {
    rule: 'root is needed',
    formats: `
Missing CAP_BPF capability
Missing CAP_PERFMON capability
Missing CAP_DAC_READ_SEARCH capability
Missing CAP_DAC_OVERRIDE capability`,
    cause: 'bpftrace needs root, or the capabilities CAP_BPF, CAP_PERFMON and CAP_DAC_READ_SEARCH (to read tracefs)',
    fixes: ['sudo; in a container --privileged, or --cap-add for each of them'],
    sources: ['src/bpftrace.cpp of bpftrace'],
  },
  {
    rule: 'perf buffer',
    formats: `
Failed to open perf buffer
Failed to create a perf event for cpu %d
Unable to get the number of ring buffer pages dynamically.
couldn't set RLIMIT_NOFILE for bpftrace`,
    cause:
      'the buffer between kernel and bpftrace cannot be created: bpftrace does not run as root, or a limit of memory or of open files is too low',
    fixes: ['sudo; ulimit -l unlimited; ulimit -n 65536; BPFTRACE_PERF_RB_PAGES=64'],
    confidence: 'likely',
    sources: ['src/bpftrace.cpp of bpftrace'],
  },
  {
    rule: 'unsafe functions',
    formats: 'is an unsafe function being used in safe mode',
    cause: 'system(), signal() and override() change the system, so bpftrace accepts them only with --unsafe',
    fixes: ['bpftrace --unsafe'],
    sources: ['src/ast/passes of bpftrace'],
  },
  {
    rule: 'kernel or bpftrace without a feature',
    formats: `
Your kernel is too old and is missing the %s
Env var '%s' did not contain a valid %s
Could not find kernel headers in %s
Could not identify kernel version
invalid kernel version`,
    cause:
      'bpftrace needs something that this kernel, its headers or the environment does not have: a map type or helper that came later, BTF, or a valid value in a variable',
    fixes: ['bpftrace --info lists what kernel and build have; a bpftrace of the age of the kernel needs less'],
    confidence: 'likely',
    sources: ['src/bpffeature.cpp of bpftrace'],
  },
  {
    rule: 'USDT argument cannot be read',
    formats: `
couldn't get argument %s`,
    cause:
      'the probe is there, but its note describes this argument in a form that bpftrace cannot read, or it has fewer arguments',
    fixes: [
      'readelf -n FILE: the line "Arguments:" of the probe has one entry for each (8@%rax, -4@-20(%rbp), ...)',
      'a newer bpftrace (or bcc, which reads the notes for it); or a uprobe on the function around the probe',
    ],
    confidence: 'likely',
    sources: ['bcc_usdt_get_argument() of src/cc/usdt in bcc'],
  },
  {
    rule: 'USDT probe not found',
    formats: `
Failed to find usdt probe: %s
failed to find usdt probe: %s
Error finding location for probe: %s
Error finding or enabling probe: %s
failed to initialize usdt context for %s
usdt target '%s' does not exist or is not executable
a pid must be specified to list USDT probes by PID
ERROR: Insufficiently specified probe. %s`,
    cause:
      'the file or process has no such USDT probe: it was built without sys/sdt.h, another library has it, or the process runs in another mount namespace',
    fixes: [
      "bpftrace -l 'usdt:FILE:*' or readelf -n FILE lists the probes; -p PID for probes with a semaphore",
      'a container: usdt:/proc/PID/root/PATH:PROVIDER:NAME',
    ],
    confidence: 'likely',
    sources: ['src/usdt.cpp and attached_probe.cpp of bpftrace'],
  },
  {
    rule: 'map cannot be created',
    formats: `
Creation of the required BPF maps has failed.
Error creating map: '%s': %e
Error creating %s map: %e
failed to create map: '%s': %e
Error creating stack id map
failed to create stack id map: %s
This might have happened because kernel.perf_event_max_stack`,
    cause:
      'the kernel refused a map of the script: no privilege, locked memory is used up (before 5.11), it is too large, or deeper stacks are wanted than kernel.perf_event_max_stack allows',
    fixes: [
      'sudo; ulimit -l unlimited; a smaller BPFTRACE_MAX_MAP_KEYS (BPFTRACE_MAP_KEYS_MAX before 0.19)',
      'kstack(N) with N up to sysctl kernel.perf_event_max_stack (127)',
      'as root all the same: cat /sys/kernel/security/lockdown (Secure Boot; distributions with 5.0 to 5.3 refused all of BPF then), or the seccomp profile of a container',
    ],
    errors: MAP_CREATE,
    confidence: 'likely',
    sources: ['src/bpfmap.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace: stacks have no names',
    formats: `
Error looking up stack id %s
failed to look up stack id %s
Failed to look up stack id %s
Could not find stack id %s`,
    cause:
      'the stack is no longer (or was never) in the map of stacks: two stacks fell on one slot, the map is full, or the process ended',
    fixes: ['a larger BPFTRACE_MAX_MAP_KEYS; print stacks at once instead of at END'],
    confidence: 'possible',
    sources: ['src/bpftrace.cpp: get_stack()'],
  },
  {
    rule: 'watchpoints',
    formats: `
Unable to attach real watchpoint probe
Failed to attach watchpoint probe. You are out of watchpoint registers.
watchpoint length must be one of (1,2,4,8)
-p PID or -c CMD required for watchpoint`,
    cause:
      'a watchpoint uses one of the debug registers of the CPU: there are four on x86, for 1, 2, 4 or 8 aligned bytes',
    fixes: ['fewer watchpoints, an aligned address, and -p PID (or -c COMMAND) for addresses of a program'],
    sources: ['src/attached_probe.cpp of bpftrace'],
  },
]
