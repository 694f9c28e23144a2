/** What other parts of the kernel say about programs and traces. */
import { versionText } from '../../version.ts'
import type { Row } from './row.ts'

/** LINUX_VERSION_CODE: major, minor and patch in a byte each (include/generated/uapi/linux/version.h). */
const versionOfCode = (code: number): string =>
  versionText({ major: code >> 16, minor: (code >> 8) & 255, patch: code & 255 })

export const KERNEL_LOG_ROWS: readonly Row[] = [
  {
    rule: 'kernel version in the object',
    needle: 'kern_version=',
    pattern: /BPF_PROG_LOAD.*\bkern_version=(?:KERNEL_VERSION\((\d+), (\d+), (\d+)\)|(0x[0-9a-f]+|\d{5,}))/,
    key: (match) => match[4] ?? match[0],
    answer: (match) => ({
      what:
        match[4] === undefined
          ? `the program was built for kernel ${match[1]}.${match[2]}.${match[3]}`
          : `the program was built for kernel ${versionOfCode(Number(match[4]))} (kern_version=${match[4]})`,
      cause:
        'LINUX_VERSION_CODE of the headers is in the object. Kernels before 5.0 refuse a kprobe program of another version with EINVAL; later ones do not look at it',
      fixes: [],
      sources: ['commit 6c4fc209fcf9 (5.0)'],
    }),
  },
  {
    rule: 'events were lost',
    needle: 'EVENTS',
    pattern: /^\s*CPU:\d+ \[(?:LOST (?:\d+ )?EVENTS|\d+ EVENTS DROPPED)\]/,
    key: () => '',
    what: 'the trace has gaps',
    cause: 'the ring buffer was full and its reader too slow: text is read at about half the speed at which it is made',
    fixes: ['a larger buffer (`trace: { buffer: }`), or binary capture: `lab run` does both'],
  },
  {
    rule: 'bpf_trace_printk is in use',
    needle: 'trace_printk() being used',
    pattern: /\*\*\s+trace_printk\(\) being used\. Allocating extra memory/,
    cause:
      'a program or module was loaded that calls trace_printk (bpf_trace_printk does); the banner is a warning for production kernels and no error',
    fixes: ['nothing in a lab'],
    sources: ['kernel/trace/trace.c'],
  },
  {
    rule: 'a function hook was removed',
    needle: 'ftrace failed to modify',
    pattern: /ftrace failed to modify|ftrace bug/i,
    cause:
      'the code at the entry of a function is not what ftrace expects: something else patched it, or the module is of another build',
    fixes: [
      'the lines below it show expected and actual bytes and the function; all of ftrace is off from then on (reboot)',
    ],
    confidence: 'likely',
    sources: ['ftrace_bug() of kernel/trace/ftrace.c'],
  },
  {
    rule: 'a user program crashed',
    needle: [': segfault at ', 'traps: '],
    pattern:
      /(\S+)\[\d+\]: segfault at ([0-9a-f]+) ip \S+ sp \S+ error (\d+)(?: in (\S+?)\[.*)?|traps: (\S+)\[\d+\] (general protection|trap [\w ]+|invalid opcode)\b.*/,
    key: (match) => match[1] ?? match[5] ?? '',
    answer: (match) => {
      const name = match[1] ?? match[5] ?? 'a program'
      const error = Number(match[3])
      const access = Number.isNaN(error)
        ? (match[6] ?? '')
        : `it ${error & 16 ? 'executed' : error & 2 ? 'wrote' : 'read'} address 0x${match[2]}, ${error & 1 ? 'which it may not' : 'which is not mapped'}`
      return {
        what: `${name} crashed: ${access}`,
        cause: `this is a program of user space and no bug of the kernel: ${access}${match[4] === undefined ? '' : `, in ${match[4]}`}`,
        fixes: [
          'coredumpctl gdb, or gdb PROGRAM core; ip minus the address in brackets is the distance from the start of that mapping: addr2line -e FILE wants it plus the place of the mapping in the file',
          'a uprobe in the middle of an instruction, or a bpf_probe_write_user(), can crash a program too: take the probes away and try again',
        ],
        sources: ['arch/x86/mm/fault.c: show_signal_msg (bits of the error: 1 protection, 2 write, 4 user, 16 fetch)'],
      }
    },
  },
  {
    rule: 'sampling took too long',
    needle: 'perf: interrupt took too long',
    pattern: /perf: interrupt took too long \((\d+) > (\d+)\), lowering kernel\.perf_event_max_sample_rate to (\d+)/,
    key: () => '',
    answer: (match) => ({
      what: 'the kernel lowered the rate of sampling',
      cause: `an interrupt of perf took ${match[1]} ns; the kernel now allows ${match[3]} samples a second, so that sampling does not take the CPU away. Usual in virtual machines; it is no error`,
      fixes: ['nothing, unless perf record -F asks for more; sysctl kernel.perf_cpu_time_max_percent=0 turns it off'],
      sources: ['kernel/events/core.c: perf_sample_event_took'],
    }),
  },
  {
    rule: 'the clock of the machine is not stable',
    needle: ["clocksource 'tsc' as unstable", 'Marking TSC', 'Clocksource '],
    pattern: /Marking clocksource '(\w+)' as unstable.*|tsc: Marking TSC unstable due to .*/,
    key: () => '',
    cause:
      'the time stamp counter ran differently from another clock: a virtual machine that did not get the CPU, or a firmware that stops it. Times in traces of several CPUs may be out of order (the clocks local and x86-tsc)',
    fixes: [
      'echo mono > /sys/kernel/tracing/trace_clock (or global); a VM: clocksource=kvm-clock, less load on the host',
    ],
    confidence: 'likely',
    sources: ['kernel/time/clocksource.c', 'Documentation/trace/ftrace.rst (trace_clock)'],
  },
  {
    rule: 'indirect call of another type',
    needle: 'CFI failure at ',
    pattern: /CFI failure at (\w+)\+\S+(?: \[\w+\])? \(target: (\w+)/,
    answer: (match) => ({
      what: `${match[1]} calls ${match[2]} by a pointer of another type`,
      cause:
        'the kernel checks that a function called by a pointer has the type of the pointer (kCFI), and this one has another: a wrong cast, a callback with other arguments, a module built without CFI, or code that patches functions (hooks, trampolines)',
      fixes: [
        'give the callback exactly the type of the pointer; build the module with the configuration and clang of the kernel',
        'cfi=off or CONFIG_CFI_PERMISSIVE=y to go on for a test',
      ],
      confidence: 'likely',
      sources: ['kernel/cfi.c'],
    }),
  },
]
