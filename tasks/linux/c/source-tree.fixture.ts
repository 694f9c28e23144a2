/** A kernel tree made up of a few texts. */
import type { SourceTree } from './source-tree.ts'

/** `rare` files are found only when the whole tree is searched, as drivers are. */
export const treeOf = (
  files: Readonly<Record<string, string>>,
  rare: Readonly<Record<string, string>> = {},
): SourceTree => ({
  read: (path) => files[path] ?? rare[path],
  candidates: (name, everywhere) =>
    Promise.resolve(
      Object.entries({ ...files, ...(everywhere === true ? rare : {}) }).flatMap(([path, text]) =>
        /\.[ch]$/.test(path) && new RegExp(`\\b${name}\\b`).test(text) ? [path] : [],
      ),
    ),
})

/** The tree with changes written. */
export const after = (files: Readonly<Record<string, string>>, changed: ReadonlyMap<string, string>): SourceTree =>
  treeOf({ ...files, ...Object.fromEntries(changed) })
