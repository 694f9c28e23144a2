/** Step: doctor. Everything that the lab needs of the host, looked at before it is needed. */
import type { ResolvedLab } from '../config/resolved.ts'
import { confined, disk, kvm, memory, rootless } from './doctor/machine.ts'
import { findingsOf, type Finding } from './doctor/finding.ts'
import { mirror, sources } from './doctor/network.ts'
import { pins } from './doctor/pins.ts'
import { tools, versions } from './doctor/tools.ts'
import { step, type Context } from '../engine/context.ts'
import { forgetUnreachable } from '../host/download.ts'

interface Check {
  /** What the finding is called if the check itself fails. */
  readonly name: string
  readonly findings: (
    context: Context,
    lab: ResolvedLab | undefined,
  ) => Promise<readonly Finding[]> | readonly Finding[]
}

/** In the order in which they are said: what must be repaired first stands first. */
const CHECKS: readonly Check[] = [
  { name: 'tools', findings: tools },
  { name: 'versions', findings: versions },
  { name: 'KVM', findings: kvm },
  { name: 'disk', findings: disk },
  { name: 'memory', findings: (_, lab) => memory(lab) },
  { name: 'without root', findings: rootless },
  { name: 'confinement', findings: confined },
  { name: 'Debian mirror', findings: mirror },
  { name: 'kernel sources', findings: sources },
  { name: 'pins', findings: pins },
]

/** All findings; without a lab those that hold for every lab. The network is asked again, whatever is remembered. */
export async function doctorStep(lab: ResolvedLab | undefined, context: Context): Promise<Finding[]> {
  return await step(context, 'doctor', 'look at the host', async () => {
    await forgetUnreachable(context.cache)
    const all = await Promise.all(
      CHECKS.map(async ({ name, findings }) => await findingsOf(name, async () => await findings(context, lab))),
    )
    return { outcome: 'done', detail: `${CHECKS.length} checks`, value: all.flat() }
  })
}
