/** Checks of the machine: KVM, disk, memory, and what building images without root needs. */
import { constants } from 'node:fs'
import { access, readFile, statfs } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { kvmVerdict } from '../../host/accel.ts'
import { confinement, CONFINES, type Confinement } from '../../host/sandbox.ts'
import { memoryLimit } from '../../host/memory-group.ts'
import { which } from '../../host/which.ts'
import { bytes } from '../../engine/text.ts'
import type { Finding, Status } from './finding.ts'

/** Without KVM the lab is slow, not broken, unless its file asks for KVM and nothing else. */
export function kvmFinding(works: boolean, reason: string, asked: readonly string[]): Finding {
  if (works) return { name: 'KVM', status: 'ok', fact: `works: ${reason}` }
  const status: Status = asked.includes('kvm') ? 'problem' : 'warning'
  const fact = `${reason}; guests run under TCG, 10 to 30 times slower`
  const wayOut = /group kvm/.test(reason)
    ? 'sudo usermod -aG kvm $USER, and log in again'
    : status === 'problem'
      ? 'write `accel: auto` in lab.yaml'
      : 'nothing to do with `accel: auto`; in a VM, turn on nested virtualisation for KVM'
  return { name: 'KVM', status, fact, wayOut }
}

/** The remembered verdict of this host boot, or a trial with the newest kernel that was built. */
export async function kvm({ store, cache, signal }: Context, lab: ResolvedLab | undefined): Promise<Finding[]> {
  const asked = Object.values(lab?.vms ?? {}).map(({ accel }) => accel)
  const opens = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
  const entry = await store.newest('kernel', () => true)
  const image = entry && join(entry.dir, 'bzImage')
  const untried =
    image === undefined ? 'no kernel built' : which('qemu-system-x86_64') === undefined ? 'QEMU is missing' : undefined
  if (opens && untried !== undefined)
    return [{ name: 'KVM', status: 'ok', fact: `/dev/kvm opens; not tried yet: ${untried}` }]
  // A device that does not open is said by kvmVerdict before it looks at the kernel.
  const { works, reason } = await kvmVerdict(cache, image ?? '', signal)
  return [kvmFinding(works, reason, asked)]
}

/** Less than the first and a kernel's build will hardly end; bytes. */
const DISK = { problem: 3e9, warning: 10e9 }

export function diskFinding(free: number, cache: string): Finding {
  const status: Status = free < DISK.problem ? 'problem' : free < DISK.warning ? 'warning' : 'ok'
  const fact = `${bytes(free)} free for ${cache}`
  if (status === 'ok') return { name: 'disk', status, fact }
  return {
    name: 'disk',
    status,
    fact,
    wayOut: 'free some, `lab gc` removes what nobody needs; or set LAB_CACHE_DIR to a directory on another disk',
  }
}

/** Free space for this user in the nearest directory that exists: the cache is made by the first build. */
async function freeBytes(dir: string): Promise<number> {
  const found = await statfs(dir).catch(() => undefined)
  if (found !== undefined) return found.bavail * found.bsize
  return dirname(dir) === dir ? 0 : await freeBytes(dirname(dir))
}

export const disk = async ({ cache }: Context): Promise<Finding[]> => [diskFinding(await freeBytes(cache), cache)]

/** QEMU's own memory beside the guest's; bytes. */
const BESIDE_GUEST = 256 * 2 ** 20

export function memoryFinding(available: number, total: number, guest: number): Finding {
  const needed = guest + BESIDE_GUEST
  const status: Status = total < needed ? 'problem' : available < needed ? 'warning' : 'ok'
  const fact = `${bytes(available)} of ${bytes(total)} available; a VM takes ${bytes(guest)}`
  return {
    name: 'memory',
    status,
    fact,
    ...(status === 'ok' ? {} : { wayOut: 'give the VM less `memory:`, or end other programs' }),
  }
}

export function memory(lab: ResolvedLab | undefined): Finding[] {
  const guests = Object.values(lab?.vms ?? {}).map(({ memory: size }) => size)
  const total = memoryLimit()
  return [memoryFinding(Math.min(process.availableMemory(), total), total, Math.max(2 ** 30, ...guests))]
}

/**
 * How programs that read what a guest wrote are confined. Without namespaces the lab works, with less between a guest
 * and the host.
 */
export function confinementFinding(way: Confinement): Finding {
  const finding = { name: 'confinement', fact: CONFINES[way] }
  if (way === 'bubblewrap') return { ...finding, status: 'ok' }
  return {
    ...finding,
    status: 'warning',
    wayOut:
      'install bubblewrap, and allow user namespaces (sysctl user.max_user_namespaces; on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)',
  }
}

export const confined = async (): Promise<Finding[]> => [confinementFinding(await confinement())]

export interface Ids {
  readonly user: string
  readonly uid: number
  /** /etc/subuid and /etc/subgid, empty if there is none. */
  readonly subuid: string
  readonly subgid: string
}

/** subuid(5): `name or uid:first:count`; files of an image belong to users up to 65534. */
const hasRange = (file: string, { user, uid }: Ids): boolean =>
  file.split('\n').some((line) => {
    const [who, first, count] = line.split(':')
    return (who === user || who === String(uid)) && first !== undefined && Number(count) >= 65536
  })

/**
 * Images hold files of several users; without root those come from the user's subordinate ids. (newuidmap is one of the
 * tools.)
 */
export function rootlessFindings(ids: Ids): Finding[] {
  const name = 'without root'
  if (ids.uid === 0) return [{ name, status: 'ok', fact: 'you are root: subordinate ids are not needed' }]
  const lacking = (['subuid', 'subgid'] as const).filter((file) => !hasRange(ids[file], ids))
  if (lacking.length === 0) return [{ name, status: 'ok', fact: 'subordinate ids' }]
  return [
    {
      name,
      status: 'problem',
      fact: `no 65536 ids for ${ids.user} in ${lacking.map((file) => `/etc/${file}`).join(' and ')}: images cannot be built`,
      wayOut: `sudo usermod ${lacking.map((file) => `--add-${file}s 100000-165535`).join(' ')} ${ids.user}`,
    },
  ]
}

export async function rootless(): Promise<Finding[]> {
  const read = (file: string) => readFile(file, 'utf8').catch(() => '')
  const uid = process.getuid?.() ?? 0
  // A container may run us with a uid that passwd does not know.
  const user = uid === 0 ? 'root' : nameOfUser(uid)
  return rootlessFindings({
    user,
    uid,
    subuid: await read('/etc/subuid'),
    subgid: await read('/etc/subgid'),
  })
}

function nameOfUser(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}
