/**
 * The list of exported symbols that a module is linked against. The one in a build tree is that of whatever kernel was
 * built there last; the one in the store belongs to the kernel that will load the module.
 */
import { copyFile, rename, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'Module.symvers'

/** Lets `work` find the kernel's own list in the tree, whose own list comes back afterwards as it was. */
export async function withSymvers<T>(tree: string, symvers: string, work: () => Promise<T>): Promise<T> {
  const [place, kept] = [join(tree, NAME), join(tree, `${NAME}.of-tree`)]
  // Left there by a run that was killed: what is in its place is the copy.
  if (existsSync(kept)) await rename(kept, place)
  const had = existsSync(place)
  if (had) await rename(place, kept)
  try {
    await copyFile(symvers, place)
    return await work()
  } finally {
    if (had) await rename(kept, place)
    else await rm(place, { force: true })
  }
}
