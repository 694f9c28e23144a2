/** What an error number means when a file of tracefs is written to. */
import type { Answer } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

const ACCESS: ByErrno = {
  EACCES: {
    cause:
      'the shell may not open the file: only root can write to tracefs, and `sudo echo ... > file` opens it before sudo runs',
    fixes: ["echo ... | sudo tee -a FILE, or sudo sh -c 'echo ... > FILE'"],
    confidence: 'likely',
  },
  EPERM: {
    cause: 'lockdown (Secure Boot) refuses tracing or kprobes, or the process is root only in a user namespace',
    fixes: ['cat /sys/kernel/security/lockdown; dmesg | grep -i lockdown', 'in a container: --privileged'],
    confidence: 'likely',
    sources: ['commit 17911ff38aa5 (5.4, tracefs)', 'LOCKDOWN_KPROBES of security/security.c (5.4)'],
  },
  ENOENT: {
    cause: 'there is no such file: tracefs is not mounted there, or the kernel was built without this part of it',
    fixes: [
      'mount -t tracefs nodev /sys/kernel/tracing (since 4.1; before: debugfs at /sys/kernel/debug)',
      'zgrep -E "KPROBE_EVENTS|UPROBE_EVENTS|FTRACE" /proc/config.gz: kprobe_events is there only with CONFIG_KPROBE_EVENTS=y, uprobe_events with CONFIG_UPROBE_EVENTS=y',
    ],
    confidence: 'likely',
  },
}

export const KPROBE_EVENTS: ByErrno = {
  ...ACCESS,
  EINVAL: {
    cause:
      'the definition cannot be parsed, or the kernel refuses a probe at this function: it is notrace (refused since 4.19) or on the kprobe blacklist. The shell sees only EINVAL',
    fixes: [
      'cat /sys/kernel/tracing/error_log (5.2 and later): it marks the word that is wrong; dmesg | tail before that',
      '/sys/kernel/debug/kprobes/blacklist lists functions that can never be probed; notrace functions are missing from available_filter_functions',
      'a definition is p:GROUP/EVENT SYMBOL[+OFFSET] [NAME=FETCHARG]..., r: for the return',
    ],
    confidence: 'possible',
    sources: ['Documentation/trace/kprobetrace.rst', 'kernel/trace/trace_kprobe.c'],
  },
  ENOENT: {
    cause:
      'the kernel has no symbol of this name: the function does not exist there, the compiler inlined it, or its module is not loaded. When removing ("-:name"): there is no such event',
    fixes: ['grep -w FUNCTION /proc/kallsyms; for a function of a module: MODULE:FUNCTION, which waits for the module'],
    confidence: 'likely',
  },
  EEXIST: {
    cause: 'an event of this name exists, left behind by an earlier loader, or with other arguments',
    fixes: ['echo "-:GROUP/EVENT" >> kprobe_events; > kprobe_events removes all of them (also those of others)'],
    confidence: 'likely',
  },
  EBUSY: {
    cause: 'the event is in use: it is enabled, or perf or a BPF program has it open',
    fixes: ['echo 0 > events/kprobes/enable, and end what reads it'],
    confidence: 'likely',
  },
  EADDRNOTAVAIL: {
    cause: 'several functions of the kernel have this name, and since 6.6 the kernel does not choose one of them',
    fixes: [
      'give SYMBOL+OFFSET of a symbol that is unique (_text+0x...), or the address: grep -w FUNCTION /proc/kallsyms',
    ],
    sources: ['commit b022f0c7e404 (6.6)'],
  },
  E2BIG: {
    cause: 'the line is too long, or the probe has too many arguments (128, MAX_TRACE_ARGS)',
    fixes: ['write fewer arguments, or two probes'],
    confidence: 'likely',
    sources: ['kernel/trace/trace_probe.h'],
  },
  EILSEQ: {
    cause: 'the offset is in the middle of an instruction',
    fixes: ['objdump -d --disassemble=FUNCTION vmlinux shows where instructions begin'],
  },
}

const FILTER_FUNCTIONS: ByErrno = {
  ...ACCESS,
  EINVAL: {
    cause: 'no function that ftrace can trace matches: it is notrace, inlined, or not there; patterns are globs',
    fixes: ['grep FUNCTION /sys/kernel/tracing/available_filter_functions'],
    confidence: 'likely',
    sources: ['kernel/trace/ftrace.c'],
  },
}

/** By the name of the file, the first that matches. */
const FILES: readonly (readonly [file: RegExp, errors: ByErrno])[] = [
  [/\b[ku]probe_events\b|\bdynamic_events\b/, KPROBE_EVENTS],
  [/\bset_(?:ftrace|graph)_(?:filter|notrace|function)\b/, FILTER_FUNCTIONS],
  [
    /\bcurrent_tracer\b/,
    {
      ...ACCESS,
      EINVAL: {
        cause: 'the kernel does not have this tracer',
        fixes: [
          'cat available_tracers; CONFIG_FUNCTION_TRACER, CONFIG_FUNCTION_GRAPH_TRACER, CONFIG_IRQSOFF_TRACER, ...',
        ],
        sources: ['kernel/trace/trace.c'],
      },
      EBUSY: {
        cause: 'somebody reads trace_pipe, or another user of the tracer has it',
        fixes: ['end the readers of trace_pipe first'],
        confidence: 'likely',
      },
    },
  ],
  [
    /\bset_event\b/,
    {
      ...ACCESS,
      EINVAL: {
        cause: 'no event matches',
        fixes: ['cat available_events; the form is GROUP:EVENT, GROUP:* or EVENT'],
      },
    },
  ],
  [
    /\bset_(?:event|ftrace)_pid\b/,
    {
      ...ACCESS,
      EINVAL: { cause: 'the text is not a process id', fixes: ['one number for each write, or separated by blanks'] },
    },
  ],
  [
    /\btrace_clock\b/,
    { ...ACCESS, EINVAL: { cause: 'the kernel has no such clock', fixes: ['cat trace_clock lists them'] } },
  ],
  [
    /\bbuffer_(?:total_)?size_kb\b/,
    {
      ...ACCESS,
      ENOMEM: { cause: 'there is not so much memory: the size is for each CPU', fixes: ['a smaller size'] },
      EBUSY: { cause: 'the buffer is being read or mapped', fixes: ['end its readers first'], confidence: 'likely' },
      EINVAL: { cause: 'the size is not a number, or 0', fixes: ['KiB for each CPU, at least 1'] },
    },
  ],
  [
    /\bevents\/\S+\/filter\b/,
    {
      ...ACCESS,
      EINVAL: {
        cause: 'the filter cannot be parsed, or names a field that the event does not have',
        fixes: ['cat the same file: it shows the place of the error; cat format lists the fields'],
        sources: ['Documentation/trace/events.rst'],
      },
    },
  ],
  [
    /\bevents\/\S+\/trigger\b|\bsynthetic_events\b/,
    {
      ...ACCESS,
      EINVAL: {
        cause: 'the trigger cannot be parsed, or names a field, key or variable that is not there',
        fixes: [
          'cat error_log (5.2 and later), or events/.../hist: they mark the place',
          'CONFIG_HIST_TRIGGERS for hist:',
        ],
        confidence: 'likely',
        sources: ['Documentation/trace/histogram.rst'],
      },
      EEXIST: {
        cause: 'the event has this trigger already',
        fixes: ['remove it first: the same line with "!" in front'],
        confidence: 'likely',
      },
      EBUSY: { cause: 'a synthetic event is in use', fixes: ['remove the triggers that generate it first'] },
    },
  ],
  [
    /\bevents\/\S*enable\b/,
    {
      ...ACCESS,
      EINVAL: { cause: 'only 0 and 1 can be written', fixes: ['echo 1 > enable'] },
      ENODEV: { cause: 'the module of the event is gone', fixes: ['load it again'], confidence: 'likely' },
    },
  ],
  [/\/tracing\/|\bbpf_jit_|\/tracing$/, ACCESS],
]

/**
 * Of a write to a file of tracefs; undefined for other files, and for an error that has no particular meaning there.
 */
export const writeError = (file: string, errno: string): Answer | undefined =>
  FILES.find(([pattern]) => pattern.test(file))?.[1][errno]

export const isTracefs = (file: string): boolean => FILES.some(([pattern]) => pattern.test(file))
