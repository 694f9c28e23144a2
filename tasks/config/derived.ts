/** Labs made of the declared one: with the kernel options of an experiment, or with every VM deterministic. */
import { mapEntries } from './resolve.ts'
import type { ResolvedExperiment, ResolvedLab } from './resolved.ts'

/** What a kernel needs for a guest that has no disk: its root file system and its data disks are in memory. */
const IN_MEMORY = { BLK_DEV_INITRD: 'y', BLK_DEV_RAM: 'y' }

/**
 * The lab with the kernel options of an experiment, and of its VM, on every kernel; the same lab if there are none.
 */
export function labFor(lab: ResolvedLab, experiment: Pick<ResolvedExperiment, 'options' | 'vm'>): ResolvedLab {
  const options = { ...(lab.vms[experiment.vm]?.deterministic ? IN_MEMORY : {}), ...experiment.options }
  if (Object.keys(options).length === 0) return lab
  const kernels = mapEntries(lab.kernels, (_, kernel) => ({ ...kernel, options: { ...kernel.options, ...options } }))
  return { ...lab, kernels }
}

/** The lab with every VM deterministic (`lab run --deterministic`). */
export function deterministicLab(lab: ResolvedLab): ResolvedLab {
  const vms = mapEntries(lab.vms, (_, vm) => ({ ...vm, deterministic: true, cpus: 1, accel: 'tcg' as const }))
  return { ...lab, vms }
}
