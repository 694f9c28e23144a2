/** How the shares of a VM reach its guest: what its kernel can mount, what this host can serve, and modules for it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPrebuilt } from '../config/prebuilt.ts'
import type { ResolvedKernel, ResolvedVm } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { userError } from '../engine/error.ts'
import { namespacesRefused, virtiofsd } from '../host/virtiofsd.ts'
import { parseConfig } from '../linux/kbuild/kconfig.ts'
import type { KernelArtefact } from './kernel/kernel.ts'
import type { BuiltModule } from './module/built.ts'
import { moduleSteps } from './module/module.ts'

/** A file system that brings a share, the options of a kernel that has it, and its modules where they are m. */
const TRANSPORTS = {
  virtiofs: { options: ['VIRTIO_FS'], modules: ['virtiofs'] },
  '9p': { options: ['9P_FS', 'NET_9P_VIRTIO'], modules: ['9p', '9pnet_virtio'] },
} as const

export type Transport = keyof typeof TRANSPORTS

export interface Sharing {
  readonly transport: Transport
  /** The daemon, of virtiofs. */
  readonly program?: string
  /** In the order of loading; none where the kernel has it built in. */
  readonly modules: readonly BuiltModule[]
}

/** Why this host cannot serve by virtiofs, or the daemon. */
async function daemon(signal: AbortSignal): Promise<{ readonly program: string } | { readonly why: string }> {
  const program = virtiofsd()
  if (program === undefined)
    return { why: 'virtiofsd is not installed (package virtiofsd; until Debian 12 qemu-system-common)' }
  const refused = await namespacesRefused(signal)
  return refused === undefined ? { program } : { why: `this host gives virtiofsd no namespaces (${refused})` }
}

/**
 * @param override the tree that the kernel's source was taken from instead
 * @returns undefined where the VM has no share
 * @throws a user's Failure where kernel and host have no way in common
 */
export async function sharingOf(
  vm: ResolvedVm,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  context: Context,
): Promise<Sharing | undefined> {
  if (vm.shares === undefined) return undefined
  const place = `share of vm ${vm.name}`
  const config = parseConfig(await readFile(join(kernel.dir, 'config'), 'utf8'))
  const has = (transport: Transport) =>
    TRANSPORTS[transport].options.every((option) => ['y', 'm'].includes(config.get(option) ?? ''))
  if (!has('virtiofs') && !has('9p'))
    throw userError({
      place,
      fact: `kernel ${kernel.name} has neither virtiofs (VIRTIO_FS) nor 9p (9P_FS, NET_9P_VIRTIO): it cannot mount one`,
      wayOut: isPrebuilt(declared.source)
        ? 'take another kernel; Debian has virtiofs since 5.10'
        : `add lab:share to \`config:\` of kernel ${kernel.name}`,
    })
  const served = has('virtiofs')
    ? await daemon(context.signal)
    : { why: `kernel ${kernel.name} has no virtiofs (VIRTIO_FS, from 5.4 on)` }
  if ('why' in served) {
    const written = vm.shares.find(({ write }) => write)
    if (written !== undefined || !has('9p'))
      throw userError({
        place,
        fact: served.why,
        wayOut: has('9p')
          ? `share ${written?.mount ?? 'it'} read-only: 9p does that`
          : 'correct that, or add 9p to the kernel: lab:share in its `config:`',
      })
    context.emit({ type: 'notice', level: 'info', place, text: `it is served by QEMU (9p): ${served.why}` })
  }
  const transport: Transport = 'why' in served ? '9p' : 'virtiofs'
  const { options, modules } = TRANSPORTS[transport]
  const requested = options.some((option) => config.get(option) === 'm')
    ? modules.map((name) => ({ name, sources: [], flags: [], params: {} }))
    : []
  return {
    transport,
    ...('program' in served && { program: served.program }),
    modules: await moduleSteps(requested, kernel, declared, override, context),
  }
}
