/**
 * Kernels and images of a lab, by fingerprint: those that its experiments need, or those that somebody names. Nothing
 * is fetched or built to find the fingerprints.
 */
import { arms, fullName } from '../../config/arms.ts'
import { labFor } from '../../config/derived.ts'
import { named } from '../../config/open.ts'
import type { ResolvedExperiment, ResolvedKernel, ResolvedLab } from '../../config/resolved.ts'
import { nameWayOut } from '../../config/text/suggest.ts'
import type { Context } from '../../engine/context.ts'
import { Failure, userError } from '../../engine/error.ts'
import { fingerprintOf, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import { imageInputs } from '../image/image.ts'
import { kernelFingerprint } from '../kernel/identity.ts'
import type { SharedKind } from './names.ts'

export interface Need {
  readonly kind: SharedKind
  /** As the lab file calls it. */
  readonly name: string
  readonly fingerprint: Fingerprint
  readonly inputs: Inputs
  /** The experiment that changes this kernel's options, if one does. */
  readonly of?: string
}

/** "v5.10 (as readiter configures it)". */
export const needTitle = ({ name, of }: Need): string => (of === undefined ? name : `${name} (as ${of} configures it)`)

export interface Needs {
  readonly needs: readonly Need[]
  /** Kernels whose fingerprint cannot be computed on this host (no compiler, say), and why. */
  readonly unknown: readonly { readonly name: string; readonly why: Failure }[]
}

/**
 * The kernels of an experiment: the VM's, its fallbacks, those of the matrix, and those whose types its probes are
 * compiled with.
 */
function kernelsOf(lab: ResolvedLab, experiment: ResolvedExperiment): string[] {
  const { use, fallback } = named(lab.vms, 'vm', experiment.vm).kernel
  const all = arms(experiment)
  const ofArms = all.map(({ kernel }) => kernel)
  const own = ofArms.includes(undefined) ? [use, ...fallback] : []
  const types = all
    .flatMap((arm) => arm.probes ?? experiment.probes)
    .flatMap((name) => {
      const probe = lab.probes[fullName(name)]
      return probe !== undefined && 'source' in probe && probe.types !== undefined ? [probe.types] : []
    })
  return [...new Set([...own, ...ofArms.filter((name) => name !== undefined), ...types])]
}

class Collected {
  readonly #context: Context
  readonly #needs = new Map<string, Need>()
  readonly #unknown = new Map<string, Failure>()

  constructor(context: Context) {
    this.#context = context
  }

  async kernel(kernel: ResolvedKernel, of?: string): Promise<void> {
    try {
      const { fingerprint, inputs } = await kernelFingerprint(kernel, this.#context)
      if (this.#needs.has(fingerprint)) return
      this.#needs.set(fingerprint, {
        kind: 'kernel',
        name: kernel.name,
        fingerprint,
        inputs,
        ...(of !== undefined && { of }),
      })
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
      this.#unknown.set(kernel.name, error)
    }
  }

  async image(lab: ResolvedLab, name: string): Promise<void> {
    const inputs = await imageInputs(named(lab.images, 'image', name), this.#context.toolRoot)
    const fingerprint = fingerprintOf(inputs)
    this.#needs.set(fingerprint, { kind: 'image', name, fingerprint, inputs })
  }

  get result(): Needs {
    const unknown = [...this.#unknown].map(([name, why]) => ({ name, why }))
    return { needs: [...this.#needs.values()], unknown }
  }
}

/**
 * Kernels and images by their names. @throws a user's Failure for a name that is neither; the Failure of a kernel whose
 * fingerprint cannot be computed here
 */
async function byName(lab: ResolvedLab, names: readonly string[], context: Context): Promise<Needs> {
  const collected = new Collected(context)
  for (const name of names) {
    const kernel = Object.hasOwn(lab.kernels, name) ? lab.kernels[name] : undefined
    const isImage = Object.hasOwn(lab.images, name)
    if (kernel === undefined && !isImage)
      throw userError({
        place: 'lab cache',
        fact: `there is no kernel or image ${JSON.stringify(name.slice(0, 60))} in the lab`,
        wayOut: nameWayOut(name, [...Object.keys(lab.kernels), ...Object.keys(lab.images)], 'kernels and images', ''),
      })
    if (kernel !== undefined) await collected.kernel(kernel)
    if (isImage) await collected.image(lab, name)
  }
  const [unknown] = collected.result.unknown
  if (unknown !== undefined) throw unknown.why
  return collected.result
}

/**
 * What the experiments of a lab need. With `all`, or in a lab without experiments, also every other kernel and image.
 * With names, only those.
 */
export async function needsOf(
  lab: ResolvedLab,
  names: readonly string[],
  all: boolean,
  context: Context,
): Promise<Needs> {
  if (names.length > 0) return await byName(lab, names, context)
  const collected = new Collected(context)
  const experiments = Object.values(lab.experiments)
  if (all || experiments.length === 0) {
    for (const kernel of Object.values(lab.kernels)) await collected.kernel(kernel)
    for (const image of Object.keys(lab.images)) await collected.image(lab, image)
  }
  for (const experiment of experiments) {
    const derived = labFor(lab, experiment)
    for (const name of kernelsOf(derived, experiment))
      await collected.kernel(named(derived.kernels, 'kernel', name), derived === lab ? undefined : experiment.name)
    await collected.image(lab, named(lab.vms, 'vm', experiment.vm).image)
  }
  return collected.result
}
