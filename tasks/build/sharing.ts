/** How the shares of a VM reach its guest: what its kernel can mount, what this host can serve, and modules for it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPrebuilt } from '../config/prebuilt.ts'
import { diskFiles } from '../config/paths.ts'
import type { ResolvedKernel, ResolvedVm } from '../config/resolved.ts'
import { overlap } from '../config/shares.ts'
import type { Context } from '../engine/context.ts'
import { labError, userError } from '../engine/error.ts'
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

/** Why there is no virtiofs, and what would bring it. */
interface Lack {
  readonly why: string
  readonly wayOut: string
}

/** Why this host cannot serve by virtiofs, or the daemon. */
async function daemon(signal: AbortSignal): Promise<{ readonly program: string } | Lack> {
  const program = virtiofsd()
  if (program === undefined)
    return { why: 'virtiofsd is not installed', wayOut: 'install virtiofsd (until Debian 12: qemu-system-common)' }
  const refused = await namespacesRefused(signal)
  if (refused === undefined) return { program }
  return {
    why: `this host gives virtiofsd no namespaces (${refused})`,
    wayOut: 'allow it user namespaces (Debian: `sysctl kernel.unprivileged_userns_clone=1`; a container has a setting)',
  }
}

/**
 * A way of sharing that another host settled, as this host can do it: the daemon may be elsewhere here. A plan stays with
 * one way, since guests under two could not be compared.
 * @throws a lab's Failure where this host has no daemon
 */
export async function servedHere(sharing: Sharing, place: string, signal: AbortSignal): Promise<Sharing> {
  if (sharing.transport !== 'virtiofs') return sharing
  const served = await daemon(signal)
  if ('program' in served) return { ...sharing, program: served.program }
  throw labError({
    place,
    fact: `${served.why}, and the plan shares directories by virtiofs`,
    wayOut: `${served.wayOut}; on a cluster, load it in \`prologue:\` of the profile or name nodes that have it (\`constraint:\`)`,
  })
}

/**
 * What the lab file names is compared with its shares when it is checked; a tree of `--source`, or a repository on this
 * host, is not in it by a path. @throws a user's Failure where the guest could change one, whose programs run here
 */
export function refuseSharedSource(vm: ResolvedVm, declared: ResolvedKernel, override: string | undefined): void {
  const { source } = declared
  const trees = [override, 'git' in source ? source.git.replace(/^file:\/\//, '') : undefined]
  for (const tree of trees) {
    const real = tree === undefined ? undefined : diskFiles.real(tree)
    const share = vm.shares?.find(
      ({ from, write }) => write && real !== undefined && overlap(real, diskFiles.real(from) ?? from),
    )
    if (share === undefined) continue
    throw userError({
      place: `share ${share.mount} of vm ${vm.name}`,
      fact: `the guest could change the source of kernel ${declared.name} (${tree}), whose programs run on this host`,
      wayOut: 'share another directory, or leave `write:` out',
    })
  }
}

/**
 * @param override the tree that the kernel's source was taken from instead
 * @param elsewhere the guests run on other hosts, each of which looks for its daemon itself (`servedHere`)
 * @returns undefined where the VM has no share
 * @throws a user's Failure where kernel and host have no way in common
 */
export async function sharingOf(
  vm: ResolvedVm,
  kernel: KernelArtefact,
  declared: ResolvedKernel,
  override: string | undefined,
  elsewhere: boolean,
  context: Context,
): Promise<Sharing | undefined> {
  if (vm.shares === undefined) return undefined
  refuseSharedSource(vm, declared, override)
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
  const served: { readonly program?: string } | Lack = has('virtiofs')
    ? elsewhere
      ? {}
      : await daemon(context.signal)
    : {
        why: `kernel ${kernel.name} has no virtiofs (VIRTIO_FS, from 5.4 on)`,
        wayOut: 'take a kernel that has it',
      }
  if ('why' in served) {
    const written = vm.shares.find(({ write }) => write)
    if (written !== undefined || !has('9p'))
      throw userError({
        place,
        fact: served.why,
        wayOut: has('9p')
          ? `${served.wayOut}, or share ${written?.mount ?? 'it'} read-only: 9p does that`
          : `${served.wayOut}, or ${isPrebuilt(declared.source) ? 'take a kernel with 9p' : 'add 9p to the kernel: lab:share in its `config:`'}`,
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
    ...('program' in served && served.program !== undefined && { program: served.program }),
    modules: await moduleSteps(requested, kernel, declared, override, context),
  }
}
