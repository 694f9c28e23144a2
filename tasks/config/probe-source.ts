/** The file of the lab that a probe is made of; none for a sample of the kernel's tree. */
import type { ResolvedProbe } from './resolved.ts'

export function probeSource(probe: ResolvedProbe | undefined): string | undefined {
  if (probe === undefined || 'sample' in probe) return undefined
  return 'script' in probe ? probe.script : probe.source
}

/** The same as a list of one or none. */
export function probeSources(probe: ResolvedProbe | undefined): string[] {
  const source = probeSource(probe)
  return source === undefined ? [] : [source]
}
