/** Snapshots that nobody can restore any more: for `lab gc`. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Context } from '../engine/context.ts'
import { PARTIAL } from '../engine/process.ts'
import { factsOf, publicKeysHash, SNAPSHOTS, snapshotAbout } from './snapshot.ts'
import { qemuVersion } from './start.ts'

const Inputs = z.object({
  qemu: z.string(),
  keys: z.string(),
  bases: z.array(z.object({ file: z.string(), size: z.number(), mtimeMs: z.number() })),
})

const isThere = async ({ file, size, mtimeMs }: z.infer<typeof Inputs>['bases'][number]): Promise<boolean> => {
  const now = await factsOf(file).catch(() => undefined)
  return now?.size === size && now.mtimeMs === mtimeMs
}

/** Why a snapshot is of no use: its lab, its disks or its QEMU are gone. */
async function isStale(dir: string, qemu: string | undefined): Promise<boolean> {
  try {
    const inputs = Inputs.parse(JSON.parse(await readFile(join(dir, 'inputs.json'), 'utf8')))
    const { keys } = await snapshotAbout(dir)
    if (qemu !== undefined && inputs.qemu !== qemu) return true
    // The lab was removed, or has other keys: nobody could log in.
    if ((await publicKeysHash(keys)) !== inputs.keys) return true
    return !(await Promise.all(inputs.bases.map(isThere))).every(Boolean)
  } catch {
    return true
  }
}

/** Directories of snapshots that can go. */
export async function staleSnapshots(context: Context): Promise<string[]> {
  const root = join(context.store.root, SNAPSHOTS)
  const names = (await readdir(root).catch(() => [])).filter((name) => !name.startsWith(PARTIAL))
  if (names.length === 0) return []
  // Without QEMU nothing can be said about it.
  const qemu = await qemuVersion(context).catch(() => undefined)
  const stale: string[] = []
  for (const name of names) if (await isStale(join(root, name), qemu)) stale.push(join(root, name))
  return stale
}
