/** A probe's object for a check: compiled for a kernel that has not booted, with what there is of that kernel. */
import { readFile } from 'node:fs/promises'
import type { ResolvedKernel, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { Failure } from '../../engine/error.ts'
import { storedTypes, typesStep, type KernelTypes } from '../kernel-types.ts'
import type { SourceProbe } from '../probe/command.ts'
import { compileProbe, type ProbeTarget } from '../probe/probe.ts'
import { sayWarnings } from '../probe/warnings.ts'
import { wantsTypes } from '../probe/wants-types.ts'
import { openKernel, type KernelView } from './kernel.ts'

/** The object, why there can be none (what the compiler said), or what is not here that it takes. */
export type Compiled =
  { readonly object: Buffer; readonly file: string } | { readonly failure: Failure } | { readonly lacks: string }

/** A failure of ours ends nothing: the check goes on with the text of the probe, and says why. */
async function orLacks<T>(work: () => Promise<T | { lacks: string }>): Promise<T | { lacks: string }> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'lab') throw error
    return { lacks: error.parts.fact }
  }
}

/** Compiles the probes of a lab for its kernels; types of a kernel are made at most once. */
export class CheckCompiler {
  readonly #lab: ResolvedLab
  readonly #context: Context
  readonly #types = new Map<string, Promise<KernelTypes | { lacks: string }>>()

  constructor(lab: ResolvedLab, context: Context) {
    this.#lab = lab
    this.#context = context
  }

  /** Types that are here, or can be made of what is: no kernel is built or fetched for them. */
  async #findTypes(declared: ResolvedKernel, source?: string): Promise<KernelTypes | { lacks: string }> {
    const context = this.#context
    const stored = await storedTypes(declared, context, source)
    if (stored) return stored
    const { state, tree } = await openKernel(declared, context, source)
    const isWithinReach = state === 'built' || (declared.debug === 'none' && tree !== undefined)
    if (!isWithinReach) return { lacks: `no types of ${declared.name}` }
    return await typesStep(declared, context, source)
  }

  async #typesOf(declared: ResolvedKernel, source?: string): Promise<KernelTypes | { lacks: string }> {
    const known = this.#types.get(declared.name)
    if (known) return await known
    const found = orLacks(async () => await this.#findTypes(declared, source))
    this.#types.set(declared.name, found)
    return await found
  }

  async #targetFor(
    probe: SourceProbe,
    view: KernelView,
    source?: string,
  ): Promise<{ target: ProbeTarget; declared: ResolvedKernel } | { lacks: string }> {
    if (!wantsTypes(probe)) {
      const { kernel, entry } = view
      return entry
        ? { target: { kernel: { ...entry, name: kernel.name } }, declared: kernel }
        : { lacks: `no headers of ${kernel.name}` }
    }
    const declared = this.#lab.kernels[probe.types ?? view.kernel.name]
    if (!declared) return { lacks: `no kernel ${probe.types ?? ''}` }
    const types = await this.#typesOf(declared, declared.name === view.kernel.name ? source : undefined)
    return 'lacks' in types ? types : { target: { types }, declared }
  }

  /** @param source `--source`, of this kernel */
  async compile(probe: SourceProbe, view: KernelView, source?: string): Promise<Compiled> {
    return await orLacks<Compiled>(async () => {
      const found = await this.#targetFor(probe, view, source)
      if ('lacks' in found) return found
      try {
        const { file } = await compileProbe(probe, found.target, found.declared, this.#context)
        await sayWarnings(file, probe.source, 'clang', this.#context)
        return { file, object: await readFile(file) }
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== 'user') throw error
        return { failure: error }
      }
    })
  }
}
