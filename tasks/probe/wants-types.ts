/** Whether a probe is written against a kernel's types (vmlinux.h) and not against its exported headers. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ResolvedProbe } from '../config/resolve.ts'

export const VMLINUX_H = 'vmlinux.h'
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]/gm

/** Follows the includes that stand beside the source. A probe that cannot be read wants nothing: its compilation says what is wrong. */
export function wantsTypes(probe: ResolvedProbe): boolean {
  if (!('source' in probe)) return false
  const waiting = [probe.source]
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
