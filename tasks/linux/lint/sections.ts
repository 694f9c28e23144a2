/**
 * Names of ELF sections from which a loader knows the type of a BPF program (libbpf, section_defs), and since when
 * kernels have it.
 */
/** The nearest of the words that would have been right. */
export type Suggest = (word: string, candidates: Iterable<string>) => string | undefined

/** The program types whose helpers we know. */
export type ProgramType = 'kprobe' | 'tracepoint' | 'raw_tracepoint' | 'perf_event' | 'other'

interface SectionKind {
  readonly name: string
  readonly type: ProgramType
  /** First kernel with this program type, or with this way to attach it. */
  readonly since?: string
  /** What follows the first slash; a name without it cannot be attached by itself. */
  readonly target?: { readonly pattern: RegExp; readonly example: string }
}

const FUNCTION = { pattern: /^[\w.$+]+$/, example: 'FUNCTION' }
const EVENT = { pattern: /^\w+\/\w+$/, example: 'GROUP/EVENT' }

const kinds = (type: ProgramType, names: string, more: Partial<SectionKind> = {}): SectionKind[] =>
  names.split(' ').map((name) => ({ name, type, ...more }))

const SECTIONS: readonly SectionKind[] = [
  ...kinds('kprobe', 'kprobe kretprobe', { target: FUNCTION }),
  ...kinds('kprobe', 'kprobe.multi kretprobe.multi', { since: '5.18' }),
  ...kinds('kprobe', 'ksyscall kretsyscall uprobe uretprobe uprobe.s uretprobe.s usdt usdt.s'),
  ...kinds('kprobe', 'uprobe.multi uretprobe.multi uprobe.multi.s uretprobe.multi.s', { since: '6.6' }),
  ...kinds('kprobe', 'kprobe.session', { since: '6.10' }),
  ...kinds('tracepoint', 'tracepoint tp', { target: EVENT }),
  ...kinds('raw_tracepoint', 'raw_tracepoint raw_tp', { since: '4.17' }),
  ...kinds('raw_tracepoint', 'raw_tracepoint.w raw_tp.w', { since: '5.2' }),
  ...kinds('perf_event', 'perf_event'),
  ...kinds('other', 'tp_btf fentry fexit', { since: '5.5' }),
  ...kinds('other', 'freplace', { since: '5.6' }),
  ...kinds('other', 'fmod_ret lsm', { since: '5.7' }),
  ...kinds('other', 'fentry.s fexit.s fmod_ret.s lsm.s', { since: '5.10' }),
  ...kinds('other', 'iter', { since: '5.8' }),
  ...kinds('other', 'iter.s lsm_cgroup', { since: '6.0' }),
  ...kinds('other', 'syscall', { since: '5.14' }),
  ...kinds(
    'other',
    'socket sk_reuseport sk_lookup tc tcx classifier action netkit xdp xdp.frags xdp_devmap xdp_cpumap lwt_in lwt_out lwt_xmit lwt_seg6local sockops sk_skb sk_skb/stream_parser sk_skb/stream_verdict sk_msg lirc_mode2 flow_dissector cgroup_skb cgroup cgroup/skb struct_ops struct_ops.s netfilter',
  ),
]

/** Sections of data. */
const DATA =
  /^(?:license|version|maps|\.maps|\.(?:data|bss|rodata|kconfig|ksyms|struct_ops)\b.*|\.addr_space\.\d+|\?\.\w.*)$/

export interface SectionProblem {
  readonly message: string
  readonly wayOut: string
}

export interface KnownSection {
  readonly type: ProgramType
  readonly since: string | undefined
}

/** The longest name that a section begins with. */
const kindOf = (bare: string): SectionKind | undefined =>
  SECTIONS.filter(({ name: known }) => bare === known || bare.startsWith(`${known}/`))
    .toSorted((a, b) => b.name.length - a.name.length)
    .at(0)

/** The first kernel with programs of a section: "5.5"; undefined where every kernel of ours has them. */
export const sectionSince = (section: string): string | undefined => kindOf(section.replace(/^\?/, ''))?.since

/**
 * What a section's name means for a program. `name` may be only its beginning (a macro follows): then `whole` is false,
 * and its target is not looked at. "?" before a name is libbpf's mark for a program that is not loaded by itself.
 */
export function readSection(name: string, whole: boolean, suggest: Suggest): KnownSection | SectionProblem | undefined {
  if (DATA.test(name)) return undefined
  const bare = name.replace(/^\?/, '')
  const kind = kindOf(bare)
  if (kind === undefined) {
    const trimmed = bare.replace(/^[/\\]+/, '')
    const rest = trimmed.includes('/') ? trimmed.slice(trimmed.indexOf('/')) : ''
    const prefix = trimmed.slice(0, trimmed.length - rest.length)
    const known = SECTIONS.map((one) => one.name)
    const near = known.includes(prefix) ? prefix : suggest(prefix, known)
    return {
      message: `no program type belongs to the section "${name}"`,
      wayOut:
        near === undefined
          ? 'kprobe/FUNCTION, kretprobe/FUNCTION, tracepoint/GROUP/EVENT, raw_tracepoint/EVENT, perf_event'
          : `did you mean ${near}${rest}?`,
    }
  }
  const target = bare.slice(kind.name.length + 1)
  if (whole && kind.target && bare.includes('/') && !kind.target.pattern.test(target))
    return {
      message: `the section "${name}" names nothing that could be attached to`,
      wayOut: `${kind.name}/${kind.target.example}`,
    }
  return { type: kind.type, since: kind.since }
}
