/**
 * libbpf while it attaches programs. Errors are texts up to libbpf 1.5 and names (-EINVAL) later; "program" was "prog"
 * since 0.1.
 */
import { errnoOf } from './errno.ts'
import { KPROBE, KPROBE_MULTI, SET_BPF, TRACEPOINT, TRAMPOLINE, UPROBE } from './errno-attach.ts'
import { KPROBE_EVENTS } from './errno-files.ts'
import { group, type Answer, type Row } from './row.ts'

type ByErrno = Readonly<Record<string, Answer>>

/** The answer for an error at a place; the error by its name if there is none. */
const at = (place: ByErrno, what: string, error: string, symbol?: string): Answer | undefined => {
  const errno = errnoOf(error)
  const known = errno === undefined ? undefined : place[errno]
  return known && { ...known, what: `${what}: ${errno}`, ...(symbol !== undefined && { symbol }) }
}

/** vfs_read of "vfs_read+0x0". */
const functionOf = (place: string): string => place.replace(/\+(?:0x)?[0-9a-f]+$/, '')

const probeErrors = (kind: string): ByErrno =>
  kind.includes('multi') ? KPROBE_MULTI : kind.startsWith('u') ? UPROBE : KPROBE

const PROG = String.raw`(?:prog(?:ram)?|BPF program) '([^']*)': `

export const LIBBPF_ATTACH_ROWS: readonly Row[] = [
  {
    rule: 'probe refused',
    needle: 'failed to create k',
    pattern: new RegExp(`${PROG}failed to create (k(?:ret)?probe) '([^']*)' perf event: (.+)`),
    answer: (match) =>
      at(
        KPROBE,
        `${group(match, 1)} gets no ${group(match, 2)} at ${group(match, 3)}`,
        group(match, 4),
        functionOf(group(match, 3)),
      ),
  },
  {
    rule: 'probe refused',
    needle: 'failed to create u',
    pattern: new RegExp(`${PROG}failed to create (u(?:ret)?probe) '([^']*)' perf event: (.+)`),
    answer: (match) =>
      at(UPROBE, `${group(match, 1)} gets no ${group(match, 2)} at ${group(match, 3)}`, group(match, 4)),
  },
  {
    rule: 'probe refused',
    needle: [
      'failed to add legacy',
      'legacy kprobe perf_event_open',
      'legacy uprobe perf_event_open',
      'failed to determine legacy',
    ],
    pattern:
      /(?:failed to add legacy ([ku])probe event for '?([^':]+(?::0x[0-9a-f]+)?)'?|legacy ([ku])probe perf_event_open\(\) failed|failed to determine legacy ([ku])probe event id for '?([^':]+)'?): (.+)/,
    answer: (match) => {
      const kind = match[1] ?? match[3] ?? match[4] ?? 'k'
      const place = kind === 'u' ? { ...UPROBE, ...KPROBE_EVENTS, ...UPROBE } : { ...KPROBE_EVENTS, ...KPROBE }
      const answer = at(
        place,
        `no ${kind}probe at ${match[2] ?? match[5] ?? 'the place'}, through tracefs`,
        group(match, 6),
      )
      // The file of tracefs or the function: the number does not tell which is missing.
      return answer !== undefined && kind === 'k' && errnoOf(group(match, 6)) === 'ENOENT'
        ? {
            ...answer,
            cause: `either kprobe_events is not there (CONFIG_KPROBE_EVENTS is off, or tracefs is not mounted), or ${answer.cause}`,
            fixes: [
              'ls -l /sys/kernel/tracing/kprobe_events; zgrep KPROBE /proc/config.gz; mount -t tracefs nodev /sys/kernel/tracing',
              ...answer.fixes,
            ],
          }
        : answer
    },
  },
  {
    rule: 'tracepoint not there',
    needle: 'failed to determine tracepoint',
    pattern: /failed to determine tracepoint '([^']+)' perf event ID: (.+)/,
    answer: (match) => at(TRACEPOINT, `no tracepoint ${group(match, 1)}`, group(match, 2)),
  },
  {
    rule: 'tracepoint refused',
    needle: ['failed to create tracepoint', 'perf_event_open() failed', 'failed to attach to tracepoint'],
    pattern:
      /(?:failed to (?:create|attach to) tracepoint '([^']+)'(?: perf event)?|tracepoint '([^']+)' perf_event_open\(\) failed): (.+)/,
    answer: (match) => at(TRACEPOINT, `tracepoint ${match[1] ?? match[2]}`, group(match, 3)),
  },
  {
    rule: 'tracepoint refused',
    needle: 'failed to attach to raw tracepoint',
    pattern: new RegExp(`${PROG}failed to attach to raw tracepoint '([^']+)': (.+)`),
    answer: (match) => at({ ...TRAMPOLINE, ...TRACEPOINT }, `raw tracepoint ${group(match, 2)}`, group(match, 3)),
  },
  {
    rule: 'probe refused',
    needle: 'failed to attach to ',
    pattern: new RegExp(
      `${PROG}failed to attach to (k(?:ret)?probe|u(?:ret)?probe|kprobe\\.\\w+|multi)\\S* '([^']+)': (.+)`,
    ),
    answer: (match) =>
      at(
        { ...SET_BPF, ...probeErrors(group(match, 2)), EINVAL: SET_BPF['EINVAL'] as Answer },
        `${group(match, 1)} at ${group(match, 3)}`,
        group(match, 4),
      ),
  },
  {
    rule: 'probe refused',
    needle: [
      'failed to attach to perf_event FD',
      'BPF link for perf_event FD',
      'failed to enable perf_event FD',
      'failed to attach to pfd',
      'failed to enable pfd',
    ],
    pattern: new RegExp(
      `${PROG}failed to (?:attach to (?:perf_event FD|pfd)|create BPF link for perf_event FD|enable (?:perf_event FD|pfd)) \\d+: (.+)`,
    ),
    answer: (match) => at(SET_BPF, `${group(match, 1)} cannot be connected to its event`, group(match, 2)),
  },
  {
    rule: 'probe refused',
    needle: ['failed to attach multi-uprobe'],
    pattern: new RegExp(`${PROG}failed to attach multi-uprobe: (.+)`),
    answer: (match) => at(UPROBE, `${group(match, 1)} gets none of its uprobes`, group(match, 2)),
  },
  {
    rule: 'function not in BTF',
    needle: ['failed to find kernel BTF type ID of', 'is not found in vmlinux BTF', "is not found in prog's BTF"],
    pattern: /failed to find kernel BTF type ID of '([^']+)': (.+)|(\S+) is not found in (?:vmlinux|prog's) BTF/,
    key: (match) => match[1] ?? group(match, 3),
    answer: (match) => ({
      what: `the BTF of the kernel has no function ${match[1] ?? match[3]}`,
      cause:
        'fentry, fexit, fmod_ret, lsm and tp_btf name their target by its BTF: this kernel has no function of that name there. It may be inlined, static in several files (then pahole leaves it out), of a module that is not loaded, or misspelt',
      fixes: [
        'bpftool btf dump file /sys/kernel/btf/vmlinux | grep "FUNC \'NAME\'"; for a module /sys/kernel/btf/MODULE',
        'a system call is __x64_sys_NAME; a kprobe needs only a symbol: SEC("kprobe/NAME")',
      ],
      confidence: 'likely',
      otherwise: 'ls /sys/kernel/btf/vmlinux: without that file the kernel has no BTF at all (CONFIG_DEBUG_INFO_BTF)',
      sources: ['libbpf_find_attach_btf_id() of libbpf.c'],
    }),
  },
  {
    rule: 'tracing link refused',
    needle: ['failed to attach: ', 'failed to attach to iterator'],
    pattern: new RegExp(`${PROG}failed to attach(?: to iterator)?: (.+)`),
    answer: (match) => at({ ...SET_BPF, ...TRAMPOLINE }, `${group(match, 1)} cannot be attached`, group(match, 2)),
  },
  {
    rule: 'link refused',
    needle: ['failed to attach to '],
    pattern: new RegExp(
      `${PROG}failed to attach to (cgroup|netns|sockmap|xdp|tcx|netkit|netfilter|freplace|struct_ops|lsm)\\S*: (.+)`,
    ),
    answer: (match) => {
      const errno = errnoOf(group(match, 3)) ?? group(match, 3)
      const what = `${group(match, 1)} cannot be attached to ${group(match, 2)}: ${errno}`
      if (errno === 'EBUSY' || errno === 'EEXIST')
        return {
          what,
          cause: 'another program is attached there, and this hook takes one only (or not with these flags)',
          fixes: ['bpftool net show, bpftool cgroup tree: detach it first, or use a link and the multi flag'],
          confidence: 'likely',
        }
      if (errno === 'EINVAL' || errno === 'EOPNOTSUPP')
        return {
          what,
          cause: 'the kernel (or the driver, for XDP) does not have this hook or this flag',
          fixes: [
            'compare the version: tcx is of 6.6, netkit of 6.7, netfilter of 6.4, links for XDP of 5.9',
            'generic XDP (xdpgeneric) works on every driver; native XDP also needs an MTU that fits one page',
          ],
          confidence: 'likely',
        }
      return at(SET_BPF, what.replace(/: \w+$/, ''), errno)
    },
  },
  {
    rule: 'netlink refuses an XDP or TC program',
    needle: 'Kernel error message:',
    pattern: /libbpf: Kernel error message: (.+)/,
    answer: (match) => {
      const text = group(match, 1)
      return {
        what: text,
        cause: 'this text is the reason that the kernel or the driver of the network card gives',
        fixes: [
          'the text names the function or the setting that refuses it: grep for it in the source of the driver (drivers/net) and of net/',
          'for XDP: generic mode (XDP_FLAGS_SKB_MODE) works whatever the driver says',
        ],
        confidence: 'possible',
      }
    },
  },
  {
    rule: 'section name',
    needle: [
      'missing BPF prog type',
      'invalid section name',
      "missing ':function",
      'invalid format of section definition',
      'failed to guess program type',
    ],
    pattern:
      /prog(?:ram)? '([^']+)': (?:missing BPF prog type, check ELF section name|invalid section name|invalid format of section definition|section) '([^']*)'|failed to guess (?:program|attach) type (?:based on|from) ELF section name '?([^' ]+)'?/,
    key: (match) => `${match[1]} ${match[2] ?? match[3]}`,
    answer: (match) => ({
      what: `no program type belongs to the section ${match[2] ?? match[3]}${match[1] === undefined ? '' : ` of ${match[1]}`}`,
      cause:
        'the loader derives the type of a program from the name of its section, and this version does not know that name',
      fixes: [
        'kprobe/FUNCTION, tracepoint/GROUP/EVENT, fentry/FUNCTION, uprobe/PATH:FUNCTION, xdp, ...: no slash before it; `lab check --probes` finds such names',
        'a newer libbpf for newer sections; names without a known prefix are refused since libbpf 1.0',
      ],
      sources: ['section_defs[] of libbpf.c'],
    }),
  },
  {
    rule: 'pattern of probes',
    needle: [
      'pattern is invalid',
      'kprobe name is invalid',
      'do not support offset specification',
      'must be a non-negative integer',
    ],
    pattern:
      /(?:kprobe multi|kprobe session|tracing multi) pattern is invalid: .*|kprobe name is invalid: .*|u?k?(?:ret)?probes do not support offset specification|kprobe offset must be a non-negative integer.*/,
    cause:
      'what follows the slash in SEC() is a function (with +OFFSET for kprobe and uprobe); only the multi kinds take * and ?',
    fixes: ['SEC("kprobe/vfs_read+4"), SEC("kretprobe/vfs_read"), SEC("kprobe.multi/vfs_*")'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'attach target not given',
    needle: ['no BTF-based attach target', 'attach program FD is not set', 'supply none or both of target_fd'],
    pattern:
      /prog '([^']+)': (?:no BTF-based attach target is specified.*|attach program FD is not set|supply none or both of target_fd.*)/,
    cause:
      'the program is of a kind that names its target (fentry, fexit, freplace, lsm), and neither SEC() nor the loader does',
    fixes: ['SEC("fentry/FUNCTION"), or bpf_program__set_attach_target() before loading'],
    sources: ['libbpf.c'],
  },
  {
    rule: 'program cannot be attached like this',
    needle: [
      "can't attach",
      'user context value is not supported',
      'cannot be set at the same time',
      'ifindex cannot be zero',
      'can attach as freplace',
      'PERF_SAMPLE_CALLCHAIN',
      'has no support for attach',
    ],
    pattern:
      /(?:prog|map) '([^']+)': (?:can't attach (?:before loaded|BPF (?:program|map) without FD|non-struct_ops).*|user context value is not supported|relative_fd and relative_id .*|target netdevice ifindex .*|only BPF_PROG_TYPE_EXT can attach as freplace|try add PERF_SAMPLE_CALLCHAIN .*)/,
    cause:
      'the loader calls an attach function in the wrong order or for another kind of program; the message says which',
    fixes: ['load the object first; use bpf_program__attach(), which goes by the section; cookies of probes need 5.15'],
    confidence: 'likely',
    sources: ['libbpf.c'],
  },
  {
    rule: 'kprobe target ambiguous',
    needle: 'failed to find a unique match for',
    pattern: /failed to find a unique match for '([^']+)' \((\d+) matches\)/,
    answer: (match) => ({
      cause: `${match[2]} functions match ${match[1]}, and the loader wanted exactly one`,
      fixes: ['write the whole name; grep -w NAME /proc/kallsyms shows the candidates'],
    }),
  },
]
