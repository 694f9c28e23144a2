/**
 * The order of the files with VMs. Vitest goes by size where it has not measured: a file of few lines that builds
 * kernels for a quarter of an hour would begin in the middle, and one core would wait for the other at the end.
 */
import { basename } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take minutes, the longest first. The first compiles on all cores and the second mostly waits for jobs, so
 * that they go well together.
 */
export const LONGEST = ['small-kernel', 'slurm', 'prebuilt', 'types', 'examples', 'evidence', 'own-loader', 'lock']

const placeOf = ({ moduleId }: Pick<TestSpecification, 'moduleId'>): number => {
  const place = LONGEST.indexOf(basename(moduleId, '.vm.test.ts'))
  return place === -1 ? LONGEST.length : place
}

/** Puts the files of the list before the others of their project, which keep their order. */
export function longestFirst<Spec extends Pick<TestSpecification, 'moduleId'>>(files: readonly Spec[]): Spec[] {
  const isVm = ({ moduleId }: Spec) => moduleId.endsWith('.vm.test.ts')
  const withVms = files.filter(isVm).toSorted((a, b) => placeOf(a) - placeOf(b))
  return [...files.filter((file) => !isVm(file)), ...withVms]
}

/** Vitest's own order, with the longest files of the VM tests first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longestFirst(await super.sort(files))
  }
}
