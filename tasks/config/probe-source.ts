/** The file of the lab that a probe is made of; none for a sample of the kernel's tree. */
import type { ResolvedProbe } from './resolved.ts'

/** Behind the name of a probe that is a bpftrace script. */
export const SCRIPT_SUFFIX = '.bt'

export function probeSource(probe: ResolvedProbe | undefined): string | undefined {
  if (probe === undefined || 'sample' in probe) return undefined
  return 'script' in probe ? probe.script : probe.source
}

/**
 * What a probe with a loader of its own is called in the guest; undefined for one that the lab loads. Its output is
 * kept as `probe-NAME.out`.
 */
export function companionName(probe: ResolvedProbe | undefined): string | undefined {
  if (probe === undefined || 'source' in probe) return undefined
  return 'script' in probe ? `${probe.name}${SCRIPT_SUFFIX}` : probe.sample
}

/** The same as a list of one or none. */
export function probeSources(probe: ResolvedProbe | undefined): string[] {
  const source = probeSource(probe)
  return source === undefined ? [] : [source]
}
