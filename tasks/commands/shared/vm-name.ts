/** The VM that a command means when it names none: `default`, or the only one. */
import type { ResolvedLab } from '../../config/resolved.ts'
import { userError } from '../../engine/error.ts'

export function vmOf(lab: ResolvedLab, name: string | undefined): string {
  if (name !== undefined) return name
  const names = Object.keys(lab.vms)
  const only = names.includes('default') ? 'default' : names.length === 1 ? names[0] : undefined
  if (only !== undefined) return only
  throw userError({
    fact: `this lab has ${names.length} VMs and none is called "default"`,
    wayOut: `name one: ${names.join(', ')}`,
  })
}
