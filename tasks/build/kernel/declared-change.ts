/** What patches, the compat table and the declaration make of a source; nothing is written. */
import { NO_COMPAT, compatOf, type Compat } from '../../linux/kbuild/compat.ts'
import { layered, type SourceTree } from '../../linux/c/source-tree.ts'
import type { Version } from '../../linux/version.ts'
import type { BuildPlan } from './identity.ts'
import { patchLayers, readPatches } from './patches.ts'
import { computeChange, type Change } from './tree.ts'

/** @throws a user's Failure for a patch that does not apply, or a transform that this source does not take */
export async function declaredChange(
  tree: SourceTree,
  { kernel, tools }: Pick<BuildPlan, 'kernel' | 'tools'>,
  version: Version,
): Promise<{ readonly change: Change; readonly compat: Compat }> {
  const { gccMajor: gcc, binutils, makeVersion } = tools
  // The user's patches come first: a fix that is among them is then found, and not applied again.
  const layers = patchLayers(tree, await readPatches(kernel.patches))
  const patches = new Map(layers.flatMap(({ files }) => [...files]))
  const patched = layered(tree, patches)
  const compat =
    kernel.compat === 'none'
      ? NO_COMPAT
      : compatOf(version, { gcc, binutils, make: makeVersion }, (path) => patched.read(path))
  const change = await computeChange(tree, kernel, new Map([...patches, ...compat.changed]))
  const all = [...layers, { name: '`compat: auto`', files: compat.changed }, ...change.layers]
  return { change: { ...change, layers: all }, compat }
}
