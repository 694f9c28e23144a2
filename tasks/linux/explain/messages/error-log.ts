/**
 * The errors of error_log: ERRORS of kernel/trace/trace_probe.h, and those of histogram triggers, filters and synthetic
 * events.
 */
import type { Confidence } from '../finding.ts'

/** Who writes to error_log. */
export const SUBSYSTEMS =
  /^(?:trace_(?:[kuf]|e)?probe|trace_eprobe|event_probe|dynevent|synthetic_events|synth_events|event filter parse error|hist(?::.*)?|event_triggers?|eprobes?|trace_events_hist|trace_events_synth|fprobe_events)$/

interface Refusal {
  readonly pattern: RegExp
  readonly cause: string
  readonly fixes: readonly string[]
  readonly confidence?: Confidence
}

const SYNTAX = 'p[:[GROUP/][EVENT]] [MODULE:]SYMBOL[+OFFSET] [NAME=FETCHARG[:TYPE]]...; r[MAXACTIVE] for returns'

export const ERRORS: readonly Refusal[] = [
  {
    pattern: /Failed to register probe event/,
    cause:
      'the definition is right, and the kernel cannot put the probe there: the symbol does not exist or its module is not loaded (MODULE:SYMBOL with another module), it is notrace or on the kprobe blacklist, or a return probe is not at the entry of a function',
    fixes: [
      'dmesg | grep trace_kprobe has one line more; grep -w SYMBOL /proc/kallsyms',
      'lsmod | grep MODULE; grep SYMBOL /sys/kernel/debug/kprobes/blacklist',
    ],
    confidence: 'likely',
  },
  {
    pattern: /Invalid probed address or symbol|Non-unique symbol|Symbol .* not unique|is not unique/i,
    cause:
      'the kernel finds no symbol of this name (spelling, inlined, suffix such as .isra.0, module not loaded), or several of them since 6.6',
    fixes: ['grep -w SYMBOL /proc/kallsyms', 'SYMBOL+OFFSET of a unique symbol, or an address'],
    confidence: 'likely',
  },
  {
    pattern: /Probe point is not an instruction boundary|Invalid (?:uprobe|file) offset/,
    cause: 'the offset is not where an instruction begins',
    fixes: ['objdump -d --disassemble=SYMBOL shows where instructions begin'],
  },
  {
    pattern:
      /Retprobe address must be an function entry|\$retval is not available on probe|Retprobe address must be a function entry/,
    cause: 'return probes (r:) are at the entry of a function, and only they have $retval',
    fixes: ['leave out the offset, or use p: (without $retval)'],
  },
  {
    pattern: /[Mm]axactive/,
    cause:
      'r10:... gives the number of calls that a return probe can follow at once; only kretprobes take it, up to 4096',
    fixes: ['leave it out: the kernel chooses 10 or twice the number of CPUs'],
  },
  {
    pattern: /(?:Group|Event|Argument) name|No argument expression|argument name/,
    cause: 'names of groups, events and arguments are C identifiers of at most 63 characters, each only once',
    fixes: ['p:mygroup/myevent vfs_read count=%dx: no dots, dashes or blanks in names'],
  },
  {
    pattern: /Invalid (?:argument|stack) number|Invalid \$-val?i?able|Invalid register name|\$-variable/,
    cause:
      'the argument is not one that this kernel can fetch there: registers are %di, %si, ... ; $argN only at the entry of a function (since 4.20); $stackN, $retval, $comm',
    fixes: ['cat /sys/kernel/tracing/README lists them; on x86-64 arguments are %di %si %dx %cx %r8 %r9'],
  },
  {
    pattern:
      /Dereference|dereference|Invalid (?:memory address|immediate value|fetch argument)|String is not closed|can not be dereferenced|String accepts only/,
    cause:
      'a fetch argument is not of the form that the kernel reads: +OFFSET(FETCHARG), +u0(%si) for memory of user space, @ADDRESS, \\IMMEDIATE',
    fixes: ['+0(+8(%di)):string for strings (ustring for those of user space, since 5.3)'],
  },
  {
    pattern: /Array|array|Unknown type|Invalid bitfield|bitfield/,
    cause:
      'types are u8 to u64, s8 to s64, x8 to x64, string, ustring, symbol, b<width>@<offset>/<size>, with [N] for arrays of at most 64',
    fixes: ['cat /sys/kernel/tracing/README lists the types of this kernel'],
  },
  {
    pattern:
      /already (?:the exact same|used)|Probe type is different|Argument type or name is different|exact same probe|already exists/i,
    cause:
      'an event of this name exists: several probes may share one event only if they have the same kind and arguments',
    fixes: ['echo "-:GROUP/EVENT" >> kprobe_events, or another name'],
  },
  {
    pattern:
      /Failed to find the given file|Not a regular file|[Rr]eference counter|Symbol is not available with uprobe|File offset is not available/,
    cause: 'uprobes are given as FILE:OFFSET (a symbol has to be turned into an offset first), kprobes as a symbol',
    fixes: ['p:myevent /path/of/program:0x1234, with the offset from readelf -sW; perf probe -x FILE does it'],
  },
  {
    pattern: /BTF is not available|entry data|No such BTF|Variable is not found/i,
    cause: 'named arguments of functions are taken from BTF, which this kernel or this function does not have',
    fixes: ['CONFIG_DEBUG_INFO_BTF=y and 6.5 or later; registers work without'],
  },
  {
    pattern: /Couldn't find field|Field not found|field/i,
    cause: 'the event has no field of that name (or not of a kind that fits)',
    fixes: ['cat events/GROUP/EVENT/format lists the fields'],
  },
  {
    pattern:
      /variable|Variable|Hist trigger|trigger|action|handler|synthetic|Synthetic|keys|onmatch|sort|size|clock|modifier/,
    cause:
      'a histogram trigger refers to a variable, event, key or action that is not defined, or in a form that it does not take',
    fixes: [
      'define variables before they are used, with the same keys on both events; Documentation/trace/histogram.rst has the forms',
    ],
    confidence: 'likely',
  },
  {
    pattern: /.{4,}/,
    cause: `the definition is not of the form that the kernel reads: ${SYNTAX}`,
    fixes: ['cat /sys/kernel/tracing/README describes what this kernel accepts'],
    confidence: 'possible',
  },
]
