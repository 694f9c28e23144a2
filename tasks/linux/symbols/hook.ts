/** What the section of a BPF program hooks into: `kprobe/vfs_read`, `tracepoint/syscalls/sys_enter_read`, ... */
import { kindOfSection, targetOfSection, type HookTarget } from './hook-kinds.ts'

export interface Hook {
  /** As written in SEC(), without the "?" that keeps libbpf from loading it. */
  readonly section: string
  readonly kind: HookTarget
  /** The function, `group:event`, the tracepoint, the pattern, or whatever else follows the slash; '' for nothing. */
  readonly target: string
  /** Bytes after the function's beginning. */
  readonly offset: number
  /** The program ends the function with a value of its own (bpf_override_return). */
  readonly overrides?: true
}

/** Kinds whose target may be a function with an offset. */
const FUNCTIONS: ReadonlySet<HookTarget> = new Set(['kprobe', 'kretprobe', 'fentry', 'user'])

/** Kinds whose target is one of the kernel's names. */
const OF_KERNEL: ReadonlySet<HookTarget> = new Set(['kprobe', 'kretprobe', 'multi', 'fentry', 'event', 'tracepoint'])

/** Whether a symbol or event of the kernel decides about a hook. */
export const isOfKernel = ({ kind }: Pick<Hook, 'kind'>): boolean => OF_KERNEL.has(kind)

/** What a section name says; a system call of ksyscall has its wrapper's name (x86-64 since 4.17). */
export function hookOf(written: string): Hook {
  const section = written.replace(/^\?/, '')
  const kind = kindOfSection(section)
  if (kind === undefined) return { section, kind: 'unknown', target: '', offset: 0 }
  const target = targetOfSection(section, kind)
  // A program that others call: it hangs nowhere itself.
  if (target === '' && kind.form !== undefined) return { section, kind: 'called', target, offset: 0 }
  if (kind.target === 'event') return { section, kind: kind.target, target: target.replace('/', ':'), offset: 0 }
  if (/^k(?:ret)?syscall$/.test(kind.name))
    return { section, kind: kind.target, target: `__x64_sys_${target}`, offset: 0 }
  const [, name = target, offset = '0'] =
    (FUNCTIONS.has(kind.target) && /^(.+)\+(0x[0-9a-fA-F]+|\d+)$/.exec(target)) || []
  return { section, kind: kind.target, target: name, offset: Number(offset) }
}

/** The path in a section that stands for the program which the run starts. */
export const WORKLOAD = '${workload}'

/** A hook into user space, taken apart. */
export interface UserHook {
  /** A path, a library's name, or `${workload}`. */
  readonly file: string
  /** Of a function. */
  readonly function?: string
  /** Of a USDT probe. */
  readonly usdt?: { readonly provider: string; readonly name: string }
}

/** undefined for hooks into the kernel, and for what names no function. */
export function userHookOf({ kind, target }: Pick<Hook, 'kind' | 'target'>): UserHook | undefined {
  if (kind === 'usdt') {
    const [, file, provider, name] = /^([^:]+):(\w+):(\w+)$/.exec(target) ?? []
    return file === undefined || provider === undefined || name === undefined
      ? undefined
      : { file, usdt: { provider, name } }
  }
  if (kind !== 'user') return undefined
  const [, file, name] = /^([^:]+):(.+)$/.exec(target) ?? []
  return file === undefined || name === undefined ? undefined : { file, function: name }
}
