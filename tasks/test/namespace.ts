/** A mount needs a namespace of our own; a user who is not root gets one together with the right to mount. */
import { spawnSync } from 'node:child_process'
import type { TestOptions } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was skipped. */
    reason?: string
  }
}

/** The words before a command that may mount, where that is allowed. */
export const NAMESPACE = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm']

export const mayMount =
  spawnSync(NAMESPACE[0] ?? '', [...NAMESPACE.slice(1), 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

/** Options of a test that mounts. */
export const MOUNTS: TestOptions = mayMount
  ? {}
  : { skip: true, meta: { reason: 'no mount namespace can be made here (a chroot, or a container)' } }

/** Runs the words behind it where no network is but loopback, which is up. */
export const OFFLINE = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'] as const

/** Options of a test without a network. Only root can make such a namespace and still build an image in it. */
export const NO_NETWORK: TestOptions =
  spawnSync(OFFLINE[0], [...OFFLINE.slice(1), 'true']).status === 0
    ? {}
    : { skip: true, meta: { reason: 'no network namespace can be made here (not root, or a container)' } }
