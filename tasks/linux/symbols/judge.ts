/** Whether a hook can be attached on a kernel, from its facts; `absent.ts` says more about names that are not there. */
import { inRange, parseVersion } from '../version.ts'
import { NOTRACE_SINCE, type KernelFacts, type Place } from './facts.ts'
import { globMatches } from './glob.ts'
import { isOfKernel, type Hook } from './hook.ts'
import { indexOf } from './name-index.ts'
import { judgeKind, missingOption, tooOld } from './needs.ts'
import { noEvent, noSymbol, NOTRACE } from './words.ts'
import { candidates, similarTargets, SLIP } from './similar.ts'
import { retarget, verdict, type Fix, type Verdict } from './verdict.ts'

/**
 * What GCC and LLVM put behind the name of a function that they changed or split (-fipa-sra, -fpartial-inlining,
 * -fipa-cp, cold parts).
 */
const PIECE = /^(.+?)\.(?:isra|part|constprop|cold|llvm|lto_priv)(?:\.|$)/

/** foo.isra.0, foo.part.3.constprop.1, ... of foo. */
export const piecesOf = (name: string, facts: KernelFacts): string[] => indexOf(facts.functions()).piecesOf(name)

/** foo of foo.isra.0; undefined for a whole function. */
export const wholeOf = (name: string): string | undefined => PIECE.exec(name)?.[1]

/** The function that a name stands for in kprobe events: the first by address. */
const first = (places: readonly Place[]): Place | undefined => places.toSorted((a, b) => a.address - b.address)[0]

/**
 * Whether kprobe events refuse functions without a call of __fentry__ (kernel/trace/trace_kprobe.c,
 * within_notrace_func).
 */
export function refusesNotrace({ release, config }: Pick<KernelFacts, 'release' | 'config'>): boolean {
  const version = parseVersion(release)
  return (
    version !== undefined &&
    inRange(version, NOTRACE_SINCE) &&
    config.get('DYNAMIC_FTRACE') === 'y' &&
    config.get('KPROBE_EVENTS_ON_NOTRACE') !== 'y'
  )
}

/** A piece counts as traceable with its function: kprobe events look there too (since 5.5, c7411a1a126f). */
const SUFFIX_SINCE = 'v5.5..'

function traceable(name: string, place: Place, facts: KernelFacts): boolean {
  if (place.traceable) return true
  const whole = wholeOf(name)
  const version = parseVersion(facts.release)
  if (whole === undefined || version === undefined || !inRange(version, SUFFIX_SINCE)) return false
  return first(facts.places(whole))?.traceable === true
}

/**
 * The kernel looks at the whole function, too, where a name has a suffix (kernel/kprobes.c, within_kprobe_blacklist).
 */
function partOfRefused(hook: Hook, facts: KernelFacts): Verdict | undefined {
  const whole = /^([^.]+)\./.exec(hook.target)?.[1]
  return whole !== undefined && first(facts.places(whole))?.refused === 'blacklist'
    ? verdict(hook, 'blacklisted', `kprobes refuse ${hook.target}, since it is a part of ${whole}`)
    : undefined
}

function refused(hook: Hook, place: Place): Verdict | undefined {
  const why = place.why === undefined ? '' : `: ${place.why}`
  const fixes: Fix[] = []
  switch (place.refused) {
    case 'blacklist':
      return verdict(hook, 'blacklisted', `kprobes refuse ${hook.target}, since they run through it${why}`, { fixes })
    case 'init':
      return verdict(hook, 'init', `${hook.target} is gone after boot: its code is freed${why}`, { fixes })
    case 'rewritten':
      if (hook.offset > 0) return undefined
      return verdict(hook, 'rewritten', `kprobes refuse the beginning of ${hook.target}${why}`, {
        details: ['the kernel rewrites this instruction itself; further into the function it can be probed'],
        fixes: [{ change: 'expose', function: hook.target }],
      })
    case undefined:
      return undefined
  }
}

/**
 * Only kprobes go anywhere in a function (a return probe elsewhere: kernel/trace/trace_kprobe.c, BAD_RETPROBE); BTF
 * knows names alone.
 */
function onlyTheBeginning(hook: Hook): Verdict | undefined {
  if (hook.offset === 0 || hook.kind === 'kprobe') return undefined
  const [kind = ''] = hook.section.split('/')
  return verdict(hook, 'offset', `${kind} takes the beginning of ${hook.target}, and no other place in it`, {
    fixes: [
      retarget(hook, hook.target),
      { change: 'hook', text: `SEC("kprobe/${hook.target}+${hook.offset}")`, note: 'at that place' },
    ],
  })
}

/** fmod_ret changes what a function returns: kernel/bpf/verifier.c, check_attach_modify_return (5.7). */
function notModifiable(hook: Hook, facts: KernelFacts): Verdict | undefined {
  const { target } = hook
  if (!hook.section.startsWith('fmod_ret') || target.startsWith('security_')) return undefined
  // ALLOW_ERROR_INJECTION makes a variable; a running kernel may list none (KALLSYMS_ALL).
  if (facts.isData(`_eil_addr_${target}`)) return undefined
  // Newer kernels (6.12 does, 6.1 not) have more of them in tables of BTF, which are not read here.
  if (facts.places('register_btf_fmodret_id_set').length > 0)
    return verdict(
      hook,
      'not known',
      'this kernel has more functions for fmod_ret than those marked for error injection',
    )
  if (!facts.listsData) return verdict(hook, 'not known', 'this kernel does not list whose value may be changed')
  return verdict(hook, 'not modifiable', `${target} is no function whose value the kernel lets a program change`, {
    details: ['fmod_ret is for functions that are marked for error injection, and those of security_*'],
    fixes: [
      { change: 'expose', function: target, as: ['noinline', 'error-injectable'] },
      { change: 'hook', text: `SEC("fexit/${target}")`, note: 'sees the value, and does not change it' },
    ],
  })
}

/** Options without which a kernel has no bpf_override_return(); the second depends on the first. */
const OVERRIDE = ['FUNCTION_ERROR_INJECTION', 'BPF_KPROBE_OVERRIDE']

/**
 * What keeps a program from ending the function: the kernel has no such helper, or this function is not one of those
 * that may be ended (kernel/trace/trace_kprobe.c, trace_kprobe_error_injectable; only at the entry).
 */
function notOverridable(hook: Hook, place: Place, facts: KernelFacts): Verdict | undefined {
  if (hook.overrides !== true || hook.kind !== 'kprobe') return undefined
  const { target, offset } = hook
  const off = OVERRIDE.filter((symbol) => facts.config.size > 0 && facts.config.get(symbol) !== 'y')
  if (off.length > 0)
    return verdict(hook, 'not built', `bpf_override_return() needs CONFIG_${off.at(-1)}, which is not set`, {
      noHooks: true,
      fixes: off.map((symbol) => ({ change: 'option', symbol, value: 'y' })),
    })
  if (offset > 0)
    return verdict(hook, 'offset', `bpf_override_return() ends a function at its beginning only`, {
      fixes: [retarget(hook, target)],
    })
  if (facts.isData(`_eil_addr_${target}`)) return undefined
  // The mark of a module's function is in the module.
  if (!facts.listsData || place.module !== undefined)
    return verdict(hook, 'not known', 'this kernel does not list the functions that bpf_override_return() may end')
  return verdict(
    hook,
    'not modifiable',
    `${target} is not marked for error injection: bpf_override_return() cannot end it`,
    {
      fixes: [{ change: 'expose', function: target, as: ['error-injectable'] }],
    },
  )
}

function judgeFunction(hook: Hook, facts: KernelFacts): Verdict {
  const { target } = hook
  const impossible = onlyTheBeginning(hook)
  if (impossible) return impossible
  const places = facts.places(target)
  const place = first(places)
  if (!place) return judgeAbsent(hook, facts)
  if (facts.refusesAmbiguous && facts.count(target) > 1)
    return verdict(
      hook,
      'ambiguous',
      `${facts.count(target)} symbols are called ${target}, and this kernel takes none of them`,
      {
        details: ['since 6.7 (b022f0c7e404) and in stable branches a name must be the only one'],
        fixes: [],
      },
    )
  const no =
    refused(hook, place) ??
    partOfRefused(hook, facts) ??
    notModifiable(hook, facts) ??
    notOverridable(hook, place, facts)
  if (no) return no
  if (hook.kind === 'kretprobe' && target === '__switch_to')
    return verdict(hook, 'blacklisted', 'kprobes refuse the return of __switch_to: it happens on another stack')
  const details = places.length > 1 ? [`${places.length} functions have this name; the probe goes to the first`] : []
  if (place.module !== undefined) details.push(`in the module ${place.module}, which must be loaded`)
  if (traceable(target, place, facts))
    return verdict(hook, 'attachable', `${target} is a function of its own`, { details })
  if (hook.kind === 'fentry' || hook.kind === 'multi')
    return verdict(hook, 'notrace', `${target} has no call of __fentry__, and ${hook.kind} goes through ftrace`, {
      details,
      fixes: [{ change: 'hook', text: `SEC("kprobe/${target}")` }],
    })
  if (refusesNotrace(facts))
    return verdict(hook, 'notrace', NOTRACE.fact, {
      details,
      fixes: [{ change: 'option', symbol: 'KPROBE_EVENTS_ON_NOTRACE', value: 'y' }],
    })
  const why =
    facts.config.get('KPROBE_EVENTS_ON_NOTRACE') === 'y'
      ? 'CONFIG_KPROBE_EVENTS_ON_NOTRACE covers it'
      : 'this kernel does not mind'
  return verdict(hook, 'covered', `${target} is notrace, and ${why}`, { details })
}

/** SYSCALL_DEFINE made sys_read until 4.16; since 4.17 (ebeb8c82ffaf) its wrapper is __x64_sys_read. */
function systemCall(hook: Hook, facts: KernelFacts): Verdict | undefined {
  const short = /^(?:__(?:x64|ia32|se|do)_)?(?:sys|SyS)_(\w+)$/.exec(hook.target)?.[1]
  if (short === undefined) return undefined
  const there = [`__x64_sys_${short}`, `sys_${short}`].find((name) => facts.places(name).length > 0)
  if (there === undefined || there === hook.target) return undefined
  return verdict(hook, 'system call', `${hook.target} is ${there} in this kernel`, {
    details: [
      there.startsWith('__x64_')
        ? 'since 4.17 the entry of a system call takes a struct pt_regs and has this prefix'
        : 'the prefix came with 4.17',
    ],
    fixes: [
      retarget(hook, there),
      { change: 'hook', text: `SEC("${hook.kind}/" SYSCALL("${short}"))`, note: 'lab.bpf.h; right for every kernel' },
    ],
  })
}

function judgeAbsent(hook: Hook, facts: KernelFacts): Verdict {
  const { target } = hook
  const call = systemCall(hook, facts)
  if (call) return call
  const pieces = piecesOf(target, facts)
  if (pieces.length > 0)
    return verdict(hook, 'suffix', `${target} is there only as ${pieces.join(', ')}`, {
      details: ['the compiler changed its arguments, or split it: such a piece may not see every call'],
      fixes: [{ change: 'expose', function: target }, ...pieces.map((piece) => retarget(hook, piece))],
    })
  const module = facts.exported.get(target)
  if (module !== undefined && module !== 'vmlinux')
    return verdict(hook, 'module', `${target} is in the module ${module}`, {
      details: ['it must be loaded before the probe is attached'],
    })
  if (facts.isData(target)) return verdict(hook, 'not code', `${target} is a variable, and no function`)
  return verdict(hook, 'absent', noSymbol(target).fact, { fixes: [{ change: 'expose', function: target }] })
}

/**
 * An absent function of a kernel without its source, with the names that may be meant: only the source knows whether
 * there is such a function to expose, and a name that is almost there is a slip. Looks at every symbol of the kernel.
 */
export function withSimilar(absent: Verdict, facts: KernelFacts): Verdict {
  const { hook, fixes } = absent
  if (!fixes.some(({ change }) => change === 'expose')) return absent
  const near = similarTargets(hook, facts.functions())
  const slip = near.some((fix) => fix.change === 'hook' && fix.note === SLIP)
  return verdict(hook, 'absent', slip ? `the kernel has no symbol ${hook.target}` : absent.fact, {
    details: absent.details,
    fixes: [...near, ...(slip ? [] : fixes)],
  })
}

function judgePattern(hook: Hook, facts: KernelFacts): Verdict {
  const names = [...facts.functions()].filter((name) => globMatches(hook.target, name))
  const good = names.filter((name) => first(facts.places(name))?.traceable === true)
  return good.length > 0
    ? verdict(hook, 'attachable', `${good.length} of ${names.length} functions that match can be traced`)
    : verdict(hook, 'absent', `no traceable function matches ${hook.target}`)
}

function judgeEvent(hook: Hook, facts: KernelFacts): Verdict {
  const { events, tracepoints } = facts
  if (hook.kind === 'event') {
    if (!events) return verdict(hook, 'not known', 'the trace events of this kernel are not known')
    // These are made while the kernel runs.
    if (/^(?:kprobes|uprobes|eprobes|synthetic|lab_\d+):/.test(hook.target))
      return verdict(hook, 'not known', `${hook.target} is made at run time, if somebody makes it`)
    if (events.has(hook.target)) return verdict(hook, 'attachable', `${hook.target} is an event of this kernel`)
    const near = candidates(
      hook.target.replace(':', '_'),
      [...events].map((event) => event.replace(':', '_')),
    )
    const named = new Map([...events].map((event) => [event.replace(':', '_'), event.replace(':', '/')]))
    return verdict(hook, 'no event', noEvent(hook.target.replace(':', '/')).fact, {
      fixes: near.map(({ name }) => retarget(hook, named.get(name) ?? name)),
    })
  }
  if (!tracepoints) return verdict(hook, 'not known', 'the tracepoints of this kernel are not known')
  if (tracepoints.has(hook.target)) return verdict(hook, 'attachable', `${hook.target} is a tracepoint of this kernel`)
  const near = candidates(hook.target, tracepoints)
  return verdict(hook, 'no tracepoint', `the kernel has no tracepoint ${hook.target}`, {
    fixes: near.map(({ name, note }) => retarget(hook, name, note)),
  })
}

/**
 * Hooks whose targets are functions that the kernel makes for that alone: bpf_lsm_file_open (include/linux/bpf_lsm.h),
 * bpf_iter_task (DEFINE_BPF_ITER_FUNC of include/linux/bpf.h, which is __init, so that a running kernel lists none).
 */
const MADE_FOR: Readonly<Partial<Record<Hook['kind'], { readonly prefix: string; readonly what: string }>>> = {
  lsm: { prefix: 'bpf_lsm_', what: 'LSM hook' },
  iter: { prefix: 'bpf_iter_', what: 'iterator' },
}

function judgeMade(hook: Hook, facts: KernelFacts, { prefix, what }: { prefix: string; what: string }): Verdict {
  const { target } = hook
  if (facts.places(`${prefix}${target}`).length > 0)
    return verdict(hook, 'attachable', `${target} is an ${what} of this kernel`)
  const names = [...facts.functions()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
  if (names.length === 0) return verdict(hook, 'not known', `the names of its ${what}s are not known`)
  return verdict(hook, 'absent', `this kernel has no ${what} ${target}`, {
    fixes: candidates(target, names).map(({ name }) => retarget(hook, name)),
  })
}

/** The verdict on one hook. */
export function judge(hook: Hook, facts: KernelFacts): Verdict {
  const no = tooOld(hook, parseVersion(facts.release)) ?? judgeKind(hook) ?? missingOption(hook, facts)
  if (no) return no
  const made = MADE_FOR[hook.kind]
  if (made) return judgeMade(hook, facts, made)
  if (!isOfKernel(hook)) return verdict(hook, 'not a symbol', 'it needs no symbol of the kernel')
  if (hook.kind === 'event' || hook.kind === 'tracepoint') return judgeEvent(hook, facts)
  return hook.kind === 'multi' ? judgePattern(hook, facts) : judgeFunction(hook, facts)
}
