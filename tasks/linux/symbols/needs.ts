/** What a kernel must have for a kind of hook at all, before any symbol matters: its version, and options. */
import { kindOfSection, nearestSection, OPTION_MODULES, targetOfSection } from './hook-kinds.ts'
import { inRange, type Version } from '../version.ts'
import type { KernelFacts } from './facts.ts'
import type { Hook } from './hook.ts'
import { retarget, verdict, type Fix, type Verdict } from './verdict.ts'

/** Kinds that look at functions of the kernel, as a kprobe does. */
const LIKE_KPROBES: ReadonlySet<Hook['kind']> = new Set(['kprobe', 'kretprobe', 'multi', 'fentry'])

/** What does nearly the same in every kernel. */
function olderKind(hook: Hook): readonly Fix[] {
  const { section, target } = hook
  const [kind = ''] = section.split('/')
  if (!LIKE_KPROBES.has(hook.kind) || /[*?]/.test(target)) return []
  const returns = /^(?:fexit|kretprobe|fmod_ret)/.test(kind)
  return [retarget({ section: returns ? 'kretprobe/' : 'kprobe/' }, target, 'its arguments are those of PT_REGS')]
}

/** A kind of hook that this version does not know, whatever its options are. */
export function tooOld(hook: Hook, version: Version | undefined): Verdict | undefined {
  const since = kindOfSection(hook.section)?.since
  if (since === undefined || version === undefined || inRange(version, `v${since}..`)) return undefined
  const [kind] = hook.section.replace(/^\?/, '').split('/')
  return verdict(hook, 'too old', `${kind} needs a kernel of ${since} or later`, { fixes: olderKind(hook) })
}

/**
 * Options that nobody can choose, and those that can be chosen and bring them (arch/Kconfig, kernel/trace/Kconfig: 4.15
 * to 6.12). KPROBE_EVENTS selects TRACING, and that the rest.
 */
const CHOSEN_BY: Readonly<Record<string, readonly string[]>> = {
  KRETPROBES: ['KPROBES'],
  EVENT_TRACING: ['KPROBES', 'KPROBE_EVENTS'],
  TRACEPOINTS: ['KPROBES', 'KPROBE_EVENTS'],
  KPROBE_EVENTS: ['KPROBES', 'KPROBE_EVENTS'],
  BPF_EVENTS: ['BPF_SYSCALL', 'PERF_EVENTS', 'KPROBES', 'KPROBE_EVENTS'],
  DYNAMIC_FTRACE_WITH_DIRECT_CALLS: ['FUNCTION_TRACER', 'DYNAMIC_FTRACE'],
  UPROBES: ['UPROBE_EVENTS'],
  BPF_LSM: ['SECURITY', 'BPF_JIT', 'BPF_LSM'],
  NET_CLS_ACT: ['NET_SCHED', 'NET_CLS_ACT'],
  NET_SCH_INGRESS: ['NET_SCHED', 'NET_CLS_ACT', 'NET_SCH_INGRESS'],
  NET_CLS_BPF: ['NET_SCHED', 'NET_CLS_BPF'],
  CGROUP_BPF: ['CGROUPS', 'CGROUP_BPF'],
  FPROBE: ['FUNCTION_TRACER', 'DYNAMIC_FTRACE', 'FPROBE'],
}

/** Options without which there are no hooks of this kind; the changes turn on all that are off and can be chosen. */
export function missingOption(hook: Hook, { config }: Pick<KernelFacts, 'config'>): Verdict | undefined {
  if (config.size === 0) return undefined
  const off = (symbol: string) => config.get(symbol) !== 'y'
  const missing = (kindOfSection(hook.section)?.options ?? []).filter(off)
  const [first] = missing
  if (first === undefined) return undefined
  const btf: Fix[] = missing.includes('DEBUG_INFO_BTF') ? [{ change: 'btf' }] : []
  const asked = missing.filter((one) => one !== 'DEBUG_INFO_BTF').flatMap((one) => CHOSEN_BY[one] ?? [one])
  const options = [...new Set(asked)].filter(off).map((symbol): Fix => ({ change: 'option', symbol, value: 'y' }))
  const how = config.get(first) === 'm' ? 'is in a module' : 'is not set'
  const modules = missing.flatMap((symbol) => (config.get(symbol) === 'm' ? (OPTION_MODULES[symbol] ?? []) : []))
  const load: Fix[] = modules.length === missing.length ? [{ change: 'modules', names: modules }] : []
  return verdict(hook, 'not built', `this kernel has no hooks of this kind: CONFIG_${first} ${how}`, {
    noHooks: true,
    fixes: [...load, ...options, ...btf],
  })
}

/**
 * What can be said of a hook without its kernel: that its section is none, that what follows the slash is not a name,
 * or that the lab does not attach it. Only the names of other hooks may be looked for in a source.
 */
export function judgeKind(hook: Hook): Verdict | undefined {
  const kind = kindOfSection(hook.section)
  if (kind === undefined) {
    const near = nearestSection(hook.section)
    return verdict(hook, 'no section', `no type of BPF program belongs to the section "${hook.section}"`, {
      fixes: near === undefined ? [] : [{ change: 'hook', text: `SEC("${near}")` }],
    })
  }
  const { form } = kind
  const target = targetOfSection(hook.section, kind)
  if (form && target !== '' && !form.pattern.test(target))
    return verdict(hook, 'no section', `the section "${hook.section}" names nothing that could be attached to`, {
      fixes: [{ change: 'hook', text: `SEC("${kind.name}/${form.example}")` }],
    })
  if (kind.not === undefined) return undefined
  return verdict(hook, 'no loader', `the lab attaches no ${kind.name} programs: ${kind.not}`, {
    details: ['a program with a loader of its own can be the workload (docs/programs.md)'],
  })
}
