/** Shares of a VM: directories of the host that a daemon, or QEMU itself, serves to its guest. */
import { realpathSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Sharing } from '../build/sharing.ts'
import type { ResolvedVm } from '../config/resolved.ts'
import { diskFiles } from '../config/paths.ts'
import { overlap, shareRefusal, type ResolvedShare } from '../config/shares.ts'
import type { Context } from '../engine/context.ts'
import { labError, messageOf, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { SharedDirectory } from '../host/qemu.ts'
import type { Guest } from '../host/ssh.ts'
import { newSocket, withDaemons } from '../host/virtiofsd.ts'
import type { Places } from './places.ts'
import { modulePath } from './seed.ts'
import { shareContents, type ShareContents } from './share-contents.ts'

/** Milliseconds to load modules and mount, in a guest that is not busy. */
const SETUP = 60_000

export interface PreparedShares {
  readonly shares: readonly SharedDirectory[]
  /** QEMU's command line with the daemons that it needs. */
  readonly started: (machine: readonly string[]) => readonly string[]
}

/**
 * The directory as it is now, without symbolic links: a link may have been put there since the lab file was checked.
 * @throws a user's Failure where it is gone, or may not be in a guest
 */
function realDirectory({ from, write }: ResolvedShare, place: string, labDirectory: string, cache: string): string {
  let real: string
  try {
    real = realpathSync(from)
  } catch (error) {
    throw userError(
      {
        place,
        fact: `${from} cannot be shared: ${messageOf(error)}`,
        wayOut: 'make the directory, or correct `from:`',
      },
      error,
    )
  }
  const refusal = shareRefusal(real, realpathSync(labDirectory), (path) => diskFiles.real(path))
  if (refusal !== undefined) throw userError({ place, ...refusal })
  const realCache = realpathSync(cache)
  if (write && overlap(real, realCache))
    throw userError({
      place,
      fact: `the cache of lab (${cache}) is in ${real}, or the other way round: the guest could change its kernels`,
      wayOut: 'share another directory, or leave `write:` out',
    })
  return real
}

/** A share as a result records it, with what is in it now. */
export interface RecordedShare extends ResolvedShare, ShareContents {
  readonly transport: Sharing['transport']
}

/** What the guest has of the host at this moment. Says so where that cannot be told from other contents. */
export async function recordedShares(
  { name, shares = [] }: ResolvedVm,
  sharing: Sharing | undefined,
  emit: Context['emit'],
): Promise<RecordedShare[]> {
  if (sharing === undefined) return []
  const { transport } = sharing
  return await Promise.all(
    shares.map(async (share) => {
      const { contents, why } = await shareContents(share.from)
      if (why !== undefined)
        emit({
          type: 'notice',
          level: 'warning',
          standing: true,
          place: `share ${share.mount} of vm ${name}`,
          text: `the result does not tell its contents from others: ${printable(why, 200)}`,
          ...(!share.write && { wayOut: 'share a directory with fewer and smaller files, which you may read' }),
        })
      return { ...share, transport, ...contents }
    }),
  )
}

/** Makes ready what serves the shares. @param dir of the VM */
export async function prepareShares(
  { name, shares = [] }: ResolvedVm,
  sharing: Sharing | undefined,
  dir: string,
  { results }: Places,
  cache: string,
): Promise<PreparedShares> {
  if (sharing === undefined) return { shares: [], started: (machine) => machine }
  const directories = shares.map((share, index) => ({
    tag: tagOf(index),
    at: `share${index}`,
    socket: newSocket(),
    from: realDirectory(share, `share ${share.mount} of vm ${name}`, dirname(results), cache),
    write: share.write,
  }))
  const { program } = sharing
  if (program === undefined)
    return {
      shares: directories.map(({ tag, from }) => ({ tag, path: from })),
      started: (machine) => machine,
    }
  for (const { at } of directories) await mkdir(join(dir, at), { mode: 0o700 })
  return {
    shares: directories.map(({ tag, socket }) => ({ tag, socket })),
    started: (machine) => withDaemons(program, directories, machine),
  }
}

const tagOf = (index: number): string => `lab-share-${index}`

/** The drivers of its disks have brought some of the modules already. */
const MOUNT = `modules=$1; shift
while [ "$modules" -gt 0 ]; do
  name=\${1##*/}; [ -d "/sys/module/\${name%.ko}" ] || insmod "$1" || exit 1
  modules=$((modules - 1)); shift
done
while [ $# -gt 0 ]; do mkdir -p "$4" && mount -t "$1" -o "$2" "$3" "$4" || exit 1; shift 4; done`

/** msize: bytes of a message; the kernel's default of 8 KiB is slow (128 KiB since 5.15). */
const optionsOf = ({ transport }: Sharing, { write }: ResolvedShare): string =>
  [
    write ? 'rw' : 'ro',
    'nosuid',
    'nodev',
    ...(transport === '9p' ? ['trans=virtio', 'version=9p2000.L', 'msize=131072'] : []),
  ].join(',')

/** Mounts the shares in a guest that has booted. */
export async function mountShares(
  guest: Guest,
  { name, shares = [] }: ResolvedVm,
  sharing: Sharing | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (sharing === undefined) return
  const { transport, modules } = sharing
  const words = [
    String(modules.length),
    ...modules.map((module) => modulePath(module.name)),
    ...shares.flatMap((share, index) => [transport, optionsOf(sharing, share), tagOf(index), share.mount]),
  ]
  const { status, stderr } = await guest.exec(['sh', '-c', MOUNT, 'sh', ...words], {
    signal,
    timeout: SETUP,
    limit: 2 ** 16,
  })
  if (status === 0) return
  throw labError({
    place: `vm ${name}`,
    fact: `it could not mount its shares (${transport}): ${printable(stderr.trim(), 200) || `status ${status}`}`,
    wayOut: '`lab doctor` looks at the host; `from:` of a file on a disk needs neither virtiofs nor 9p',
  })
}

/** @throws a user's Failure for a warm start, which is asked for on the command line too */
export function refuseWarmMachine({ name, shares, numa }: ResolvedVm): void {
  if (shares === undefined && numa === undefined) return
  throw userError({
    place: `vm ${name}`,
    fact: shares
      ? 'it has a share: a saved guest keeps open what the host has changed since, and QEMU saves none'
      : 'it has NUMA nodes, and a saved guest has its memory in one piece',
    wayOut: 'start it otherwise: `--start shared` or `--start cold`',
  })
}
