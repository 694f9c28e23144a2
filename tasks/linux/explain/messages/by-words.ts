/**
 * An error of a program that has no table: it says what failed (a kprobe, a map, ...) and with which error number, in
 * words of its own. The number means what it means at that place.
 */
import { errnoOf } from './errno.ts'
import { KPROBE, REGISTER_KPROBE, SET_BPF, TRACEPOINT, TRAMPOLINE, UPROBE } from './errno-attach.ts'
import { COMMON } from './errno-common.ts'
import { KPROBE_EVENTS, writeError } from './errno-files.ts'
import { PERF_MMAP, PERF_OPEN } from './errno-perf.ts'
import { BTF_LOAD, MAP_CREATE, PIN, PROG_LOAD } from './errno-load.ts'
import { TC, XDP } from './errno-net.ts'
import { goingOn } from './goes-on.ts'
import { group, type Answer, type Row } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

/** What a program may fail to make or to use: the first whose words are between the failure and its error. */
const PLACES: readonly (readonly [words: RegExp, what: string, errors: ByErrno])[] = [
  [/\bnetlink\b.*\btc\b/i, 'a TC program over netlink', TC],
  [/\bnetlink/i, 'an XDP or TC program over netlink', XDP],
  [/\b(?:tc|tcx|clsact|qdisc)\b/i, 'a TC program', TC],
  [/\bxdp|(?:DRV|SKB|HW)\/(?:native|generic|offload)|with (?:DRV|SKB) mode/i, 'XDP', XDP],
  [/pin(?:ned|ning)?\b|bpf_obj_(?:pin|get)|\bget object \//i, 'pinning', PIN],
  [/while loading "/, 'loading a program', PROG_LOAD],
  // ply: "ERR probe_load : kprobe:f : Invalid argument".
  [/\bprobe_load\b/, 'loading a program', PROG_LOAD],
  [
    /kprobe[._ -]?multi/i,
    'kprobe.multi',
    {
      EINVAL: {
        cause:
          'the kernel has no links for many kprobes at once (before 5.18, or FPROBE is off), or one of the functions or cookies that were given is not accepted; the attach type was not given when the program was loaded, either',
        fixes: [
          'zgrep -E "CONFIG_FPROBE|DYNAMIC_FTRACE_WITH" /proc/config.gz; load with expected_attach_type BPF_TRACE_KPROBE_MULTI (section kprobe.multi/PATTERN)',
          'compare the functions with /sys/kernel/tracing/available_filter_functions; or attach kprobes one by one',
        ],
        sources: ['commit 0dcac2725406 (5.18)', 'kernel/trace/bpf_trace.c: bpf_kprobe_multi_link_attach'],
      },
    },
  ],
  [/register_k(?:ret)?probe/i, 'a kprobe of a module', REGISTER_KPROBE],
  [
    /k(?:ret)?probe(?:_events)?|kprobes?\/|p:kprobes/i,
    'a kprobe',
    { ...KPROBE_EVENTS, ...KPROBE, ENOENT: KPROBE['ENOENT'] as Answer },
  ],
  [/u(?:ret)?probe|usdt/i, 'a uprobe', UPROBE],
  [/raw_?tracepoint|raw_tp|BPF_RAW_TRACEPOINT_OPEN/i, 'a raw tracepoint', { ...TRACEPOINT, ...TRAMPOLINE }],
  [/trace ?points?\b|trace event/i, 'a tracepoint', TRACEPOINT],
  [/fentry|fexit|fmod_ret|trampoline|\bkfunc|\blsm\b/i, 'a trampoline', { ...SET_BPF, ...TRAMPOLINE }],
  [/mmap\w*\b.{0,40}\bperf|\bperf\b.{0,40}\bmmap/i, 'mapping the buffer of perf', { ...PERF_OPEN, ...PERF_MMAP }],
  [
    /PERF_EVENT_IOC_SET_BPF|\bbpf\b.{0,60}perf[_ ]?event|perf[_ ]?event.{0,60}\bbpf\b/i,
    'a program at a perf event',
    SET_BPF,
  ],
  [
    /perf[_ ]?event|PERF_EVENT_IOC|performance (?:event|counter)|start (?:profiling|sampling)/i,
    'a perf event',
    PERF_OPEN,
  ],
  [
    /bpf_(?:create_map|map_create)\w*|(?:create|creating|creation)\b.{0,40}\bmaps?\b|\bmaps?\b.{0,40}\b(?:create|creat)|BPF_MAP_CREATE/i,
    'a map',
    MAP_CREATE,
  ],
  [/\bbtf\b/i, 'BTF', BTF_LOAD],
  [
    /prog load|load program|load(?:ing)?\b.{0,60}\b(?:bpf|ebpf|xdp|programs?|progs?|objects?|collection|skeleton)\b|BPF_PROG_LOAD|bpf_prog_load/i,
    'loading a program',
    PROG_LOAD,
  ],
  [
    /\bftrace_|register_ftrace/i,
    'ftrace',
    {
      ENODEV: {
        cause:
          'ftrace has no such function: it is notrace, was not there when the filter was set, or the hook was never registered. ftrace may also be off (kernel.ftrace_enabled=0)',
        fixes: [
          'grep FUNCTION /sys/kernel/tracing/available_filter_functions; sysctl kernel.ftrace_enabled; dmesg | grep ftrace',
        ],
        confidence: 'likely',
        sources: ['kernel/trace/ftrace.c'],
      },
    },
  ],
  [
    /tracefs|debugfs|\/tracing\b|set_ftrace_filter|current_tracer/i,
    'tracefs',
    {
      EACCES: writeError('/sys/kernel/tracing/', 'EACCES') as Answer,
      EPERM: writeError('/sys/kernel/tracing/', 'EPERM') as Answer,
      ENOENT: writeError('/sys/kernel/tracing/', 'ENOENT') as Answer,
    },
  ],
  [
    /\b(?:e?bpf|xdp|tc)\b.{0,60}\b(?:attach|load|prog|program|link|hook|open)|\b(?:attach|load|link|open)\w*\b.{0,60}\b(?:e?bpf|xdp)\b/i,
    'BPF',
    { ...SET_BPF, ...COMMON },
  ],
]

const FAILED = String.raw`(?:[Ff]ail(?:ed|ure)?|FAILED|[Cc]an(?:no|'|’)?t|[Cc]ould(?:n't| not)|[Uu]nable|[Ee]rror|ERROR|ERR)\b`
/** A system call that failed, as perror() names it: nothing is between it and its error. */
const CALL = String.raw`(?:^|[\s\])])(?:perf_event_open|bpf_prog_load\w*|bpf_load_program\w*|bpf_(?:create_map|map_create)\w*|BPF_[A-Z_]{4,30}|ioctl\(PERF_EVENT_IOC_[A-Z_]+|PERF_EVENT_IOC_[A-Z_]+)\)?(?=: )`
const ERRNO = String.raw`(?:[Ee]rror |[Ee]rrno[ =:]*|err(?:or)?[ =:]+|ret(?:urned|val)?[ =:]+|code:? ?|os error )?-?\d{1,3}|-?E[A-Z0-9]{3,12}|(?:err(?:or)? is )?[A-Za-z][a-z]+(?: [a-z/]+){1,5}`

/** Lines without one of these are about something else. */
const NOUNS = [
  'probe',
  'PROBE_MULTI',
  'racepoint',
  'bpf',
  'BPF',
  'xdp',
  'DRV/',
  'SKB/',
  'XDP',
  'btf',
  'BTF',
  'perf_event',
  'PERF_EVENT',
  'perf event',
  'performance event',
  'performance counter',
  'start profiling',
  'start sampling',
  'ftrace',
  'fentry',
  'netlink',
  'load program',
  'prog load',
  'TC hook',
  'clsact',
  'qdisc',
  'Netlink',
  ' XSK',
  'tracefs',
  'debugfs',
  'trace event',
]

/** "Operation not permitted - Failed to load bpf program", as LXC and systemd print an error. */
const ERROR_FIRST = ['not permitted - ', 'denied - ', 'argument - ', 'or directory - ', 'supported - ', 'memory - ']

/** Weaker than what any table says about the same lines. */
export const BY_WORDS_RULE = 'an error by its number'

/** What an error means at the place that the line names. */
export function byWords(line: string, error: string): Answer | undefined {
  const errno = errnoOf(error)
  if (errno === undefined || line.length > 1000) return undefined
  const [, what, errors] = PLACES.find(([pattern]) => pattern.test(line)) ?? []
  const known = errors?.[errno] ?? (what === undefined ? undefined : COMMON[errno])
  return (
    known && {
      ...known,
      what: `${what} fails with ${errno}`,
      cause: goingOn(known.cause, line),
      confidence: 'possible',
    }
  )
}

export const BY_WORDS_ROWS: readonly Row[] = [
  {
    rule: BY_WORDS_RULE,
    needle: NOUNS,
    pattern: new RegExp(
      `^(?=.*(?:${NOUNS.join('|')})).*?(?:${FAILED}(.{0,300})|${CALL})(?:[:=] ?|\\(|, )(${ERRNO})(?: ?\\[\\d+\\]| \\([A-Z][a-z ]{3,40}\\))?[.!)\\]}\\s]{0,6}(?:["'\`].{0,80})?$`,
    ),
    answer: (match) =>
      byWords(match[0], group(match, 2).replace(/^(?:ret(?:urned|val)?|err(?:or|no)?|code)[ =:]+(?:is )?/i, '')),
  },
  {
    rule: BY_WORDS_RULE,
    needle: ERROR_FIRST,
    pattern: new RegExp(`([A-Z][a-z]+(?: [a-z/]+){1,5}) - ${FAILED}.{0,300}(?:${NOUNS.join('|')}).{0,300}$`),
    answer: (match) => byWords(match[0], group(match, 1)),
  },
]
