/** Whether a section's name is one from which a loader knows the type of a BPF program. */
import { kindOfSection, nearestSection, targetOfSection, type ProgramType } from '../symbols/hook-kinds.ts'

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

/**
 * What a section's name means for a program. `name` may be only its beginning (a macro follows): then `whole` is false,
 * and its target is not looked at. "?" before a name is libbpf's mark for a program that is not loaded by itself.
 */
export function readSection(name: string, whole: boolean): KnownSection | SectionProblem | undefined {
  if (DATA.test(name)) return undefined
  const bare = name.replace(/^\?/, '')
  const kind = kindOfSection(bare)
  if (kind === undefined) {
    const near = nearestSection(bare)
    return {
      message: `no program type belongs to the section "${name}"`,
      wayOut:
        near === undefined
          ? 'kprobe/FUNCTION, kretprobe/FUNCTION, tracepoint/GROUP/EVENT, raw_tracepoint/EVENT, perf_event'
          : `did you mean ${near}?`,
    }
  }
  if (whole && kind.form && bare.includes('/') && !kind.form.pattern.test(targetOfSection(bare, kind)))
    return {
      message: `the section "${name}" names nothing that could be attached to`,
      wayOut: `${kind.name}/${kind.form.example}`,
    }
  return { type: kind.helpers, since: kind.since }
}
