/** Whether a probe is written against a kernel's types (vmlinux.h) and not against its exported headers. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ResolvedProbe } from '../config/resolve.ts'
import { userError } from '../engine/error.ts'

export const VMLINUX_H = 'vmlinux.h'
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]/gm

/**
 * Follows the includes that stand beside the source. A probe that cannot be read wants nothing: its compilation says what is wrong.
 * @throws a user's error for a probe that names a kernel for its types and does not include them
 */
export function wantsTypes(probe: ResolvedProbe): boolean {
  if (!('source' in probe)) return false
  const wants = includesTypes(probe.source)
  if (wants || probe.types === undefined) return wants
  throw userError({
    place: `probe ${probe.name}`,
    fact: `it has \`types: ${probe.types}\`, and its source does not include ${VMLINUX_H}`,
    wayOut: `write #include "${VMLINUX_H}" instead of the headers below linux/, or take \`types:\` away`,
  })
}

function includesTypes(source: string): boolean {
  const waiting = [source]
  const seen = new Set<string>()
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file) || !existsSync(file)) continue
    seen.add(file)
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(INCLUDE)) {
      if (name === VMLINUX_H) return true
      waiting.push(join(dirname(file), name))
    }
  }
  return false
}
