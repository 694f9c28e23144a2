/**
 * From the validated lab to the steps that a command needs. The only file that knows every step and what it waits for.
 */
import { fullName } from '../config/arms.ts'
import { labFor } from '../config/derived.ts'
import type { ResolvedExperiment, ResolvedKernel, ResolvedLab, ResolvedProbe, ResolvedVm } from '../config/resolved.ts'
import { isPrebuilt } from '../config/prebuilt.ts'
import { named } from '../config/open.ts'
import type { Context } from '../engine/context.ts'
import { Failure, labError } from '../engine/error.ts'
import { together } from '../engine/together.ts'
import { kvmVerdict } from '../host/accel.ts'
import { CompileFailure } from '../host/compile.ts'
import { BPFTOOL, KERNEL_BUILD, PAHOLE, type Requirement } from '../host/packages.ts'
import type { BuiltModule } from './module/built.ts'
import { moduleSteps } from './module/module.ts'
import { hostStep } from './host-tools.ts'
import { imageStep, type ImageArtefact } from './image/image.ts'
import type { KernelArtefact } from './kernel/kernel.ts'
import { kernelStep } from './kernel/step.ts'
import { ownSampleStep } from './kernel/own-sample.ts'
import { selftestStep } from './kernel/selftest.ts'
import { wantsSkeletons } from './probe/workload.ts'
import { kernelSides, waitsForKernel, workloadParts, type OnKernel, type WorkloadParts } from './workload-parts.ts'
import { sampleStep, type Sample } from './kernel/sample.ts'
import { emptyProbeStep, holderStep, probeStep, type Deployable, type ProbeTarget } from './probe/probe.ts'
import type { SourceProbe } from './probe/command.ts'
import { scriptStep } from './probe/script.ts'
import { wantsTypes } from './probe/wants-types.ts'
import { typesStep, type KernelTypes } from './kernel-types.ts'
import { needNodes } from './nodes.ts'
import { sharingOf, type Sharing } from './sharing.ts'
import type { Bootable } from './bootable.ts'

export interface Choices {
  /** `--kernel`: this one and no other. */
  readonly kernel?: string | undefined
  /** `--source`: a local tree to take the kernel's source from; there is no fallback then. */
  readonly source?: string | undefined
  /** The kernel that `source` is the tree of, where an experiment boots several; undefined: the one that is booted. */
  readonly sourceKernel?: string | undefined
  /** `--accel`. */
  readonly accel?: 'kvm' | 'tcg' | 'auto' | undefined
  /** The guests run on other hosts (`--on`): what serves their shares is looked for there. */
  readonly elsewhere?: boolean | undefined
}

/** The tree that one kernel is built from in place of its declared source; undefined: its declared source. */
export const treeFor = ({ source, sourceKernel }: Choices, kernel: string): string | undefined =>
  sourceKernel === undefined || sourceKernel === kernel ? source : undefined

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
      override: treeFor(choices, name),
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
    fact: 'no kernel source is available',
    wayOut: 'add a `fallback:` kernel whose source can be reached',
  })
}

/** What only some labs need of the host: tools that build kernels, and what makes their types. */
export function toolsFor(
  lab: ResolvedLab,
  kernels: readonly string[],
  probes: readonly ResolvedProbe[],
): readonly Requirement[] {
  const typesOf = probes.filter(wantsTypes).flatMap((probe) => ('source' in probe ? (probe.types ?? []) : []))
  const built = (name: string) => lab.kernels[name] !== undefined && !isPrebuilt(lab.kernels[name].source)
  const all = [...new Set([...kernels, ...typesOf])].filter(built)
  const types = all.some((name) => lab.kernels[name]?.debug === 'btf') || (all.length > 0 && probes.some(wantsTypes))
  return [...(all.length > 0 ? KERNEL_BUILD : []), ...(types ? [PAHOLE] : [])]
}

/** Makes sure that the host has the tools for a VM's kernels and these probes. */
const needTools = (
  lab: ResolvedLab,
  vm: ResolvedVm,
  choices: Choices,
  context: Context,
  probes: readonly ResolvedProbe[],
): Promise<void> => hostStep(context, toolsFor(lab, [choices.kernel ?? vm.kernel.use, ...vm.kernel.fallback], probes))

/**
 * Finds out whether KVM works while other things are built: where it does not, the answer takes five seconds. It is
 * remembered for the VM, which also reports what goes wrong here.
 */
async function tryKvm(vm: ResolvedVm, kernel: KernelArtefact, choices: Choices, context: Context): Promise<void> {
  if ((choices.accel ?? vm.accel) !== 'auto') return
  try {
    await kvmVerdict(context.cache, kernel.image, context.signal)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
  }
}

/** Whether the kernel can have the VM's machine, and how the shares of the VM reach its guest. */
async function machineOn(
  lab: ResolvedLab,
  vm: ResolvedVm,
  kernel: KernelArtefact,
  choices: Choices,
  context: Context,
): Promise<Sharing | undefined> {
  const declared = named(lab.kernels, 'kernel', kernel.name)
  await needNodes(vm, kernel, declared)
  return await sharingOf(vm, kernel, declared, treeFor(choices, kernel.name), choices.elsewhere === true, context)
}

/** Everything that a VM is made of. Kernel and image do not wait for each other. */
export async function vmRequest(
  lab: ResolvedLab,
  vm: ResolvedVm,
  choices: Choices,
  context: Context,
): Promise<Bootable> {
  await needTools(lab, vm, choices, context, [])
  const image = named(lab.images, 'image', vm.image)
  const onKernel = async (inner: Context) => {
    const found = await kernelOf(lab, vm, choices, inner)
    const sharing = await machineOn(lab, vm, found.kernel, choices, inner)
    await tryKvm(vm, found.kernel, choices, inner)
    return { ...found, sharing }
  }
  const [{ kernel, wanted, sharing }, artefact] = await together<[Awaited<ReturnType<typeof onKernel>>, ImageArtefact]>(
    context,
    [onKernel, (inner) => imageStep(image, inner)],
  )
  return { vm, kernel, kernelWanted: wanted, image: artefact, accel: choices.accel, sharing }
}

export interface RunArtefacts {
  readonly vm: Bootable
  readonly holder: Deployable
  /** One of each probe; `probe` is its name in the lab file. */
  readonly objects: readonly (Deployable & { readonly probe: string })[]
  /** Samples of the kernel's own tree and bpftrace scripts: programs with a loader of their own; `probe` as above. */
  readonly samples: readonly (Pick<Sample, 'program'> & Partial<Sample> & { readonly probe: string })[]
  /**
   * The types of the VM's kernel, for the guest's libbpf, where a probe needs them and the kernel does not carry them.
   */
  readonly types?: Deployable
  /** Kernel modules, in the order of loading. */
  readonly modules: readonly BuiltModule[]
  /** Probes that do not compile, where the experiment declares that. */
  readonly notCompiled: readonly { readonly probe: string; readonly failure: CompileFailure }[]
  readonly workload: Deployable | undefined
  /** Files that are put beside the workload. */
  readonly beside: readonly Deployable[]
}

/** What a probe is compiled against, and the kernel whose parallel paths it then knows. */
interface ProbeSide {
  readonly target: ProbeTarget
  readonly declared: ResolvedKernel
}

/** Types of the kernels that probes want them of; none where no probe includes vmlinux.h. */
async function sidesOf(
  lab: ResolvedLab,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  probes: readonly ResolvedProbe[],
  choices: Choices,
  context: Context,
): Promise<{ own: KernelTypes | undefined; sideOf: (probe: SourceProbe) => ProbeSide }> {
  const own = probes.some(wantsTypes) ? await typesStep(declared, context, treeFor(choices, declared.name)) : undefined
  const ofKernel = new Map<string, ProbeSide>()
  for (const probe of probes) {
    const types = 'source' in probe ? probe.types : undefined
    if (types === undefined || ofKernel.has(types)) continue
    // As the lab file declares it, whatever the experiment wants otherwise of the kernel that it runs on: one object
    // for all.
    const other = named(lab.kernels, 'kernel', types)
    const override = types === (choices.sourceKernel ?? kernel.name) ? choices.source : undefined
    ofKernel.set(types, { target: { types: await typesStep(other, context, override) }, declared: other })
  }
  const sideOf = (probe: SourceProbe): ProbeSide => {
    if (!wantsTypes(probe) || own === undefined) return { target: { kernel }, declared }
    return ofKernel.get(probe.types ?? '') ?? { target: { types: own }, declared }
  }
  return { own, sideOf }
}

/**
 * What of an experiment waits for its kernel: probes, and what its workload loads, are compiled against its headers or
 * types.
 */
async function probesOn(
  kernel: KernelArtefact,
  declaredLab: ResolvedLab,
  experiment: ResolvedExperiment,
  choices: Choices,
  context: Context,
  probes: readonly string[],
): Promise<
  Pick<RunArtefacts, 'objects' | 'samples' | 'types' | 'modules' | 'notCompiled'> & {
    readonly parts: WorkloadParts | undefined
  }
> {
  const lab = labFor(declaredLab, experiment)
  const wantedProbes = probes.map((name) => named(lab.probes, 'probe', fullName(name)))
  const declared = named(lab.kernels, 'kernel', kernel.name)
  const tree = treeFor(choices, kernel.name)
  const declaredToFail = experiment.expect.some(
    (expectation) => 'failure' in expectation && expectation.failure === 'compile',
  )
  const compiledProbes = [...wantedProbes, ...kernelSides(experiment.workload)]
  const { own, sideOf } = await sidesOf(declaredLab, kernel, declared, compiledProbes, choices, context)
  const notCompiled: { probe: string; failure: CompileFailure }[] = []
  const compiled = async (probe: string, inner: Context): Promise<RunArtefacts['objects']> => {
    const resolved = named(lab.probes, 'probe', fullName(probe))
    if (!('source' in resolved)) return []
    const make = probe === resolved.name ? probeStep : emptyProbeStep
    try {
      const { target, declared: against } = sideOf(resolved)
      return [{ ...(await make(resolved, target, against, inner)), probe }]
    } catch (error) {
      if (!declaredToFail || !(error instanceof CompileFailure)) throw error
      notCompiled.push({ probe, failure: error })
      return []
    }
  }
  const objects = await together<RunArtefacts['objects'][]>(
    context,
    probes.map((name) => (inner: Context) => compiled(name, inner)),
  )
  // One after the other: they are built in one tree.
  const samples: RunArtefacts['samples'][number][] = []
  for (const probe of probes) {
    const resolved = named(lab.probes, 'probe', fullName(probe))
    if ('sample' in resolved) samples.push({ ...(await sampleStep(resolved, kernel, declared, tree, context)), probe })
    else if ('script' in resolved) samples.push({ program: await scriptStep(resolved, context), probe })
  }
  const modules = await moduleSteps(experiment.modules ?? [], kernel, declared, choices.source, context)
  const types =
    own && declared.debug !== 'btf' ? { name: 'kernel.btf', file: own.btf, fingerprint: own.fingerprint } : undefined
  const onKernel: OnKernel = {
    object: async (side) => {
      const { target, declared: against } = sideOf(side)
      return await probeStep(side, target, against, context)
    },
    sample: async (workload) => await ownSampleStep(workload, kernel, declared, tree, context),
    selftest: async (test) => await selftestStep(test, kernel, declared, tree, context),
  }
  const parts = waitsForKernel(experiment.workload) ? await workloadParts(experiment, onKernel, context) : undefined
  return { objects: objects.flat(), samples, ...(types && { types }), modules, notCompiled, parts }
}

/**
 * Everything that an experiment is made of, each part as soon as what it needs is there. Only probes wait for the
 * kernel.
 */
export async function ready(
  declaredLab: ResolvedLab,
  experiment: ResolvedExperiment,
  choices: Choices,
  context: Context,
  probes: readonly string[] = experiment.probes,
): Promise<RunArtefacts> {
  const lab = labFor(declaredLab, experiment)
  const vm = named(lab.vms, 'vm', experiment.vm)
  const image = named(lab.images, 'image', vm.image)
  const wantedProbes = probes.map((name) => named(lab.probes, 'probe', fullName(name)))
  await needTools(lab, vm, choices, context, [...wantedProbes, ...kernelSides(experiment.workload)])
  if (wantsSkeletons(experiment.workload)) await hostStep(context, [BPFTOOL], [])
  const onKernel = async (inner: Context) => {
    const { kernel, wanted } = await kernelOf(lab, vm, choices, inner)
    const sharing = await machineOn(lab, vm, kernel, choices, inner)
    const [built] = await together<[Awaited<ReturnType<typeof probesOn>>, undefined]>(inner, [
      (deeper) => probesOn(kernel, declaredLab, experiment, choices, deeper, probes),
      async (deeper) => {
        await tryKvm(vm, kernel, choices, deeper)
        return undefined
      },
    ])
    return { kernel, wanted, sharing, built }
  }
  const [{ kernel, wanted, sharing, built }, disk, holder, early] = await together<
    [Awaited<ReturnType<typeof onKernel>>, ImageArtefact, Deployable, WorkloadParts | undefined]
  >(context, [
    onKernel,
    (inner) => imageStep(image, inner),
    (inner) => holderStep(inner),
    async (inner) =>
      waitsForKernel(experiment.workload) ? undefined : await workloadParts(experiment, undefined, inner),
  ])
  const bootable: Bootable = { vm, kernel, kernelWanted: wanted, image: disk, accel: choices.accel, sharing }
  const { parts = early, ...others } = built
  return { vm: bootable, holder, workload: parts?.program, beside: parts?.beside ?? [], ...others }
}
