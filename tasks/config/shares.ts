/** Directories of the host in a guest (`share:`): which may be, and what they are called. */
import { join, relative, sep } from 'node:path'
import type { Share, Vm } from './schema/schema-vm.ts'

export interface ResolvedShare {
  /** Absolute path on the host. */
  readonly from: string
  /** Absolute path in the guest, without a slash at its end. */
  readonly mount: string
  /** The guest may change its files. */
  readonly write: boolean
}

/** The shares of a VM; the lab file has one, or a list. */
export const sharesOf = ({ share }: Pick<Vm, 'share'>): readonly Share[] => (share === undefined ? [] : [share].flat())

/** @param absolute of a path in the lab file */
export const resolveShares = (vm: Pick<Vm, 'share'>, absolute: (path: string) => string): ResolvedShare[] =>
  sharesOf(vm).map(({ from, mount, write }) => ({
    from: absolute(from),
    mount: mount.replace(/\/$/, ''),
    write: write === 'yes',
  }))

/** What lab itself writes beside the lab file, and where. */
const OF_THE_LAB = [
  ['.lab', 'the keys of its guests'],
  ['results', 'its results'],
] as const

/** Whether a path is below a directory, or that directory; both without symbolic links. */
export function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Whether one of two paths is below the other, or both are one; both without symbolic links. */
export const overlap = (path: string, other: string): boolean => isWithin(path, other) || isWithin(other, path)

/**
 * Why a directory may not be in a guest. Lab files are passed on: one of a stranger must not be able to show a guest
 * the home directory of whoever runs it.
 * @param real of the directory and of the lab's directory, both without symbolic links
 * @param realOf a path without symbolic links; undefined where it is not there
 */
export function shareRefusal(
  real: string,
  labDirectory: string,
  realOf: (path: string) => string | undefined,
): { readonly fact: string; readonly wayOut: string } | undefined {
  if (!isWithin(real, labDirectory))
    return {
      fact: `${real} is not below the directory of the lab file`,
      wayOut: 'move or copy it there; a bind mount works too, a symbolic link does not',
    }
  const wayOut = 'share a directory that has nothing but files for the guest'
  if (relative(labDirectory, real).split(sep).includes('.git'))
    return { fact: `${real} belongs to git, which runs what its hooks and settings name`, wayOut }
  if (real === labDirectory)
    return { fact: 'the directory of the lab has the keys of its guests and the results in it', wayOut }
  const own = OF_THE_LAB.find(([name]) => {
    const path = join(labDirectory, name)
    // It may be a link to another directory of the lab.
    return overlap(real, realOf(path) ?? path)
  })
  return own && { fact: `lab keeps ${own[1]} in ${own[0]}/`, wayOut }
}
