/** Tests that need what not every host has: skipped with a reason, which `./test` prints. */
import { spawnSync } from 'node:child_process'
import type { TestOptions } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was skipped. */
    reason?: string
  }
}

/** Options of a test or a group that is skipped where `isThere` is false. @param reason the fact that is in its way */
export const needs = (isThere: boolean, reason: string): TestOptions =>
  isThere ? {} : { skip: true, meta: { reason } }

/** Options of a test that runs this program, which succeeds with `flag` where it is installed. */
export const needsProgram = (program: string, flag: string, debianPackage = program): TestOptions =>
  needs(spawnSync(program, [flag]).status === 0, `there is no ${program} (package ${debianPackage})`)
