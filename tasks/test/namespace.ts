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
