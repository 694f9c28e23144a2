/**
 * The one table of what a BPF program can hook into: the names of sections that say so (libbpf's section_defs), what
 * follows the slash, since when kernels have it, and which options they need for it (kernel/bpf, kernel/trace and
 * net/core of 4.15 to 6.12). The lint, the preflight and the words of a refused attach all read it.
 */
import { editDistance } from '../../engine/edit-distance.ts'

/** The program types whose helpers we know. */
export type ProgramType = 'kprobe' | 'tracepoint' | 'raw_tracepoint' | 'perf_event' | 'other'

/**
 * What a hook looks for:
 * - kprobe, kretprobe: a function, through a kprobe event; multi: all functions that match a pattern, through ftrace;
 *   fentry: a function, through ftrace and BTF
 * - event: a trace event; tracepoint: a raw one
 * - user: a function of a program or library; usdt: a probe point of one
 * - lsm: a hook of the security modules; iter: a list of the kernel that is read through a file
 * - interface, cgroup: a network interface or a control group of the guest
 * - clock: a perf event; struct_ops: nothing by itself, a map holds it
 * - called: other programs call it (bpf_tail_call, freplace)
 * - unknown: no section of libbpf's
 */
export type HookTarget =
  | 'kprobe'
  | 'kretprobe'
  | 'multi'
  | 'fentry'
  | 'event'
  | 'tracepoint'
  | 'user'
  | 'usdt'
  | 'lsm'
  | 'iter'
  | 'interface'
  | 'cgroup'
  | 'clock'
  | 'struct_ops'
  | 'called'
  | 'unknown'

export interface HookKind {
  /** What a section begins with. */
  readonly name: string
  readonly target: HookTarget
  readonly helpers: ProgramType
  /** First kernel with this program type, or with this way to attach it. */
  readonly since?: string
  /** What follows the first slash; a name without it cannot be attached by itself. */
  readonly form?: { readonly pattern: RegExp; readonly example: string }
  /** Options that must be y, or m with the module loaded (`OPTION_MODULES`), without CONFIG_. */
  readonly options: readonly string[]
  /** Why the lab does not attach it; undefined where it does. */
  readonly not?: string
}

const FUNCTION = { pattern: /^[\w.$]+(?:\+(?:0x[0-9a-fA-F]+|\d+))?$/, example: 'FUNCTION' }
const PATTERN = { pattern: /^[\w.$*?]+$/, example: 'PATTERN' }
const EVENT = { pattern: /^\w+\/\w+$/, example: 'GROUP/EVENT' }
const TRACEPOINT = { pattern: /^\w+$/, example: 'TRACEPOINT' }
const USER = { pattern: /^[^:]+:[\w.@$]+(?:\+(?:0x[0-9a-fA-F]+|\d+))?$/, example: 'FILE:FUNCTION' }
const USDT = { pattern: /^[^:]+:\w+:\w+$/, example: 'FILE:PROVIDER:NAME' }

const KPROBE = ['KPROBES', 'KPROBE_EVENTS', 'BPF_EVENTS']
const UPROBE = ['UPROBES', 'UPROBE_EVENTS', 'BPF_EVENTS']
const TRACING = ['DEBUG_INFO_BTF', 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS', 'BPF_EVENTS']

const NO_LOADER = 'only a loader of its own can attach it'

const rows = (names: string, target: HookTarget, more: Partial<HookKind> = {}): HookKind[] =>
  names.split(' ').map((name) => ({ name, target, helpers: 'other', options: [], ...more }))

const kprobes = (names: string, target: HookTarget, more: Partial<HookKind> = {}): HookKind[] =>
  rows(names, target, { helpers: 'kprobe', ...more })

/**
 * Options of this table that a kernel may have as a module (=m), with its name: Debian's kernels have the parts of tc
 * so (net/sched/Makefile). Once an experiment has loaded the module, it is as good as built in.
 */
export const OPTION_MODULES: Readonly<Record<string, string>> = {
  NET_SCH_INGRESS: 'sch_ingress',
  NET_CLS_BPF: 'cls_bpf',
}

/** In no order: the longest name that a section begins with counts. */
export const HOOK_KINDS: readonly HookKind[] = [
  ...kprobes('kprobe', 'kprobe', { form: FUNCTION, options: KPROBE }),
  ...kprobes('kretprobe', 'kretprobe', { form: FUNCTION, options: [...KPROBE, 'KRETPROBES'] }),
  ...kprobes('ksyscall', 'kprobe', { options: KPROBE }),
  ...kprobes('kretsyscall', 'kretprobe', { options: [...KPROBE, 'KRETPROBES'] }),
  ...kprobes('kprobe.multi kretprobe.multi', 'multi', {
    since: '5.18',
    form: PATTERN,
    options: ['FPROBE', 'BPF_EVENTS'],
  }),
  ...kprobes('kprobe.session', 'multi', { since: '6.10', form: PATTERN, options: ['FPROBE', 'BPF_EVENTS'] }),
  ...kprobes('uprobe uretprobe', 'user', { form: USER, options: UPROBE }),
  // Programs that may sleep: 8c7dcb84e3b7.
  ...kprobes('uprobe.s uretprobe.s', 'user', { since: '6.0', form: USER, options: UPROBE }),
  ...kprobes('uprobe.multi uretprobe.multi uprobe.multi.s uretprobe.multi.s', 'user', {
    since: '6.6',
    form: { pattern: /^[^:]+:[\w.@$*?]+$/, example: 'FILE:PATTERN' },
    options: UPROBE,
  }),
  ...kprobes('usdt', 'usdt', { form: USDT, options: UPROBE }),
  ...kprobes('usdt.s', 'usdt', { since: '6.0', form: USDT, options: UPROBE }),
  ...rows('tracepoint tp', 'event', {
    helpers: 'tracepoint',
    form: EVENT,
    options: ['BPF_EVENTS', 'EVENT_TRACING'],
  }),
  ...rows('raw_tracepoint raw_tp', 'tracepoint', {
    helpers: 'raw_tracepoint',
    since: '4.17',
    form: TRACEPOINT,
    options: ['BPF_EVENTS', 'TRACEPOINTS'],
  }),
  ...rows('raw_tracepoint.w raw_tp.w', 'tracepoint', {
    helpers: 'raw_tracepoint',
    since: '5.2',
    form: TRACEPOINT,
    options: ['BPF_EVENTS', 'TRACEPOINTS'],
  }),
  // libbpf finds the types of its arguments in the kernel's BTF.
  ...rows('tp_btf', 'tracepoint', {
    since: '5.5',
    form: TRACEPOINT,
    options: ['DEBUG_INFO_BTF', 'BPF_EVENTS', 'TRACEPOINTS'],
  }),
  ...rows('fentry fexit', 'fentry', { since: '5.5', form: FUNCTION, options: TRACING }),
  ...rows('fmod_ret', 'fentry', { since: '5.7', form: FUNCTION, options: TRACING }),
  ...rows('fentry.s fexit.s fmod_ret.s', 'fentry', { since: '5.10', form: FUNCTION, options: TRACING }),
  ...rows('lsm', 'lsm', { since: '5.7', form: TRACEPOINT, options: ['DEBUG_INFO_BTF', 'BPF_LSM'] }),
  ...rows('lsm.s', 'lsm', { since: '5.10', form: TRACEPOINT, options: ['DEBUG_INFO_BTF', 'BPF_LSM'] }),
  ...rows('iter', 'iter', { since: '5.8', form: TRACEPOINT, options: ['DEBUG_INFO_BTF', 'BPF_SYSCALL'] }),
  ...rows('iter.s', 'iter', { since: '6.0', form: TRACEPOINT, options: ['DEBUG_INFO_BTF', 'BPF_SYSCALL'] }),
  ...rows('perf_event', 'clock', { helpers: 'perf_event', options: ['PERF_EVENTS', 'BPF_EVENTS'] }),
  ...rows('freplace', 'called', { since: '5.6', options: ['DEBUG_INFO_BTF'], not: NO_LOADER }),
  ...rows('syscall', 'called', { since: '5.14', not: NO_LOADER }),
  ...rows('lsm_cgroup', 'cgroup', { since: '6.0', not: NO_LOADER }),
  ...rows('struct_ops struct_ops.s', 'struct_ops', {
    since: '5.6',
    options: ['DEBUG_INFO_BTF', 'BPF_JIT', 'BPF_SYSCALL'],
    not: NO_LOADER,
  }),
  ...rows('xdp', 'interface', { options: ['NET', 'BPF_SYSCALL'] }),
  // BPF_F_XDP_HAS_FRAGS: c2f2cdbeffda.
  ...rows('xdp.frags', 'interface', { since: '5.18', options: ['NET', 'BPF_SYSCALL'] }),
  ...rows('tc classifier', 'interface', { options: ['NET_CLS_ACT', 'NET_SCH_INGRESS', 'NET_CLS_BPF'] }),
  ...rows('action', 'interface', { not: NO_LOADER }),
  ...rows('tcx', 'interface', { since: '6.6', not: NO_LOADER }),
  ...rows('netkit', 'interface', { since: '6.7', not: NO_LOADER }),
  ...rows('cgroup_skb cgroup cgroup/skb sockops', 'cgroup', { options: ['CGROUP_BPF'] }),
  ...rows(
    'socket sk_reuseport sk_lookup xdp_devmap xdp_cpumap lwt_in lwt_out lwt_xmit lwt_seg6local sk_skb ' +
      'sk_skb/stream_parser sk_skb/stream_verdict sk_msg lirc_mode2 flow_dissector netfilter',
    'called',
    { not: NO_LOADER },
  ),
]

/** The longest name that a section begins with; "?" before it is libbpf's mark for what is not loaded by itself. */
export function kindOfSection(section: string): HookKind | undefined {
  const bare = section.replace(/^\?/, '')
  return HOOK_KINDS.filter(({ name }) => bare === name || bare.startsWith(`${name}/`))
    .toSorted((a, b) => b.name.length - a.name.length)
    .at(0)
}

/** What follows the name of its kind, without the slash; '' for none. */
export const targetOfSection = (section: string, { name }: Pick<HookKind, 'name'>): string =>
  section.replace(/^\?/, '').slice(name.length + 1)

/** The section that was probably meant by one of no kind: "kprobe/f" for "/kproeb/f". */
export function nearestSection(section: string): string | undefined {
  const bare = section.replace(/^[?/\\]+/, '')
  const [word = ''] = bare.split('/')
  const limit = Math.max(1, Math.floor(word.length / 3))
  const [near] = HOOK_KINDS.map(({ name }) => ({ name, distance: editDistance(word, name, limit) }))
    .filter(({ name, distance }) => distance <= limit && distance < name.length)
    .toSorted((a, b) => a.distance - b.distance)
  return near && `${near.name}${bare.slice(word.length)}`
}
