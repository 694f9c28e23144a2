/** Step: kernel, of either kind: built here, or unpacked from a distribution's package. */
import type { ResolvedKernel } from '../../config/resolved.ts'
import { step, type Context } from '../../engine/context.ts'
import { failedBy } from '../../engine/error.ts'
import { builtKernel, type KernelArtefact } from './kernel.ts'
import { prebuiltSource } from './prebuilt/identity.ts'
import { prebuiltKernel } from './prebuilt/restore.ts'

/**
 * Restores, builds or unpacks a kernel. `override` is a local tree to take the source from instead. With `hasFallback`,
 * a source that cannot be fetched is no failure: undefined is returned, and the caller takes the next kernel.
 */
export function kernelStep(
  kernel: ResolvedKernel,
  context: Context,
  options: { override?: string | undefined; hasFallback?: boolean } = {},
): Promise<KernelArtefact | undefined> {
  const { override, hasFallback } = options
  return step<KernelArtefact | undefined>(context, `kernel ${kernel.name}`, `kernel ${kernel.name}`, async (handle) => {
    try {
      return prebuiltSource(kernel)
        ? await prebuiltKernel(kernel, context, handle, override)
        : await builtKernel(kernel, context, handle, override)
    } catch (error) {
      if (!failedBy(error, 'unavailable') || hasFallback !== true) throw error
      return {
        outcome: 'skipped',
        detail: [error.parts.fact, error.parts.lines?.[0]].filter(Boolean).join(': '),
        value: undefined,
      }
    }
  })
}
