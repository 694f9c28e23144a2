/** The lab of a result as it was kept. */
import { dirname, resolve } from 'node:path'
import { named, openLab } from '../config/open.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'

/** A host that any lab fits on: the run took place elsewhere. */
export const ANY_HOST = { memoryBytes: 2 ** 50, cpus: 4096 }

/**
 * What the lab asks for, whatever of it is on this machine: a probe outside of the lab's directory, or a kernel tree,
 * need not be.
 * @param file the lab file as it was used
 * @throws a user's Failure where this version does not understand it
 */
export const readKeptLab = (file: string, toolRoot: string): ResolvedLab =>
  openLab({ file: resolve(file), cwd: dirname(resolve(file)), toolRoot, host: ANY_HOST, files: 'not asked' }).lab

/** @throws a user's Failure where the lab has no such experiment */
export const experimentOf = (lab: ResolvedLab, name: string): ResolvedExperiment =>
  named(lab.experiments, 'experiment', name)
