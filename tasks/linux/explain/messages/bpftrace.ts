/** bpftrace. */
import { errnoOf } from './errno.ts'
import { KPROBE, KPROBE_MULTI } from './errno-attach.ts'
import { group, type Answer, type Row } from './row.ts'

const NOT_TRACEABLE: Answer = {
  cause:
    'bpftrace looked the function up in available_filter_functions and /proc/kallsyms: it does not exist in this kernel, is inlined, notrace, or of a module that is not loaded',
  fixes: [
    "bpftrace -l 'kprobe:*NAME*' lists what can be probed",
    'grep -w NAME /proc/kallsyms: a name with .isra.0 or .constprop.0 has to be written out; for a module modprobe it first',
    'attach to a caller; `lab symbols KERNEL NAME` says why it is not there',
  ],
  confidence: 'likely',
  otherwise: 'tracefs is not mounted or readable (root), so bpftrace cannot know',
  sources: ['src/probe_matcher.cpp and attached_probe.cpp of bpftrace'],
}

export const BPFTRACE_ROWS: readonly Row[] = [
  {
    rule: 'bpftrace takes a group for a file',
    needle: 'failed to initialize usdt context for path ',
    pattern: /failed to initialize usdt context for path (\w+)\s*$/,
    answer: (match) => ({
      cause: `${match[1]} is a group of tracepoints: releases of bpftrace before 0.9.1 look for USDT probes in a file of that name, too. The listing is complete, and nothing is wrong`,
      fixes: ['nothing; a newer bpftrace does not say so'],
      confidence: 'likely',
      sources: ['pull request 628 of bpftrace'],
    }),
  },
  {
    rule: 'function cannot be traced',
    needle: [
      'is not traceable (either non-existing',
      'Could not resolve symbol',
      'Unknown kernel function',
      'Failed to resolve kernel symbol',
      'Could not resolve address',
      'function not traceable (',
    ],
    pattern:
      /(?:WARNING: )?(\S+) is not traceable \(either non-existing.*|(?:ERROR|WARNING): (\S+): function not traceable \(.*|(?:Could not resolve symbol|Could not resolve address|Unknown kernel function|Failed to resolve kernel symbol):? '?([\w./:+-]+)/,
    key: (match) => match[1] ?? match[2] ?? group(match, 3),
    answer: (match) => {
      const name = (match[1] ?? match[2] ?? group(match, 3)).replace(/\.$/, '')
      if (match[2] !== undefined)
        return {
          ...NOT_TRACEABLE,
          what: `${name} cannot be traced`,
          symbol: name.replace(/^.*:/, ''),
          otherwise:
            'a kprobe may still be possible where fentry is not: fentry needs the function in available_filter_functions and in the BTF under exactly this name',
        }
      if (/Could not resolve address/.test(match.input) && /:0x[0-9a-f]+/.test(name))
        return {
          what: `${name} is in no symbol`,
          cause:
            'bpftrace looks up which symbol an address belongs to, to see whether an instruction begins there, and the file has no symbols (stripped), or none around this address',
          fixes: [
            '--unsafe skips the check: the address then has to be right, at the beginning of an instruction',
            'keep the symbols of the program, or install its debug symbols',
          ],
          confidence: 'likely',
          sources: ['src/attached_probe.cpp of bpftrace'],
        }
      if (/BPFTRACE_VMLINUX/.test(match.input))
        return {
          what: `bpftrace cannot check the offset in ${name}`,
          cause:
            'for a kprobe with an offset bpftrace looks the function up in a vmlinux with symbols, to see whether an instruction begins there; it found none, or not this function in it',
          fixes: [
            'BPFTRACE_VMLINUX=/path/to/vmlinux (debug symbols of this kernel, or the build directory)',
            '--unsafe skips the check (bpftrace must be built with ALLOW_UNSAFE_PROBE)',
            'a kprobe at the entry of the function needs no vmlinux',
          ],
          sources: ['src/attached_probe.cpp of bpftrace'],
        }
      // "/path/program:function": a uprobe.
      return name.includes('/')
        ? {
            what: `${name} is not there`,
            cause:
              'the file has no such symbol: it is stripped, the function static or inlined, or the name mangled (C++, Rust)',
            fixes: ["bpftrace -l 'uprobe:FILE:*', nm -D FILE; an address works without a symbol"],
            confidence: 'likely',
          }
        : { ...NOT_TRACEABLE, what: `${name} cannot be traced`, symbol: name }
    },
  },
  {
    rule: 'no probe matches',
    needle: ['No probes to attach', 'No matches for', 'Attachment failed for all probes', 'No attach points for probe'],
    pattern: /No probes to attach|No matches for .*|Attachment failed for all probes.*|No attach points for probe.*/,
    cause:
      'nothing has that name: no event or function of this kernel or, for a uprobe, no symbol of that file (it is stripped, or the function is inlined)',
    fixes: [
      "bpftrace -l 'KIND:*NAME*' lists what there is; tracepoints need their option or module",
      "uprobes: bpftrace -l 'uprobe:FILE:*NAME*', nm FILE and nm -D FILE; a stripped file has its symbols in a debug package",
    ],
    sources: ['bpftrace'],
  },
  {
    rule: 'tracepoint not there',
    needle: ['tracepoint not found', 'Unable to open tracepoint'],
    pattern: /tracepoint not found: (\S+)|Unable to open tracepoint/,
    answer: (match) => ({
      cause: /syscalls:sys_(?:enter|exit)/.test(match[0])
        ? 'the kernel has no such event: system calls have tracepoints only with CONFIG_FTRACE_SYSCALLS, newer calls and those of other architectures have other names, and without tracefs no event is seen at all'
        : 'the kernel has no such event (renamed, newer, its option off, or its module not loaded), or bpftrace cannot see the events because tracefs is not mounted or readable',
      fixes: [
        "bpftrace -l 'tracepoint:*NAME*'; ls /sys/kernel/tracing/events",
        'mount -t tracefs nodev /sys/kernel/tracing; in a container mount it from the host, read as root',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'probe refused',
    needle: ['Error attaching probe', 'Unable to attach probe', 'failed to attach', 'Error loading program'],
    pattern:
      /(?:Error attaching probe|Unable to attach probe): '?((k(?:ret)?(?:probe|func))[^':]*:[^': ]+?(?::[\w.+*]+)?)'?(?:[:.] ?(.*))?$/,
    answer: (match) => {
      const errno = errnoOf(group(match, 3))
      const known = errno === undefined ? undefined : { ...KPROBE_MULTI, ...KPROBE }[errno]
      return {
        ...(known ?? NOT_TRACEABLE),
        what: `${group(match, 1)} cannot be attached${errno === undefined ? '' : `: ${errno}`}`,
      }
    },
  },
  {
    rule: 'probe in the middle of an instruction',
    needle: [
      'middle of an instruction',
      'middle of the instruction',
      'into middle of instruction',
      'Offset outside the function bounds',
    ],
    pattern:
      /(?:Could not add .*|Possible attachment attempt |.*)in(?:to)?(?: the)? middle of (?:an |the )?instruction.*|Offset outside the function bounds.*/,
    cause: 'the offset or address is not where an instruction begins',
    fixes: [
      'objdump -d shows where instructions begin; --unsafe skips the check for uprobes, at the risk of crashing the program',
    ],
  },
  {
    rule: 'symbol without a size',
    needle: 'Could not determine boundary for',
    pattern: /Could not determine boundary for (\S+) \(symbol has size 0\)/,
    key: () => '',
    cause:
      'symbols like _init and _fini have no size, so bpftrace cannot see where their instructions begin; it leaves them out and attaches to the others',
    fixes: [
      'nothing, unless you want just these: --unsafe attaches to them',
      "a pattern that leaves them out: 'uprobe:FILE:open*'",
    ],
    sources: ['src/attached_probe.cpp of bpftrace'],
  },
  {
    rule: 'bpftrace itself is wrong',
    needle: 'BUG: [',
    pattern: /^\s*BUG: \[\S+\.(?:cpp|h|cc):\d+\] (.+)/,
    answer: (match) => ({
      what: group(match, 1),
      cause:
        'bpftrace stopped at a condition that its authors did not expect: a mistake of this version, and not of the script',
      fixes: [
        'a newer (or older) release; take the script apart: the statement that does it can often be written otherwise (one kind of stack, a simpler key)',
        'report it with the script and bpftrace --info',
      ],
      confidence: 'likely',
      sources: ['src/log.h of bpftrace: LOG(BUG)'],
    }),
  },
  {
    rule: 'too many probes',
    needle: ['BPFTRACE_MAX_PROBES', 'BPFTRACE_MAX_BPF_PROGS', 'exceeds the current limit', 'would exceed global quota'],
    pattern:
      /.*exceeds? the current limit (?:of|.*BPFTRACE_MAX)\D*(\d*).*|Number of open probes would exceed global quota|You can increase the limit through the BPFTRACE_MAX_\w+.*/,
    key: () => '',
    cause:
      'a pattern matches more functions than the tool attaches to at once; each costs time to attach and at each call',
    fixes: [
      'a narrower pattern; BPFTRACE_MAX_PROBES=5000 raises the limit; kprobe.multi (5.18) attaches them all at once',
    ],
  },
  {
    rule: 'stack of the BPF program',
    needle: [
      'Looks like the BPF stack limit',
      'BPF stack limit',
      'BPFTRACE_STRLEN',
      'BPFTRACE_MAX_STRLEN',
      'Stack size is too large',
    ],
    pattern:
      /(?:HINT: )?Looks like (?:you exceeded )?the BPF stack limit.*|exceeded the BPF stack limit.*|Stack size is too large\..*/,
    cause: 'a BPF program has 512 bytes of stack, and the strings or scratch variables need more',
    fixes: [
      'BPFTRACE_MAX_STRLEN=64 (BPFTRACE_STRLEN before 0.21), fewer or smaller variables; newer bpftrace keeps strings in maps',
      'in C: large structs and arrays in a per-CPU array map with one element, instead of on the stack',
    ],
  },
  {
    rule: 'type is unknown to bpftrace',
    needle: [
      'Unknown struct/union',
      'Struct/union of type',
      'unknown type',
      'Unknown identifier',
      'Include headers with missing type definitions',
    ],
    pattern:
      /ERROR: (?:Unknown struct\/union: '([^']+)'|Struct\/union of type '([^']+)' (?:does not contain a field named '([^']+)'|.*))|Include headers with missing type definitions.*|unknown type name '(\w+)'.*bpftrace/,
    answer: (match) => ({
      cause:
        match[3] === undefined
          ? 'neither BTF of the kernel nor an #include defines the type: no BTF (CONFIG_DEBUG_INFO_BTF), no headers, or the type is of a module'
          : `this kernel's ${match[2]} has no field ${match[3]}: it was renamed or came later`,
      fixes: [
        'ls /sys/kernel/btf/vmlinux; bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep -A30 "struct NAME {"',
        'bpftrace -lv "struct NAME"',
      ],
      confidence: 'likely',
    }),
  },
  {
    rule: 'arguments of a tracepoint',
    needle: ['args builtin', 'BTF data for the', 'parsing tracepoint arguments', 'FUNC_PROTO'],
    pattern:
      /ERROR: (?:The args builtin can only be used with .*|The args builtin cannot be used for .*|BTF data for the (?:function|tracepoint) not found.*|BTF is required for parsing tracepoint arguments.*)/,
    cause:
      'the fields of `args` come from the format of the event (tracefs) or from BTF (fentry), and this probe has neither',
    fixes: ['kprobes have arg0, arg1, ... instead; bpftrace -lv PROBE lists the fields'],
    confidence: 'likely',
  },
  {
    rule: 'kernel or bpftrace without a feature',
    needle: [
      'not available for your kernel version',
      'is lower than the minimum supported kernel',
      'Could not find bpf llvm target',
      'was compiled without',
      'not available in this build',
    ],
    pattern:
      /.*not available for your kernel version.*|Kernel version \(\S+\) is lower than the minimum supported.*|Could not find bpf llvm target.*|.*not available in this build.*/,
    answer: ({ 0: text }) =>
      /kfunc|fentry|fexit/.test(text)
        ? {
            cause:
              'fentry and fexit (kfunc, kretfunc up to 0.20) need a kernel of 5.5 or later (arm64: 6.4) with BTF that this bpftrace can read, and trampolines: one of them is missing, or bpftrace was built without a libbpf that finds the BTF',
            fixes: [
              'ls -l /sys/kernel/btf/vmlinux: without it CONFIG_DEBUG_INFO_BTF=y; zgrep DYNAMIC_FTRACE_WITH_DIRECT_CALLS /proc/config.gz',
              'kprobe and kretprobe need neither; bpftrace --info lists what kernel and build have',
              'a bpftrace that is newer than the kernel, and is built with its own libbpf',
            ],
            confidence: 'likely',
            sources: ['commit fec56f5890d9 (5.5, trampolines)', 'commit 2aa6ac03516d (6.4, arm64)'],
          }
        : {
            cause: 'the feature is newer than the running kernel, or this build of bpftrace lacks the library for it',
            fixes: ['bpftrace --info lists what kernel and build have'],
          },
  },
  {
    rule: 'events were lost',
    needle: ['Lost ', 'Total lost event count'],
    pattern: /^(?:Lost \d+ events|Total lost event count: \d+)/,
    key: () => '',
    cause: 'the buffer between kernel and bpftrace was full',
    fixes: ['BPFTRACE_PERF_RB_PAGES=1024, aggregate in maps (@ = count()) instead of printf, a filter'],
  },
  {
    rule: 'maps are full',
    needle: ['Map full', 'map is full', 'Failed to map value', 'argument list too long'],
    pattern:
      /(?:WARNING: )?Map full; can't update element.*|Failed to update (?:map )?element.*(?:argument list too long|E2BIG).*|update: map is full.*/,
    cause: 'a map has max_entries keys; updates with new keys are dropped',
    fixes: ['BPFTRACE_MAX_MAP_KEYS=100000, or delete() keys that are done'],
  },
]
