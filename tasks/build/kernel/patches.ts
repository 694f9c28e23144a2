/** The user's patches of a kernel, as changes one on top of the other. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Layer } from '../../linux/c/blame.ts'
import { applyPatches, type Patch } from '../../linux/c/patch.ts'
import { layered, type SourceTree } from '../../linux/c/source-tree.ts'
import { PATCH } from './blame.ts'

/** @param files absolute paths, in the order in which they are applied */
export const readPatches = (files: readonly string[]): Promise<Patch[]> =>
  Promise.all(files.map(async (file) => ({ name: basename(file), text: await readFile(file, 'utf8') })))

/**
 * Each patch on top of those before it, under the name that its user knows. @throws a user's error where one does not
 * apply
 */
export function patchLayers(tree: SourceTree, patches: readonly Patch[]): Layer[] {
  const layers: Layer[] = []
  for (const patch of patches) {
    const before = new Map(layers.flatMap(({ files }) => [...files]))
    layers.push({ name: `${PATCH}${patch.name}`, files: applyPatches(layered(tree, before), [patch]) })
  }
  return layers
}
