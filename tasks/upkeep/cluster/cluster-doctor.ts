/** `lab doctor --on slurm`: whether a cluster can carry out the plans of a lab, before the first plan. */
import { join } from 'node:path'
import type { ResolvedLab } from '../../config/resolved.ts'
import { step, type Context } from '../../engine/context.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { partitionNamed, partitions } from '../../host/slurm-partitions.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { which } from '../../host/which.ts'
import type { Profile } from '../../run/cluster/profile.ts'
import { memoryOf, needsOf, type Program } from '../../run/cluster/script.ts'
import { findingsOf, type Finding } from '../doctor/finding.ts'
import { accountsFinding, loginFindings, programsFinding } from './login-findings.ts'
import { probedFindings, type Asker } from './node-findings.ts'
import { probeNode } from './probe-job.ts'

export interface ClusterQuestion {
  readonly lab: ResolvedLab
  readonly profile: Profile
  readonly program: Program
  /** Seconds that the job may wait in the queue. */
  readonly patience: number
}

const QEMU = 'qemu-system-x86_64'

/** The VMs of experiments, or all where there is no experiment. */
function machinesOf({ vms, experiments }: ResolvedLab) {
  const used = new Set(Object.values(experiments).map(({ vm }) => vm))
  const all = Object.values(vms)
  const some = all.filter(({ name }) => used.has(name))
  const list = some.length > 0 ? some : all
  return {
    cpus: Math.max(1, ...list.map(({ cpus }) => cpus)),
    memory: Math.max(0, ...list.map(({ memory }) => memory)),
  }
}

/** Findings of the login node, and of one node that a short job looks at. */
export async function clusterDoctor(question: ClusterQuestion, context: Context): Promise<Finding[]> {
  const { lab, profile, program, patience } = question
  const { cache, signal } = context
  return await step(context, 'doctor', 'look at the cluster', async (handle) => {
    const programs = await findingsOf('Slurm', async () => [await programsFinding(signal)])
    if (programs.some(({ status }) => status === 'problem')) return { outcome: 'done', value: [...programs] }
    const accounts = await findingsOf('accounting', async () => [await accountsFinding(signal)])
    const limits = await findingsOf('partition', () => loginFindings(profile, lab, signal))
    const before = [...programs, ...accounts, ...limits]
    // A job that Slurm refuses, or that would wait for ever, says nothing new.
    if (limits.some(({ status }) => status === 'problem')) return { outcome: 'done', value: before }
    const longest = partitionNamed(await partitions(signal), profile.partition)?.longest ?? Number.POSITIVE_INFINITY
    const machine = machinesOf(lab)
    const asker: Asker = {
      lab: ownVersion(),
      nodejs: process.version,
      qemu: which(QEMU) === undefined ? null : await toolVersion(QEMU, cache, signal),
      task: memoryOf(machine),
      directories: [lab.directory, cache],
    }
    const request = { program, profile, needs: needsOf(machine), cache, directory: lab.directory, patience, longest }
    const node = await findingsOf('node', async () =>
      probedFindings(
        await probeNode(join(lab.directory, '.lab'), request, handle, signal),
        asker,
        profile.scratch !== undefined,
      ),
    )
    return { outcome: 'done', value: [...before, ...node] }
  })
}
