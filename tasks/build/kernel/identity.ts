/** What a kernel is made of: everything that decides what the build becomes, and the fingerprint of it. */
import { basename } from 'node:path'
import type { ResolvedKernel } from '../../config/resolved.ts'
import type { Source } from '../../config/schema/schema.ts'
import type { Context } from '../../engine/context.ts'
import { fingerprintOf, hashFile, type Fingerprint, type Inputs } from '../../engine/fingerprint.ts'
import { toolchain, type Toolchain } from '../../host/kbuild.ts'
import { changesSince } from '../changes-since.ts'
import { ownCode } from '../own-code.ts'
import { debugInputs } from './debug.ts'
import { needsBuild, prebuiltInputs, prebuiltSource } from './prebuilt/identity.ts'
import { identify, type SourceId } from './source.ts'

const sourceOf = (kernel: ResolvedKernel, override?: string): Source =>
  override === undefined ? kernel.source : { tree: override }

async function inputsOf(kernel: ResolvedKernel, source: SourceId, tools: Toolchain, context: Context): Promise<Inputs> {
  const fragments: Record<string, string> = {}
  for (const [index, file] of kernel.config.entries()) fragments[`${index} ${basename(file)}`] = await hashFile(file)
  return {
    source: source.id,
    config: fragments,
    options: Object.fromEntries(Object.entries(kernel.options).map(([key, value]) => [key, String(value)])),
    compat: kernel.compat,
    patches: await Promise.all(kernel.patches.map((file) => hashFile(file))),
    parallelPath: kernel.parallelPaths.map(({ suffix, entry, file, functions }) => ({
      suffix,
      entry,
      file: file ?? null,
      functions: [...functions],
    })),
    expose: kernel.expose.map((exposed) => ({
      function: exposed.function,
      file: exposed.file ?? null,
      as: [...exposed.as],
    })),
    ...(kernel.helpers && { helpers: [...kernel.helpers].toSorted() }),
    gcc: tools.gcc,
    ld: tools.ld,
    make: tools.make,
    lab: ownCode('kernel', context.toolRoot),
    ...(await debugInputs(kernel.debug, context)),
  }
}

/** A kernel that may be built: from what, and with what. */
export interface BuildPlan {
  readonly kernel: ResolvedKernel
  readonly source: Source
  readonly id: SourceId
  readonly tools: Toolchain
  readonly place: string
}

/** Why a kernel is built now: the inputs that differ from the newest one of the same source. */
export async function whyBuild(inputs: Inputs, context: Context): Promise<string> {
  const before = await context.store.newest('kernel', (other) => other['source'] === inputs['source'])
  return before ? changesSince(before.inputs, inputs) : 'not built here before'
}

/** Names a kernel by its inputs, without building it. `plan` is undefined for a prebuilt kernel. */
export async function kernelFingerprint(
  kernel: ResolvedKernel,
  context: Context,
  override?: string,
): Promise<{ fingerprint: Fingerprint; inputs: Inputs; plan: BuildPlan | undefined }> {
  const place = `kernel ${kernel.name}`
  const prebuilt = prebuiltSource(kernel)
  if (prebuilt) {
    const inputs = await prebuiltInputs(kernel, prebuilt, override, context.toolRoot)
    return { fingerprint: fingerprintOf(inputs), inputs, plan: undefined }
  }
  const source = sourceOf(kernel, override)
  const [id, tools] = await Promise.all([identify(source, context, place), toolchain(context.cache, context.signal)])
  const inputs = await inputsOf(kernel, id, tools, context)
  return { fingerprint: fingerprintOf(inputs), inputs, plan: { kernel, source, id, tools, place } }
}

/**
 * How a kernel is built. @throws a user's Failure for a prebuilt one. @param what needs the build: "a sample",
 * "--show-patch"
 */
export async function buildPlan(
  kernel: ResolvedKernel,
  context: Context,
  override: string | undefined,
  what: string,
): Promise<BuildPlan> {
  const prebuilt = prebuiltSource(kernel)
  const { plan } = prebuilt ? { plan: undefined } : await kernelFingerprint(kernel, context, override)
  if (plan) return plan
  throw prebuilt ? needsBuild(kernel, prebuilt, what) : new Error(`kernel ${kernel.name} has no plan`)
}
