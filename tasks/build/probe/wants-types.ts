/** Whether a probe is written against a kernel's types (vmlinux.h) and not against its exported headers. */
import type { ResolvedProbe } from '../../config/resolved.ts'
import { userError } from '../../engine/error.ts'
import { ownFiles } from './own-files.ts'

export const VMLINUX_H = 'vmlinux.h'

/**
 * Follows the includes of the lab's own files. A probe that cannot be read wants nothing: its compilation says what is
 * wrong.
 * @throws a user's error for a probe that names a kernel for its types and does not include them
 */
export function wantsTypes(probe: ResolvedProbe): boolean {
  if (!('source' in probe)) return false
  const wants = ownFiles(probe.source).names.has(VMLINUX_H)
  if (wants || probe.types === undefined) return wants
  throw userError({
    place: `probe ${probe.name}`,
    fact: `it has \`types: ${probe.types}\`, and its source does not include ${VMLINUX_H}`,
    wayOut: `write #include "${VMLINUX_H}" instead of the headers below linux/, or take \`types:\` away`,
  })
}
