/** What the section of a BPF program hooks into: `kprobe/vfs_read`, `tracepoint/syscalls/sys_enter_read`, ... */

export interface Hook {
  /** As written in SEC(). */
  readonly section: string
  /**
   * kprobe: a kprobe event on a function, kretprobe: on its return; fentry: through ftrace and BTF; event: a trace
   * event; tracepoint: a raw one; other: nothing of the kernel's symbols (uprobes, clocks, sockets).
   */
  readonly kind: 'kprobe' | 'kretprobe' | 'multi' | 'fentry' | 'event' | 'tracepoint' | 'other'
  /** The function, `group:event`, the tracepoint or the pattern; '' for others. */
  readonly target: string
  /** Bytes after the function's beginning. */
  readonly offset: number
}

const KINDS: readonly (readonly [pattern: RegExp, kind: Hook['kind']])[] = [
  [/^(?:kprobe|ksyscall)\/(.+)$/, 'kprobe'],
  [/^(?:kretprobe|kretsyscall)\/(.+)$/, 'kretprobe'],
  [/^(?:kprobe|kretprobe)\.(?:multi|session)\/(.+)$/, 'multi'],
  [/^(?:fentry|fexit|fmod_ret)(?:\.s)?\/(.+)$/, 'fentry'],
  [/^(?:tracepoint|tp)\/(\w+\/\w+)$/, 'event'],
  [/^(?:raw_tracepoint|raw_tp|raw_tracepoint\.w|raw_tp\.w|tp_btf)\/(\w+)$/, 'tracepoint'],
]

/** What a section name says; a system call of ksyscall has its wrapper's name (x86-64 since 4.17). */
export function hookOf(written: string): Hook {
  const section = written.replace(/^\?/, '')
  for (const [pattern, kind] of KINDS) {
    const found = pattern.exec(section)?.[1]
    if (found === undefined) continue
    const target = kind === 'event' ? found.replace('/', ':') : found
    if (/^k(?:ret)?syscall\//.test(section)) return { section, kind, target: `__x64_sys_${target}`, offset: 0 }
    const [, name = target, offset = '0'] = /^([\w.$]+)\+(0x[0-9a-f]+|\d+)$/.exec(target) ?? []
    return { section, kind, target: name, offset: Number(offset) }
  }
  return { section, kind: 'other', target: '', offset: 0 }
}
