/** `--kernel` and `--accel` as typed choices. */
import { resolve } from 'node:path'
import { userError } from '../../engine/error.ts'
import type { Choices } from '../../build/artefacts.ts'

const ACCELS = ['kvm', 'tcg', 'auto'] as const

export function choicesOf(options: Readonly<Record<string, unknown>>): Choices {
  const { kernel, accel, source } = options
  const known = ACCELS.find((one) => one === accel)
  if (accel !== undefined && known === undefined)
    throw userError({
      place: '--accel',
      fact: `there is no accelerator ${JSON.stringify(accel)}`,
      wayOut: 'use kvm, tcg or auto',
    })
  return {
    kernel: typeof kernel === 'string' ? kernel : undefined,
    source: typeof source === 'string' ? resolve(source) : undefined,
    accel: known,
  }
}
