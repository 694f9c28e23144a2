/**
 * Garbage: VMs whose run was killed, results and store entries that were never finished, trees that were half unpacked, snapshots that nobody
 * can restore.
 */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { leftBeside, removeBeside } from './engine/beside.ts'
import { pruneCache, type Pruned } from './engine/cache-limit.ts'
import type { Context } from './engine/context.ts'
import { isLocked } from './engine/lock.ts'
import { PARTIAL } from './engine/store.ts'
import { abandonedScratch, removeScratch } from './host/mmdebstrap.ts'
import { usedByProcesses } from './host/open-files.ts'
import { PARTIAL_RESULT } from './experiment/result.ts'
import { orphans, stop, type Places } from './vm.ts'
import { staleSnapshots } from './vm/stale-snapshots.ts'
import { startTimeOf } from './engine/process.ts'

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

/** Names that carry the pid of their writer: `<prefix><pid>-…`. */
const abandoned = (name: string, prefix: string): boolean => {
  const pid = name.startsWith(prefix) ? /^(\d+)-/.exec(name.slice(prefix.length))?.[1] : undefined
  return pid !== undefined && startTimeOf(Number(pid)) === undefined
}

async function partialsIn(root: string, prefix: string): Promise<string[]> {
  const found: string[] = []
  for (const kind of await namesIn(root))
    for (const name of await namesIn(join(root, kind))) if (abandoned(name, prefix)) found.push(join(root, kind, name))
  return found
}

/** Source trees whose unpacking was interrupted; a build that holds the lock is still at it. */
async function halfTrees(build: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await namesIn(build)) {
    if (await isLocked(join(build, name, 'lock'))) continue
    for (const inner of ['src.partial', 'src.partial.deb'])
      if ((await namesIn(join(build, name))).includes(inner)) found.push(join(build, name, inner))
  }
  return found
}

export interface Gc {
  /** Paths of what nobody owns, and of what was least recently used where the cache is too large. */
  readonly removed: readonly string[]
  readonly cache: Pick<Pruned, 'bytes' | 'limit'>
}

/** Removes what nobody owns, and what is too much for the cache's limit; with `dry` nothing is removed. */
export async function gcStep(places: Places, context: Context, dry: boolean): Promise<Gc> {
  const vms = await orphans(places)
  const files = await leftBeside(context.cache)
  const scratch = await abandonedScratch((pid) => startTimeOf(pid) !== undefined)
  const written = files.map(({ dir }) => dir).filter((dir) => existsSync(dir))
  const paths = [
    ...(await partialsIn(context.store.root, PARTIAL)),
    ...(await partialsIn(places.results, PARTIAL_RESULT)),
    ...(await halfTrees(join(context.cache, 'build'))),
    ...(await staleSnapshots(context)),
    ...(await namesIn(join(context.cache, 'build')))
      .filter((name) => abandoned(name, PARTIAL))
      .map((name) => join(context.cache, 'build', name)),
  ]
  if (!dry) {
    for (const vm of vms) await stop(vm, context)
    for (const path of paths) await rm(path, { recursive: true, force: true })
    for (const one of files) await removeBeside(one)
    for (const dir of scratch) await removeScratch(dir)
  }
  const pruned = await pruneCache(context.cache, context.cacheLimit, usedByProcesses(), { dry })
  return {
    removed: [
      ...vms.map(({ dir }) => dir),
      ...paths,
      ...written,
      ...scratch,
      ...pruned.removed.map(({ path }) => path),
    ],
    cache: { bytes: pruned.bytes, limit: pruned.limit },
  }
}
