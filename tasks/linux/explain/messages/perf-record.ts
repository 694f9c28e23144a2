/** perf record, stat, report, script, trace and sched. Read from tools/perf of 5.4 and later. */
import { PERF_BUFFERS } from './permission.ts'
import type { PrintfKind } from './printf.ts'

export const PERF_RECORD_KINDS: readonly PrintfKind[] = [
  {
    rule: 'perf script: a field that these events do not have',
    formats: `
'%s' not valid for hardware events. Ignoring.
'%s' not valid for software events. Ignoring.
'%s' not valid for hardware-cache events. Ignoring.
'%s' not valid for tracepoint events. Ignoring.
'%s' not valid for unknown events. Ignoring.
Samples for '%s' event do not have %s attribute set. Cannot print '%s' field.`,
    cause:
      'the field was asked for (-F), and events of this type do not have it: `trace` is the text of tracepoints, `addr`, `sym` and `ip` need perf record -d, -g or -a. Other events of the file are still shown with it',
    fixes: [
      '-F trace:... sets fields for tracepoints only; perf script -F +FIELD; record again with the option that writes it',
    ],
    sources: ['tools/perf/builtin-script.c'],
  },
  {
    rule: 'perf: the command that is measured',
    formats: `
Workload failed: %e
Couldn't run the workload!
failed to prepare the workload
Failed to start workload`,
    cause: 'perf could not start the command behind its options: no such program, not executable, or no such directory',
    fixes: ['give the path of the program, with -- before it: perf record -g -- ./program ARGUMENTS'],
    errors: {
      ENOENT: {
        cause: 'there is no program of this name in PATH (or its interpreter is missing)',
        fixes: ['which PROGRAM; perf looks in PATH only: ./program for one in this directory'],
      },
      EACCES: { cause: 'the file is not executable', fixes: ['chmod +x; a script needs its #! line'] },
    },
    sources: ['tools/perf/builtin-record.c'],
  },
  {
    rule: 'perf: data file',
    formats: `
failed to open %s: No such file or directory  (try 'perf record' first)
(try 'perf record' first)
File %s not owned by current user or root (use -f to override)
incompatible file format (rerun with -v to learn more)
WARNING: The %s file's data size field is 0 which is unexpected.
ERROR: The %s file's attr size field is 0 which is unexpected.
The %s data has no samples!
zero-sized data (%s), nothing to do!
Initializing perf session failed
Perf session creation failed
incompatible file format
file %s has no samples
No trace sample to read. Did you call 'perf %s'?
No sched_switch events found. Have you run 'perf sched record'?`,
    cause:
      'perf.data is not there, is empty, of another user, or was not closed (perf record was killed, or still runs): then its header has no sizes',
    fixes: [
      'end perf record with ^C (SIGINT), and wait for "Captured and wrote"; sudo chown $USER perf.data, or -f',
      'no samples: the events did not happen, or not in that command; record with -a, or other events (-e cpu-clock in a VM)',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/session.c', 'tools/perf/util/header.c'],
  },
  {
    rule: 'perf lost or could not order events',
    formats: `
Processed %d events and lost %d chunks!
Processed %d samples and lost %s!
%d out of order events recorded.
Too slow to read ring buffer %s
AUX data lost %d times out of %d!
Check IO/CPU overload!`,
    cause: 'perf read its buffers more slowly than the kernel filled them: parts of the recording are missing',
    fixes: [
      'a lower frequency (-F 99), fewer events, larger buffers (-m 1024); no --call-graph=dwarf, which copies the stack of each sample',
      'write to a fast disk, on another CPU (-r PRIORITY)',
    ],
    sources: ['tools/perf/util/session.c: perf_session__warn_about_errors'],
  },
  {
    rule: 'perf may not map its buffers',
    formats: `
Permission error mapping pages.
or try again with a smaller value of -m/--mmap_pages.
failed to mmap with %d (%s)`,
    ...PERF_BUFFERS,
  },
  {
    rule: 'addresses of the kernel are hidden',
    formats: `
Kernel address maps (/proc/{kallsyms,modules}) are restricted.
Kernel addresses are restricted. Unable to resolve kernel symbols.
Samples in kernel functions may not be resolved if a suitable vmlinux
You need to be root, and /proc/sys/kernel/kptr_restrict should be 0
Couldn't record kernel reference relocation symbol`,
    cause: 'perf cannot read addresses in /proc/kallsyms: the names of kernel functions will be missing',
    fixes: [
      'sudo, with sysctl kernel.kptr_restrict=0; or give the symbols: perf report -k vmlinux (of exactly this build)',
    ],
    sources: ['tools/perf/util/symbol.c', 'Documentation/admin-guide/sysctl/kernel.rst'],
  },
  {
    rule: 'perf: symbols of the kernel',
    formats: `
No kallsyms or vmlinux with build-id %s was found
A vmlinux file was not found.%s
Can't annotate %s: No vmlinux file was found in the path
%s with build id %s not found, continuing without symbols
Failed to open %s, continuing without symbols`,
    cause:
      'perf does not have the file that was executed (or one with its build-id), and shows addresses without names',
    fixes: [
      'perf report -k vmlinux, --symfs DIR, or perf buildid-cache -a FILE; the debug symbols of exactly this version',
      'record and report on one machine, or carry the files over with perf archive',
    ],
    confidence: 'likely',
    sources: ['tools/perf/util/symbol.c'],
  },
  {
    rule: 'perf: no hardware for this',
    formats: `
AUX area tracing is not supported on this architecture
AUX area tracing not supported
Cannot set up transaction events
Cannot set up SMI cost events
System does not support topdown
branch and mem mode incompatible
PMU Hardware or event type doesn't support branch stack sampling.
'precise' request may not be supported.
memory events not supported
failed: no PMU supports the memory events
can't enable tracing`,
    cause:
      'the CPU (or the virtual machine) has no such unit: branch records, memory sampling and AUX buffers are hardware',
    fixes: ['perf list shows what this machine has; a VM needs a virtual PMU; -e cpu-clock works everywhere'],
    confidence: 'likely',
    sources: ['tools/perf/util/evsel.c'],
  },
  {
    rule: 'perf trace: system calls',
    formats: `
Neither raw_syscalls nor syscalls events exist.
Error during initialize raw_syscalls:sys_enter event
Error during initialize raw_syscalls:sys_exit event
ERROR: Setup trace syscalls enter failed: %s
ERROR: raw_syscalls:sys_enter not found in the augmented BPF object`,
    cause: 'perf trace reads the tracepoints of system calls, and this kernel has none, or tracefs cannot be read',
    fixes: ['CONFIG_FTRACE_SYSCALLS=y; sudo; mount -t tracefs nodev /sys/kernel/tracing'],
    confidence: 'likely',
    sources: ['tools/perf/builtin-trace.c'],
  },
]
