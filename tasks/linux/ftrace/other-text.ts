/** Texts about traces that are no records of ftrace: what they are, and how to get what can be read. */
import { PERF_WITHOUT_CPU } from './perf-text.ts'

export interface OtherText {
  readonly what: string
  readonly wayOut: string
}

const TEXTS: readonly (OtherText & { readonly pattern: RegExp })[] = [
  {
    pattern: /^(?:Attaching \d+ probes?\.\.\.|Attached \d+ probes?|@\w*(?:\[.*\])?: )/,
    what: 'output of bpftrace: what a script prints, and not records with a time, CPU and process',
    wayOut:
      'record the same probes with trace-cmd (trace-cmd record -e ... or kprobe events), or print as ftrace does: printf("%16s-%-7d [%03d] .... %u.%06u: print: ...")',
  },
  {
    pattern: PERF_WITHOUT_CPU,
    what: 'output of `perf script` without the CPU',
    wayOut: 'perf script -F comm,pid,tid,cpu,time,event,trace',
  },
  {
    pattern: /^# (?:Overhead|Samples|Total Lost Samples|Event count \(approx\.\))/,
    what: 'a report of perf, which has sums and no records',
    wayOut: 'perf script -F comm,pid,tid,cpu,time,event,trace prints the records',
  },
  {
    pattern: /^\[\d\d:\d\d:\d\d\.\d+\] \(\+\S+\) \S+ \w+:/,
    what: 'text of babeltrace (an LTTng trace)',
    wayOut: '`lab import` reads ftrace: trace.dat, trace_pipe, trace-cmd report',
  },
  {
    pattern: /^(?:\[pid +\d+\] |\d+ +)?(?:\d+[:.][\d:.]+ )?[a-z_0-9]+\(.*\) += (?:-?\d+|0x[0-9a-f]+|\?)/,
    what: 'output of strace',
    wayOut: '`lab explain FILE` looks at it; system calls as events: trace-cmd record -e syscalls',
  },
  {
    pattern: /^\s*(?:TIME|Time\(s\)|PID|COMM|TID)\s+(?:PID|COMM|TID|CPU|UID)\b/,
    what: 'the table that a tool of bcc or bpftrace prints',
    wayOut: 'record the events themselves: trace-cmd record -e GROUP:EVENT',
  },
  {
    pattern: /^\s*(?:0: |\d+: )?\([0-9a-f]{2}\) .*r\d/,
    what: 'the log of the verifier',
    wayOut: '`lab explain FILE` explains it',
  },
  {
    pattern: /^(?:<\d+>)?\[ *\d+\.\d{6}\] /,
    what: "the kernel's log (dmesg)",
    wayOut: '`lab explain FILE` explains it; a dump of ftrace in it begins with "Dumping ftrace buffer"',
  },
]

/** What the first of these lines that is known is of. */
export function otherText(lines: Iterable<string>): OtherText | undefined {
  for (const line of lines) {
    const found = TEXTS.find(({ pattern }) => pattern.test(line))
    if (found) return { what: found.what, wayOut: found.wayOut }
  }
  return undefined
}
