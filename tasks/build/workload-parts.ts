/** Everything of a workload that goes to the guest: its program, the objects that it loads, and the files beside it. */
import { basename } from 'node:path'
import type { ResolvedExperiment } from '../config/resolved.ts'
import { isBpfSource, type ResolvedWorkload, type Selftest } from '../config/workload.ts'
import type { Context } from '../engine/context.ts'
import type { BuiltSelftest } from './kernel/selftest.ts'
import type { Sample } from './kernel/sample.ts'
import type { SourceProbe } from './probe/command.ts'
import { workloadStep, type Deployable } from './probe/probe.ts'
import { readyFile } from './probe/ready-file.ts'

export interface WorkloadParts {
  /** Undefined for a command of the image. */
  readonly program: Deployable | undefined
  readonly beside: readonly Deployable[]
}

/** How the parts are made that belong to one kernel. */
export interface OnKernel {
  readonly object: (side: SourceProbe) => Promise<Deployable>
  readonly sample: (workload: ResolvedWorkload) => Promise<Sample>
  readonly selftest: (test: Selftest) => Promise<BuiltSelftest>
}

/** Its sources for the kernel's side, as probes are. */
export const kernelSides = ({ sources }: Pick<ResolvedWorkload, 'sources'>): SourceProbe[] =>
  sources.filter(isBpfSource).map((source) => ({ name: basename(source, '.bpf.c'), source, optional: [] }))

/** Whether a part of it is compiled for one kernel. */
export const waitsForKernel = (workload: Pick<ResolvedWorkload, 'sources' | 'style' | 'kselftest'>): boolean =>
  workload.style !== undefined || workload.kselftest !== undefined || kernelSides(workload).length > 0

/** @param on where `waitsForKernel` */
export async function workloadParts(
  experiment: ResolvedExperiment,
  on: OnKernel | undefined,
  context: Context,
): Promise<WorkloadParts> {
  const { workload } = experiment
  const files = await Promise.all(workload.files.map(readyFile))
  if (on !== undefined && workload.kselftest !== undefined) return await on.selftest(workload.kselftest)
  if (on !== undefined && workload.style !== undefined) {
    const { program, object } = await on.sample(workload)
    return { program, beside: [object, ...files] }
  }
  const objects = on === undefined ? [] : await Promise.all(kernelSides(workload).map(on.object))
  const sides = objects.map(({ name, ...object }) => ({ ...object, name: basename(name, '.bpf.o') }))
  return { program: await workloadStep(experiment, context, sides), beside: [...objects, ...files] }
}
