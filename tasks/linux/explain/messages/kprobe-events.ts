/** Kprobe events: what the kernel writes to dmesg, perf probe, and a traced write to kprobe_events. */
import { errnoOf } from './errno.ts'
import { KPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { group, type Answer, type Row } from './row.ts'

/**
 * perf probe gives the place of a function as the distance from one of these, since names can be ambiguous and
 * addresses move (KASLR).
 */
const BASE_SYMBOL = /^_?_?(?:text|stext)$/

const baseSymbol = (what: string): Answer => ({
  what,
  cause:
    'perf probe names a place by its offset from a base symbol (_text or _stext), and the kernel looks the base symbol itself up: it is not a function that ftrace knows, so the whole probe is refused. The function that was meant is another one, or the kernel image is not the one that the symbols are of',
  fixes: [
    'name the function itself: echo "p FUNCTION" >> /sys/kernel/tracing/kprobe_events',
    'give perf the vmlinux of the running kernel (-k), and compare `uname -r` with it',
    'CONFIG_KPROBE_EVENTS_ON_NOTRACE=y drops the check',
  ],
  confidence: 'likely',
  sources: ['within_notrace_func() of kernel/trace/trace_kprobe.c', 'tools/perf/util/probe-event.c'],
})

export const KPROBE_EVENT_ROWS: readonly Row[] = [
  {
    rule: 'notrace',
    needle: 'Could not probe notrace function',
    pattern: /trace_kprobe: Could not probe notrace function (\S+)/,
    key: (match) => group(match, 1),
    answer: (match) => {
      const name = group(match, 1)
      if (BASE_SYMBOL.test(name))
        return baseSymbol(`the kernel refuses a probe that is given as an offset from ${name}`)
      return {
        what: `no kprobe on ${name}: it is notrace`,
        symbol: name,
        cause:
          'the function was built without the call to ftrace (all of lib/ was until 6.0), and since 4.19 kprobe events refuse such functions. The function did not change; the refusal is new',
        fixes: [
          'build the kernel with CONFIG_KPROBE_EVENTS_ON_NOTRACE=y; function_graph still cannot show the function',
          'probe a caller of it that is in available_filter_functions',
        ],
        sources: ['commit 45408c4f9250 (4.19)', 'kernel/trace/trace_kprobe.c'],
      }
    },
  },
  {
    rule: 'kprobe event refused',
    needle: ['Could not insert probe at', 'Failed to register probe event('],
    pattern:
      /(?:trace_[ku]probe: )?(?:Could not insert probe at (\S+?)(?:\+(?:0x)?([0-9a-f]+))?: (-?\d+)|Failed to register probe event\((-?\d+)\))/,
    answer: (match) => {
      const symbol = group(match, 1)
      if (symbol.includes('='))
        return {
          what: `no probe at ${symbol}`,
          cause: `the kernel took ${symbol} for the symbol: the event has no name in front of it, so that an argument stands where the symbol belongs`,
          fixes: ['p:NAME SYMBOL ARGUMENT=%di: the name of the event, then the symbol, then arguments'],
          sources: ['Documentation/trace/kprobetrace.rst'],
        }
      const errno = errnoOf(match[3] ?? group(match, 4))
      const known = errno === undefined ? undefined : (KPROBE_EVENTS[errno] ?? KPROBE[errno])
      if (errno === undefined || known === undefined) return undefined
      const what = symbol === '' ? `the kernel refuses a probe event: ${errno}` : `no probe at ${symbol}: ${errno}`
      return BASE_SYMBOL.test(symbol) && errno === 'EINVAL'
        ? baseSymbol(what)
        : { ...known, what, ...(symbol !== '' && { symbol }) }
    },
  },
  {
    rule: 'kprobe event refused',
    needle: '= -1 E',
    pattern: /\bwrite\(\d+, ?"([pr])\d*:(?:[\w./]+\/)?([\w.$]+) [^)]*\) *= -1 (E[A-Z0-9]+)\b/,
    key: (match) => `${match[2]} ${match[3]}`,
    answer: (match) => {
      const target = /^\d+, ?"[pr]\d*:\S+ ([^" ]+)/.exec(match[0].replace(/^.*?\(/, ''))?.[1]
      if (target?.includes('/'))
        return {
          what: `the kernel refuses a kprobe at ${target}`,
          cause: `${target} is a path, and a kprobe takes the name of a function of the kernel: the tool was given a program where it expects a function`,
          fixes: ['trace PROGRAM:FUNCTION (bcc), uprobe:/path/program:FUNCTION (bpftrace) for a function of a program'],
          sources: ['Documentation/trace/uprobetracer.rst'],
        }
      const known = KPROBE_EVENTS[group(match, 3)]
      const kind = match[1] === 'r' ? 'kretprobe' : 'kprobe'
      return (
        known && {
          ...known,
          what: `the kernel refuses the ${kind} event ${group(match, 2)}: ${group(match, 3)}`,
          symbol: group(match, 2),
        }
      )
    },
  },
  {
    rule: 'module of a probe is not loaded',
    needle: 'This probe might be able to register after target module is loaded',
    pattern: /This probe might be able to register after target module is loaded/,
    cause: 'the event is there, but its function is of a module that is not loaded: it counts nothing until then',
    fixes: ['modprobe the module; without a module of this name, check the spelling of MODULE:FUNCTION'],
    sources: ['kernel/trace/trace_kprobe.c'],
  },
  {
    rule: 'return address of a probe is not an entry',
    needle: 'Given offset is not valid for return probe',
    pattern: /Given offset is not valid for return probe/,
    cause: 'a return probe can only be placed at the entry of a function',
    fixes: ['leave out the offset of a kretprobe'],
  },
  {
    rule: 'kprobes are switched off',
    needle: 'kprobes globally',
    pattern: /kprobes: kprobes globally disabled/i,
    cause: 'someone wrote 0 to /sys/kernel/debug/kprobes/enabled: probes are registered and never hit',
    fixes: ['echo 1 > /sys/kernel/debug/kprobes/enabled'],
    sources: ['kernel/kprobes.c'],
  },
  {
    rule: 'perf probe: no such function',
    needle: ['Probe point', 'Failed to find symbol'],
    pattern: /Probe point '([^']+)' not found|Failed to find symbol (\S+) in (\S+)/,
    answer: (match) => ({
      what: `perf finds no ${match[1] ?? group(match, 2)}`,
      cause:
        'the function is not in the symbols that perf reads: it is inlined everywhere, of a module that was not given, or the debug information is of another kernel',
      fixes: [
        'perf probe -F | grep FUNCTION lists what there is; -m MODULE for a module',
        'install the debug information of the running kernel, or give -k vmlinux',
      ],
      confidence: 'likely',
      sources: ['tools/perf/util/probe-event.c'],
    }),
  },
  {
    rule: 'perf probe: debug information',
    needle: ['debuginfo', 'DEBUG_INFO', 'debug information', 'Failed to find the path for the kernel'],
    pattern:
      /The \S+ file has no debug information|Failed to open debuginfo file|Rebuild with CONFIG_DEBUG_INFO=y|Debuginfo-analysis is not supported|Failed to find the path for the kernel/,
    cause: 'perf needs the DWARF of the running kernel for lines, variables and inlined functions, and has none',
    fixes: [
      "install the distribution's debug symbols of this very version, or build with CONFIG_DEBUG_INFO=y and give -k vmlinux",
      'a probe at a function with registers (%di, $arg1) needs none',
    ],
    sources: ['tools/perf/util/probe-event.c'],
  },
  {
    rule: 'perf probe: the kernel refuses the event',
    needle: 'Failed to write event:',
    pattern: /Failed to write event: (.*)/,
    answer: (match) => {
      const errno = errnoOf(group(match, 1))
      const known = errno === undefined ? undefined : KPROBE_EVENTS[errno]
      return known && { ...known, what: `perf probe cannot write its event: ${errno}` }
    },
  },
  {
    rule: 'perf probe: event exists',
    needle: 'already exists',
    pattern: /event "?([\w:]+)"? already exists|Please check (?:if|that) .*already exists|because it already exists/,
    cause: 'a probe event of this name is defined already',
    fixes: ['perf probe -d EVENT removes it; -f adds a second one with a number'],
  },
  {
    rule: 'perf probe: address out of the text',
    needle: 'is out of .text',
    pattern: /\S+ is out of \.text, skip it|Failed to find probe point in any functions/,
    cause: 'the function is in a section that is not the running text (.init), so there is nothing to probe after boot',
    fixes: [
      'functions marked __init exist during boot only: use kprobe_event= on the command line of the kernel (5.1)',
    ],
    confidence: 'likely',
  },
  {
    rule: 'perf probe: blacklist',
    needle: 'blacklisted function',
    pattern: /(\S+) is blacklisted function/,
    cause: 'the kernel never allows a kprobe there: kprobes themselves run through this code',
    fixes: ['probe a caller or a callee; /sys/kernel/debug/kprobes/blacklist lists the functions'],
    sources: ['Documentation/trace/kprobes.rst (Blacklist)'],
  },
]
