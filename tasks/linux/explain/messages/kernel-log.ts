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
]
