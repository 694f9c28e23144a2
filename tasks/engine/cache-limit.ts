/**
 * The cache's size limit. What can be made again (entries of the store, build trees) is removed, the least recently
 * used first, until the rest fits. Downloads stay: they are small beside a tree, and a mirror may be gone tomorrow.
 */
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { userError } from './error.ts'
import { removeAside, withdraw } from './lease.ts'
import { isLocked, lockNow } from './lock.ts'
import { PARTIAL } from './process.ts'

/** Seven kernels with their trees (1.3 GB each), and a hundred results of builds. */
const DEFAULT_LIMIT = '30G'
const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Bytes of `$LAB_CACHE_LIMIT`. @throws a user's error for anything that is not a size */
export function cacheLimit(env: Readonly<Record<string, string | undefined>>): number {
  const text = env['LAB_CACHE_LIMIT'] || DEFAULT_LIMIT
  const [, number, unit] = /^([1-9]\d{0,5})([MGT])$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw userError({
      place: 'LAB_CACHE_LIMIT',
      fact: `${JSON.stringify(text.slice(0, 40))} is not a size`,
      wayOut: `write a whole number with M, G or T; ${DEFAULT_LIMIT} when it is not set`,
    })
  return Number(number) * (UNITS[unit] ?? 1)
}

/** A directory of the cache that goes or stays as a whole. */
export interface Piece {
  readonly path: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly used: number
}

/** What has to go for the rest to fit: the least recently used first, and nothing that is kept. */
export function leastRecentlyUsed(pieces: readonly Piece[], limit: number, kept: (piece: Piece) => boolean): Piece[] {
  let over = pieces.reduce((sum, { bytes }) => sum + bytes, 0) - limit
  const victims: Piece[] = []
  for (const piece of pieces.toSorted((a, b) => a.used - b.used)) {
    if (over <= 0) break
    if (kept(piece)) continue
    victims.push(piece)
    over -= piece.bytes
  }
  return victims
}

const namesIn = (dir: string): Promise<string[]> => readdir(dir).catch(() => [])

/** Bytes on disk of all files below a directory. */
async function bytesBelow(dir: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) bytes += await bytesBelow(path)
    else if (entry.isFile()) bytes += ((await stat(path).catch(() => undefined))?.blocks ?? 0) * 512
  }
  return bytes
}

/** A tree has 90,000 files, so its size is counted once in a while and written down beside it. */
const COUNTED = '.bytes'
const COUNT_AGAIN = 7 * 24 * 3600 * 1000

async function sizeOfTree(dir: string, now: number): Promise<number> {
  const note = join(dir, COUNTED)
  const noted = await stat(note).catch(() => undefined)
  if (noted && now - noted.mtimeMs < COUNT_AGAIN) return Number(await readFile(note, 'utf8')) || 0
  const bytes = await bytesBelow(dir)
  await writeFile(note, String(bytes)).catch(() => undefined)
  return bytes
}

const usedAt = async (file: string): Promise<number | undefined> => (await stat(file).catch(() => undefined))?.mtimeMs

/** Everything in the cache that can be made again. */
export async function piecesOf(cache: string, now = Date.now()): Promise<Piece[]> {
  const pieces: Piece[] = []
  const add = async (path: string, used: number | undefined) => {
    if (used !== undefined) pieces.push({ path, bytes: await sizeOfTree(path, now), used })
  }
  for (const kind of (await namesIn(join(cache, 'store'))).filter((name) => !name.startsWith('.')))
    for (const name of await namesIn(join(cache, 'store', kind)))
      if (!name.startsWith(PARTIAL)) {
        const path = join(cache, 'store', kind, name)
        await add(path, await usedAt(join(path, 'inputs.json')))
      }
  for (const name of await namesIn(join(cache, 'build'))) {
    const path = join(cache, 'build', name)
    await add(path, (await usedAt(join(path, 'build.log'))) ?? (await usedAt(path)))
  }
  return pieces
}

/**
 * Of several commands in a row the next one is to find what the last one made. What a living process uses is safe in
 * any case (lease.ts); one that goes on for long says again that it uses it (`Store.renew`).
 */
const JUST_USED = 3600 * 1000

export interface Pruned {
  readonly removed: readonly Piece[]
  /** Bytes that are left, of what can be made again. */
  readonly bytes: number
  readonly limit: number
}

/**
 * Makes the cache fit. Kept, whatever the limit: what was used in the last hour, a tree that is being built in, and
 * what `inUse` says. With `dry` nothing is removed.
 */
export async function pruneCache(
  cache: string,
  limit: number,
  inUse: (path: string) => boolean,
  options: { dry?: boolean; now?: number } = {},
): Promise<Pruned> {
  const now = options.now ?? Date.now()
  const pieces = await piecesOf(cache, now)
  const busy = new Set<string>()
  for (const { path } of pieces) if (await isLocked(join(path, 'lock'))) busy.add(path)
  const victims = leastRecentlyUsed(
    pieces,
    limit,
    ({ path, used }) => now - used < JUST_USED || busy.has(path) || inUse(path),
  )
  const removed: Piece[] = []
  for (const piece of victims) if (options.dry === true || (await remove(cache, piece.path))) removed.push(piece)
  const total = (list: readonly Piece[]) => list.reduce((sum, { bytes }) => sum + bytes, 0)
  return { removed, bytes: total(pieces) - total(removed), limit }
}

/** Removes a piece unless somebody has begun to use it since it was chosen. @returns whether it is gone */
async function remove(cache: string, path: string): Promise<boolean> {
  const store = join(cache, 'store')
  if (path.startsWith(join(store, '/'))) return await withdraw(store, path)
  await using held = await lockNow(join(path, 'lock'))
  if (held === undefined) return false
  await removeAside(path)
  return true
}
