/** What a kernel must have for a kind of hook at all, before any symbol matters: its version, and options. */
import { sectionSince } from '../lint/sections.ts'
import { inRange, type Version } from '../version.ts'
import type { KernelFacts } from './facts.ts'
import type { Hook } from './hook.ts'
import { retarget, verdict, type Fix, type Verdict } from './verdict.ts'

/** What does nearly the same in every kernel. */
function olderKind(hook: Hook): readonly Fix[] {
  const { section, target } = hook
  const [kind = ''] = section.split('/')
  if (hook.kind === 'tracepoint' || /[*?]/.test(target)) return []
  const returns = /^(?:fexit|kretprobe|fmod_ret)/.test(kind)
  return [retarget({ section: returns ? 'kretprobe/' : 'kprobe/' }, target, 'its arguments are those of PT_REGS')]
}

/** A kind of hook that this version does not know, whatever its options are. */
export function tooOld(hook: Hook, version: Version | undefined): Verdict | undefined {
  const since = hook.kind === 'other' ? undefined : sectionSince(hook.section)
  if (since === undefined || version === undefined || inRange(version, `v${since}..`)) return undefined
  const [kind] = hook.section.replace(/^\?/, '').split('/')
  return verdict(hook, 'too old', `${kind} needs a kernel of ${since} or later`, { fixes: olderKind(hook) })
}

const OPTIONS_OF_HOOK: Readonly<Partial<Record<Hook['kind'], readonly string[]>>> = {
  kprobe: ['KPROBES', 'KPROBE_EVENTS', 'BPF_EVENTS'],
  kretprobe: ['KPROBES', 'KRETPROBES', 'KPROBE_EVENTS', 'BPF_EVENTS'],
  multi: ['FPROBE', 'BPF_EVENTS'],
  fentry: ['DEBUG_INFO_BTF', 'DYNAMIC_FTRACE_WITH_DIRECT_CALLS', 'BPF_EVENTS'],
  event: ['BPF_EVENTS', 'EVENT_TRACING'],
  tracepoint: ['BPF_EVENTS', 'TRACEPOINTS'],
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
  FPROBE: ['FUNCTION_TRACER', 'DYNAMIC_FTRACE', 'FPROBE'],
}

/** Options without which there are no hooks of this kind; the changes turn on all that are off and can be chosen. */
export function missingOption(hook: Hook, { config }: Pick<KernelFacts, 'config'>): Verdict | undefined {
  if (config.size === 0) return undefined
  const off = (symbol: string) => config.get(symbol) !== 'y'
  // libbpf finds the types of a tracepoint's arguments in the kernel's BTF.
  const types = hook.section.startsWith('tp_btf/') ? ['DEBUG_INFO_BTF'] : []
  const missing = [...(OPTIONS_OF_HOOK[hook.kind] ?? []), ...types].filter(off)
  const [first] = missing
  if (first === undefined) return undefined
  const btf: Fix[] = missing.includes('DEBUG_INFO_BTF') ? [{ change: 'btf' }] : []
  const asked = missing.filter((one) => one !== 'DEBUG_INFO_BTF').flatMap((one) => CHOSEN_BY[one] ?? [one])
  const options = [...new Set(asked)].filter(off).map((symbol): Fix => ({ change: 'option', symbol, value: 'y' }))
  return verdict(hook, 'not built', `this kernel has no hooks of this kind: CONFIG_${first} is not set`, {
    noHooks: true,
    fixes: [...options, ...btf],
  })
}
