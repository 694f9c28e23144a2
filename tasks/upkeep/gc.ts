/**
 * Garbage: VMs whose run was killed, results and store entries that were never finished, trees that were half unpacked,
 * snapshots that nobody can restore.
 */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { leftBeside, removeBeside } from '../engine/beside.ts'
import { pruneCache, type Pruned } from '../engine/cache-limit.ts'
import type { Context } from '../engine/context.ts'
import { silence } from '../engine/heartbeat.ts'
import { ELSEWHERE, withdraw } from '../engine/lease.ts'
import { isLocked, lockNow } from '../engine/lock.ts'
import { abandonedScratch } from '../engine/scratch.ts'
import { removeScratch } from '../host/mmdebstrap.ts'
import { usedByProcesses } from '../host/open-files.ts'
import { PARTIAL_RESULT } from '../results/result.ts'
import { crashesDir } from '../vm/dump.ts'
import { orphans, stopOrphan, type Places } from '../vm/vm.ts'
import { staleSnapshots } from '../vm/stale-snapshots.ts'
import { fateOfTag, PARTIAL } from '../engine/process.ts'

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

/** Directories that were being written, by what is known of their writers. */
class Partials {
  readonly abandoned: string[] = []
  /** Of other hosts and containers that share the directory: whether the writer lives cannot be seen. */
  readonly elsewhere: string[] = []

  /** Those in `dir`; their names carry their writer: `<prefix><tag>-...`. */
  async look(dir: string, prefix: string): Promise<void> {
    for (const name of await namesIn(dir)) {
      const fate = name.startsWith(prefix) ? fateOfTag(name.slice(prefix.length)) : undefined
      const path = join(dir, name)
      if (fate === 'gone') this.abandoned.push(path)
      if (fate !== 'elsewhere') continue
      if (((await silence(path)) ?? 0) > ELSEWHERE) this.abandoned.push(path)
      else this.elsewhere.push(path)
    }
  }

  /** Those one level below. */
  async lookBelow(root: string, prefix: string): Promise<void> {
    for (const kind of await namesIn(root)) await this.look(join(root, kind), prefix)
  }
}

/**
 * Source trees whose unpacking was interrupted. Whether a build holds the tree's lock is asked when they are removed,
 * too.
 */
async function halfTrees(build: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await namesIn(build)) {
    if (await isLocked(join(build, name, 'lock'))) continue
    for (const inner of ['src.partial', 'src.partial.deb'])
      if ((await namesIn(join(build, name))).includes(inner)) found.push(join(build, name, inner))
  }
  return found
}

/** Checkouts of bisections that were killed. */
async function abandonedBisections(root: string): Promise<string[]> {
  const found: string[] = []
  for (const name of await namesIn(root)) {
    if (!name.includes('.') && !(await isLocked(join(root, `${name}.lock`)))) found.push(join(root, name))
  }
  return found
}

export interface Gc {
  /** Paths of what nobody owns, and of what was least recently used where the cache is too large. */
  readonly removed: readonly string[]
  /** Paths that a lab on another host, or in a container, may be at. */
  readonly elsewhere: readonly string[]
  readonly cache: Pick<Pruned, 'bytes' | 'limit'>
}

/** Removes what nobody owns, and what is too much for the cache's limit; with `dry` nothing is removed. */
export async function gcStep(places: Places, context: Context, dry: boolean): Promise<Gc> {
  const vms = await orphans(places)
  const files = await leftBeside(context.cache)
  const scratch = await abandonedScratch()
  const partials = new Partials()
  await partials.lookBelow(context.store.root, PARTIAL)
  await partials.lookBelow(places.results, PARTIAL_RESULT)
  await partials.look(join(context.cache, 'build'), PARTIAL)
  await partials.lookBelow(join(context.cache, 'build'), PARTIAL)
  for (const dir of ['tools', 'accel', 'texts']) await partials.look(join(context.cache, dir), PARTIAL)
  await partials.look(places.results, PARTIAL_RESULT)
  await partials.look(dirname(places.keys), PARTIAL)
  const written = files.map(({ dir }) => dir).filter((dir) => existsSync(dir))
  await partials.look(places.vms, PARTIAL)
  await partials.look(crashesDir(places.vms), PARTIAL)
  const [trees, snapshots] = [await halfTrees(join(context.cache, 'build')), await staleSnapshots(context)]
  const checkouts = await abandonedBisections(join(context.cache, 'bisect'))
  const paths = [...partials.abandoned, ...trees, ...checkouts, ...snapshots]
  if (!dry) {
    // Each of these asks again under its lock: since the list was made somebody may have begun to use one of them.
    for (const vm of vms) await stopOrphan(vm, places, context)
    for (const path of [...partials.abandoned, ...scratch]) await removeScratch(path)
    const locks = [
      ...trees.map((path) => [path, join(dirname(path), 'lock')] as const),
      ...checkouts.map((path) => [path, `${path}.lock`] as const),
    ]
    for (const [path, lock] of locks) {
      await using held = await lockNow(lock)
      if (held) await rm(path, { recursive: true, force: true })
    }
    for (const path of snapshots) await withdraw(context.store.root, path)
    for (const file of files) await removeBeside(file)
  }
  const pruned = await pruneCache(context.cache, context.cacheLimit, usedByProcesses(), { dry })
  return {
    removed: [
      // Not what somebody began to use meanwhile, nor what cannot be removed.
      ...[...vms.map(({ dir }) => dir), ...paths, ...written, ...scratch].filter((path) => dry || !existsSync(path)),
      ...pruned.removed.map(({ path }) => path),
    ],
    elsewhere: partials.elsewhere,
    cache: { bytes: pruned.bytes, limit: pruned.limit },
  }
}
