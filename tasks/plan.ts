/** From the validated lab to the steps that a command needs. The only file that knows every step and what it waits for. */
import { fullName } from './config/arms.ts'
import { labFor, type ResolvedExperiment, type ResolvedLab, type ResolvedVm } from './config/resolve.ts'
import { named } from './config/open.ts'
import type { Context } from './engine/context.ts'
import { labError } from './engine/error.ts'
import { together } from './engine/together.ts'
import { CompileFailure } from './host/compile.ts'
import { hostStep } from './host-tools.ts'
import { imageStep, type ImageArtefact } from './image.ts'
import { kernelStep, type KernelArtefact } from './kernel.ts'
import { sampleStep, type Sample } from './kernel/sample.ts'
import { emptyProbeStep, holderStep, probeStep, workloadStep, type Deployable } from './probe.ts'
import type { VmWanted } from './vm.ts'

export interface Choices {
  /** `--kernel`: this one and no other. */
  readonly kernel?: string | undefined
  /** `--source`: a local tree to take the kernel's source from; there is no fallback then. */
  readonly source?: string | undefined
  /** `--accel`. */
  readonly accel?: 'kvm' | 'tcg' | 'auto' | undefined
}

/** The VM's kernel, or the first fallback whose source can be had. What was asked for is kept with it. */
export async function kernelOf(
  lab: ResolvedLab,
  vm: ResolvedVm,
  choices: Choices,
  context: Context,
): Promise<{ kernel: KernelArtefact; wanted: string }> {
  const names =
    choices.kernel === undefined && choices.source === undefined
      ? [vm.kernel.use, ...vm.kernel.fallback]
      : [choices.kernel ?? vm.kernel.use]
  const wanted = names[0] ?? ''
  for (const [index, name] of names.entries()) {
    const next = names[index + 1]
    const kernel = await kernelStep(named(lab.kernels, 'kernel', name), context, {
      override: choices.source,
      hasFallback: next !== undefined,
    })
    if (kernel) return { kernel, wanted }
    context.emit({
      type: 'notice',
      level: 'warning',
      place: `kernel ${name}`,
      text: `its source cannot be fetched; taking ${next ?? ''} instead (named as fallback in lab.yaml)`,
      wayOut: '`lab build kernel NAME --source DIR` builds it from a tree of your own',
    })
  }
  throw labError({
    place: `vm ${vm.name}`,
    fact: 'no kernel can be had',
    wayOut: 'add a `fallback:` kernel whose source can be reached',
  })
}

/** Everything that a VM is made of. Kernel and image do not wait for each other. */
export async function vmWanted(
  lab: ResolvedLab,
  vm: ResolvedVm,
  choices: Choices,
  context: Context,
): Promise<VmWanted> {
  await hostStep(context)
  const image = named(lab.images, 'image', vm.image)
  const [{ kernel, wanted }, artefact] = await together<[{ kernel: KernelArtefact; wanted: string }, ImageArtefact]>(
    context,
    [(inner) => kernelOf(lab, vm, choices, inner), (inner) => imageStep(image, inner)],
  )
  return { vm, kernel, kernelWanted: wanted, image: artefact, accel: choices.accel }
}

export interface Ready {
  readonly vm: VmWanted
  readonly holder: Deployable
  /** One of each probe; `probe` is its name in the lab file. */
  readonly objects: readonly (Deployable & { readonly probe: string })[]
  /** Samples of the kernel's own tree, which bring their loader; `probe` as above. */
  readonly samples: readonly (Sample & { readonly probe: string })[]
  /** Probes that do not compile, where the experiment declares that. */
  readonly notCompiled: readonly { readonly probe: string; readonly failure: CompileFailure }[]
  readonly workload: Deployable | undefined
}

/** Everything that an experiment is made of. Probes wait for the kernel: they are compiled against its headers. */
export async function ready(
  declaredLab: ResolvedLab,
  experiment: ResolvedExperiment,
  choices: Choices,
  context: Context,
  probes: readonly string[] = experiment.probes,
): Promise<Ready> {
  const lab = labFor(declaredLab, experiment)
  const vm = await vmWanted(lab, named(lab.vms, 'vm', experiment.vm), choices, context)
  const declared = named(lab.kernels, 'kernel', vm.kernel.name)
  const declaredToFail = experiment.expect.some((one) => 'failure' in one && one.failure === 'compile')
  const notCompiled: { probe: string; failure: CompileFailure }[] = []
  const compiled = async (probe: string, inner: Context): Promise<Ready['objects']> => {
    const wanted = named(lab.probes, 'probe', fullName(probe))
    if ('sample' in wanted) return []
    const make = probe === wanted.name ? probeStep : emptyProbeStep
    try {
      return [{ ...(await make(wanted, vm.kernel, declared, inner)), probe }]
    } catch (error) {
      if (!declaredToFail || !(error instanceof CompileFailure)) throw error
      notCompiled.push({ probe, failure: error })
      return []
    }
  }
  const [holder, workload, ...objects] = await together<[Deployable, Deployable | undefined, ...Ready['objects'][]]>(
    context,
    [
      (inner) => holderStep(inner),
      (inner) => workloadStep(experiment, inner),
      ...probes.map((name) => (inner: Context) => compiled(name, inner)),
    ],
  )
  // One after the other: they are built in one tree.
  const samples: Ready['samples'][number][] = []
  for (const probe of probes) {
    const wanted = named(lab.probes, 'probe', fullName(probe))
    if ('sample' in wanted)
      samples.push({ ...(await sampleStep(wanted, vm.kernel, declared, choices.source, context)), probe })
  }
  return { vm, holder, workload, objects: objects.flat(), samples, notCompiled }
}
