/** perf: probe definitions, debug information, events. Read from tools/perf/util of 5.4 and later. */
import { KPROBE_EVENTS } from './errno-files.ts'
import type { PrintfKind } from './printf.ts'

const PROBE_SYNTAX = [
  "perf probe 'FUNCTION[+OFFSET|%return|:LINE] [ARGUMENTS]', or 'FILE:LINE'; perf probe -L FUNCTION lists lines with their numbers",
]

export const PERF_KINDS: readonly PrintfKind[] = [
  {
    rule: 'perf probe: definition',
    formats: `
Semantic error :%s
Semantic error: %s must be referred by '->'
Semantic error: %s must be referred by '.'
Semantic error: %s is not a pointer nor array.
is bad for event name -it must follow C symbol-naming rule.
must be an SDT name.
Invalid absolute address.
There is non-digit char in line number.
There is non-digit character in offset.
SRC@SRC is not allowed.
Lazy pattern can't be used with line number.
Lazy pattern can't be used with offset.
Offset can't be used with line number.
File always requires line number or lazy pattern.
Offset requires an entry function.
Offset/Line/Lazy pattern can't be used with return probe.
Array index must be a number.
Argument parse error: %s
Too many probe arguments (%d).
You can't specify local variable for kretprobe.
You can't specify local variable for a return probe.
Too few probe arguments.
Failed to parse event name: %s
Too many probes (> %d) were specified.
Filter parse error at %d.
' is not a valid function name.
Start line must be smaller than end line.
Tailing with invalid str '%s'.
Error: -x/-m must follow the probe definitions.
Error: Don't use --list with --exec.
Error: '--vars' doesn't accept arguments.`,
    cause: 'perf cannot read the definition of the probe; the message names the part that is wrong',
    fixes: PROBE_SYNTAX,
    sources: ['tools/perf/util/probe-event.c'],
  },
  {
    rule: 'perf probe: variable',
    formats: `
Failed to find the location of the '%s' variable at this address.
Perhaps it has been optimized out.
Sorry, we don't support this variable location yet.
Failed to find '%s' in this function.
Failed to convert variable type: %s
Failed to get the type of %s.
Failed to get a type information of %s.
Failed to cast into string: %s
Structure on a register is not supported yet.
) has no member %s.
is not a data structure nor a union.
Failed to get the offset of %s.
ftrace does not support user access
Mapping for the register number %d missing on this architecture.
exceeds max-bitwidth. Cut down to %d bits.`,
    cause:
      'the value cannot be read at this address: the compiler optimised the variable away there, the function has no variable of this name, or a probe cannot fetch a value of its type',
    fixes: [
      'perf probe -V FUNCTION lists the variables that can be read at its entry; --range shows where each one exists',
      'read the argument from its register ($arg1, %di), or probe another line',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/probe-finder.c'],
  },
  {
    rule: 'perf probe: line',
    formats: `
This line is sharing the address with other lines.
Please try to probe at %s instead.
Source file is shorter than expected.
Specified source line is not found.
Failed to find source file path.
Failed to find scope of probe point.
Too many( > %d) probe point found.`,
    cause:
      'no instruction belongs to this line alone: the compiler merged, moved or removed its code, or the source is of another version',
    fixes: [
      'perf probe -L FUNCTION shows which lines can be probed (those with a number); take the one that the message proposes',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/probe-event.c, probe-finder.c'],
  },
  {
    rule: 'perf probe: inlined function',
    formats: `
is an inlined function and has no return point.
Failed to find "%s%return"`,
    cause: 'the compiler inlined the function: it has an entry at each place where it is used, and no return',
    fixes: ['probe its entry (perf probe FUNCTION), or the return of a caller that is not inlined'],
    sources: ['tools/perf/util/probe-finder.c'],
  },
  {
    rule: 'perf probe: debug information',
    formats: `
Failed to find debug information for address %x
Rebuild with -g, or install an appropriate debuginfo package.
or install an appropriate debuginfo package.
Warning: No dwarf info found in the vmlinux - please rebuild kernel with CONFIG_DEBUG_INFO=y.
Debuginfo analysis failed.
Failed to get call frame on 0x%x
Failed to find symbol at 0x%x
Failed to init vmlinux path.
Target program is compiled without optimization. Skipping prologue.`,
    cause:
      'perf needs the DWARF debug information of exactly this kernel or program for lines, variables and inlined functions',
    fixes: [
      "install the distribution's debug symbols of this very version, or build with -g (kernel: CONFIG_DEBUG_INFO=y, then -k vmlinux)",
      'a probe at the entry of a function, with registers as arguments (%di, $arg1), needs none',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/probe-finder.c'],
  },
  {
    rule: 'perf probe: no such function',
    formats: `
Failed to get ELF symbols for %s
Failed to find symbols matched to "%s"
Failed to load symbols in %s
Failed to get a map for %s
Failed to find the address of %s
Failed to get entry address of %s
Failed to get end address of %s
is bigger than the size of %s
Offset specified is greater than size of %s
Relocated base symbol is not found!
Module %s is not loaded, please specify its full path name.
Too many functions matched in %s
Ignoring tail call from %s`,
    cause:
      'the function (or the offset in it) is not in the symbols that perf reads: it is inlined, of a module that is not loaded, or the file is stripped',
    fixes: [
      'perf probe -F | grep FUNCTION lists what there is; -m MODULE for a module, -x FILE for a program',
      'as root, with sysctl kernel.kptr_restrict=0: without addresses in /proc/kallsyms perf finds no function of the kernel',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/probe-event.c'],
  },
  {
    rule: 'perf probe: tracefs',
    formats: `
probe_events file does not exist - please rebuild kernel with %s
Tracefs or debugfs is not mounted.
Please rebuild kernel with CONFIG_KPROBE_EVENTS or/and CONFIG_UPROBE_EVENTS.
Failed to open kprobe events: %e
Failed to open uprobe events: %e
Failed to open %s/kprobe_events: %e
Failed to open %s/uprobe_events: %e
Failed to delete event: %e`,
    cause: 'perf defines its probes in kprobe_events and uprobe_events of tracefs, and cannot open or write them',
    fixes: ['sudo; mount -t tracefs nodev /sys/kernel/tracing; CONFIG_KPROBE_EVENTS=y and CONFIG_UPROBE_EVENTS=y'],
    errors: KPROBE_EVENTS,
    confidence: 'likely',
    sources: ['tools/perf/util/probe-file.c'],
  },
  {
    rule: 'perf probe: no such event',
    formats: `
does not hit any event.
Error: Failed to delete events.`,
    cause: 'no probe event of this name is defined, so there is nothing to delete',
    fixes: ['perf probe -l lists the events; the name is GROUP:EVENT, * and ? match several'],
    sources: ['tools/perf/builtin-probe.c'],
  },
  {
    rule: 'perf probe: too many events',
    formats: 'Too many events are on the same function.',
    cause: 'perf numbers the events of one function, and all its numbers are used',
    fixes: ["perf probe -d 'FUNCTION*' removes the old ones"],
    sources: ['tools/perf/util/probe-event.c'],
  },
  {
    rule: 'perf: no such event',
    formats: `
\\___ unknown tracepoint
\\___ can't access trace events
\\___ unsupported tracepoint
File /sys/kernel/%s/events/%s not found.
Hint: Perhaps this kernel misses some CONFIG_ setting to enable this feature?
Hint: Perhaps this tracepoint is not supported on this kernel
invalid or unsupported event: %s`,
    cause:
      'this kernel has no event of this name, or perf may not see it (only root can read tracefs): it is misspelt, its option is off, its module is not loaded, or it is a probe event that was not defined yet. An unsupported tracepoint means that perf was built without libtraceevent',
    fixes: [
      'sudo perf list tracepoint, or ls /sys/kernel/tracing/events as root: only these can be recorded',
      'define a probe event first: perf probe FUNCTION, or perf probe -x FILE FUNCTION',
      'build perf with libtraceevent (libtraceevent-dev)',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/parse-events.c', 'tools/lib/api/fs/tracing_path.c'],
  },
  {
    rule: 'perf: definition of an event',
    formats: `
\\___ Cannot find PMU \`%s'. Missing kernel support?
\\___ Bad event or PMU
\\___ Bad event name
\\___ parser error
\\___ unknown term
\\___ Bad modifier
event syntax error: '%s'`,
    cause:
      'perf cannot read the name of the event, or the machine has no unit (PMU) that counts it: virtual machines often have no hardware counters',
    fixes: ['perf list lists the events of this machine; cpu-clock and task-clock work everywhere'],
    confidence: 'likely',
    sources: ['tools/perf/util/parse-events.c'],
  },
  {
    rule: 'perf was built without a library',
    formats: `
perf is not linked with libtraceevent
BPF support is not compiled
Debuginfo-analysis is not supported.`,
    cause: 'this perf was built without the library that the command needs (libtraceevent, libbpf or libdw)',
    fixes: [
      'install the perf of the distribution, or build it with libtraceevent-dev, libdw-dev and libbpf-dev installed',
    ],
    sources: ['tools/perf/Makefile.config'],
  },
  {
    rule: 'perf_event_open refused',
    formats: `
event is not supported.
PMU Hardware doesn't support sampling/overflow-interrupts. Try 'perf stat'
The PMU counters are busy/taken by another profiler.
clockid feature not supported.
Reading from overwrite event is not supported by this kernel.
Not enough memory to setup event with callchain.`,
    cause: 'the machine or this kernel cannot count the event: virtual machines usually have no hardware counters',
    fixes: ['use a software event (-e cpu-clock), or give the VM a virtual PMU'],
    confidence: 'likely',
    sources: ['tools/perf/util/evsel.c: evsel__open_strerror'],
  },
  {
    rule: 'perf: map of the kernel or of a program',
    formats: `
A semaphore is associated with %s and seems your kernel doesn't support it.
Failed to open /tmp/perf-%d.map, continuing without symbols`,
    cause:
      'the tool or the kernel lacks a part that is only needed for names of JIT code, or for USDT probes with a semaphore (4.20)',
    fixes: ['for a JIT: start it with its option for perf maps (java: perf-map-agent, node: --perf-basic-prof)'],
    confidence: 'likely',
    sources: ['tools/perf/util/probe-event.c'],
  },
]
