/** A mount needs a namespace of our own; a user who is not root gets one together with the right to mount. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestOptions } from 'vitest'
import { needs } from './needs.ts'

/** The words before a command that may mount, where that is allowed. */
export const NAMESPACE = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm']

export const mayMount =
  spawnSync(NAMESPACE[0] ?? '', [...NAMESPACE.slice(1), 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

/** Options of a test that mounts. */
export const MOUNTS: TestOptions = needs(mayMount, 'no mount namespace can be made here (a chroot, or a container)')

/** Runs the words behind it where no network is but loopback, which is up. */
export const OFFLINE = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'] as const

/** Options of a test without a network. Only root can make such a namespace and still build an image in it. */
export const NO_NETWORK: TestOptions =
  spawnSync(OFFLINE[0], [...OFFLINE.slice(1), 'true']).status === 0
    ? {}
    : { skip: true, meta: { reason: 'no network namespace can be made here (not root, or a container)' } }

const OTHER_HOST_SCRIPT = `hostname "$1" && echo "$1-boot" >"$2/boot" && echo "$1-machine" >"$2/machine" &&
  mount --bind "$2/boot" /proc/sys/kernel/random/boot_id &&
  { [ ! -e /etc/machine-id ] || mount --bind "$2/machine" /etc/machine-id; } && shift 2 && exec "$@"`

/**
 * Words before a command that is to run on another host of the same file system: its name, boot, machine id and
 * processes are its own.
 * @param dir an empty directory that stays until the command has ended
 */
export function anotherHost(name: string, dir: string): [program: string, ...words: string[]] {
  const own = ['--uts', '--mount', '--pid', '--kill-child', '--mount-proc']
  const asRoot = process.getuid?.() === 0 ? [] : ['-r']
  return ['unshare', ...asRoot, ...own, 'sh', '-c', OTHER_HOST_SCRIPT, 'sh', name, dir]
}

/** Options of a test that needs another host. */
export function anotherHostMay(): TestOptions {
  const dir = mkdtempSync(join(tmpdir(), 'lab-host-'))
  const [program, ...words] = anotherHost('n2', dir)
  const { status } = spawnSync(program, [...words, 'true'])
  rmSync(dir, { recursive: true })
  return status === 0 ? {} : { skip: true, meta: { reason: 'no namespaces can be made here (a container)' } }
}
