/** Where a lab file names files and directories. */
import type { PathUse } from '../paths.ts'

/** Values that name a file or directory, and what for. */
export const PATHS: readonly (readonly [use: PathUse, place: string])[] = [
  ['config', 'kernels.*.config.*'],
  ['patch', 'kernels.*.patches.*'],
  ['tree', 'kernels.*.source.tree'],
  ['kernel', 'kernels.*.source.file'],
  ['kernelConfig', 'kernels.*.source.config'],
  ['recipe', 'images.*.recipe'],
  ['probe', 'probes.*.source'],
  ['script', 'probes.*.bpftrace'],
  ['workload', 'experiments.*.workload.source'],
  ['workload', 'experiments.*.workload.source.*'],
  ['module', 'experiments.*.modules.*.source'],
  ['module', 'experiments.*.modules.*.source.*'],
  ['program', 'experiments.*.workload.program'],
  ['beside', 'experiments.*.workload.files.*'],
  ['beside', 'vms.*.disks.*.files.*.from'],
  ['share', 'vms.*.share.from'],
  ['share', 'vms.*.share.*.from'],
  ['beside', 'experiments.*.published.*.values.csv'],
]
