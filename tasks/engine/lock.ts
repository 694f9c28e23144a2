/** Locks between processes, on paths. Behind one function so that the mechanism can be replaced. */
import fs, { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from './directory.ts'
import { codeOf, interrupted } from './error.ts'
import { undoAtForcedEnd } from './interruption.ts'
import { keepBeating, silence } from './heartbeat.ts'
import { later } from './later.ts'
import { isAlive, isElsewhere, ProcessId, thisProcess } from './process.ts'

const lockfile = later<typeof import('proper-lockfile')>('proper-lockfile')

/** A lock is stale when its owner has not touched it for this long, and nothing is known of the owner. Milliseconds. */
const STALE = 15_000
/** The same where the owner is known to be gone. */
const ORPHANED = 5000
/** A lock is touched this often. Milliseconds. */
const TOUCH = 2000
/**
 * The lock of a process of another host or container is nobody's when its owner's note has not been touched for so
 * long, by the clock of the file system. The lock's own time is set by the owner's clock, which says nothing here.
 * Milliseconds.
 */
const SILENT_ELSEWHERE = 120_000
/** The note is touched this often. Milliseconds. */
const BEAT = 15_000

export interface Lock extends AsyncDisposable {
  release(): Promise<void>
}

/** Who holds the lock, beside it: the lock itself is a directory that must stay empty. */
const ownerFile = (path: string) => `${path}.owner`

/**
 * What is known of the owner; one that cannot be seen from here lives as long as it says so. `unknown`: nobody has left
 * a name.
 */
async function ownerOf(path: string): Promise<'alive' | 'gone' | 'unknown'> {
  try {
    const owner = ProcessId.parse(JSON.parse(await readFile(ownerFile(path), 'utf8')))
    if (!isElsewhere(owner)) return isAlive(owner) ? 'alive' : 'gone'
    return ((await silence(ownerFile(path))) ?? Infinity) < SILENT_ELSEWHERE ? 'alive' : 'gone'
  } catch {
    return 'unknown'
  }
}

/**
 * Lock directories that are made and that nobody answers for yet: each with what takes back its removal at a forced
 * end.
 */
const begun = new Map<string, () => void>()

/**
 * The file system of proper-lockfile, which looks at the directory's time after it has made it: a command that ended in
 * between left the lock behind. Made in one turn with its registration, no end comes between the two.
 */
const watchedFs = {
  ...fs,
  mkdir(path: string, callback: (error: unknown) => void): void {
    try {
      mkdirSync(path)
      begun.set(
        path,
        undoAtForcedEnd(() => rmSync(path, { recursive: true, force: true })),
      )
    } catch (error) {
      callback(error)
      return
    }
    callback(null)
  },
}

/** Somebody else answers for the lock now, or there is none. */
function takeBack(path: string): void {
  begun.get(`${path}.lock`)?.()
  begun.delete(`${path}.lock`)
}

/** In the same turn as its removal is registered. On a disk without room the lock is one without a name. */
function nameOwner(path: string): void {
  try {
    writeFileSync(ownerFile(path), `${JSON.stringify(thisProcess())}\n`)
  } catch {
    // Whoever waits goes by the lock's age.
  }
}

/** The lock, or undefined where somebody else has it. */
async function tryLock(path: string, stale: number): Promise<Lock | undefined> {
  let release: () => Promise<void>
  try {
    // A compromised lock is one that somebody took who cannot see us; it must not crash a finished build.
    release = await lockfile().lock(path, {
      realpath: false,
      stale,
      update: TOUCH,
      onCompromised: () => undefined,
      fs: watchedFs,
    })
  } catch (error) {
    takeBack(path)
    // ENOENT: the directory went away just now.
    if (codeOf(error) === 'ELOCKED' || codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  let released = false
  const undone = undoAtForcedEnd(() => {
    rmSync(ownerFile(path), { force: true })
    rmSync(`${path}.lock`, { recursive: true, force: true })
  })
  takeBack(path)
  nameOwner(path)
  const beating = keepBeating(ownerFile(path), BEAT)
  const once = async () => {
    if (released) return
    released = true
    undone()
    beating[Symbol.dispose]()
    await rm(ownerFile(path), { force: true }).catch(() => undefined)
    await release().catch(() => undefined)
  }
  return { release: once, [Symbol.asyncDispose]: once }
}

/**
 * Takes the lock `path` or waits for it; `onWait` is called once if somebody else holds it. A killed owner's lock falls
 * to the next one after 5 s. One that lives but does not get to touching its lock (stopped by Ctrl-Z, or on a host that
 * is too busy) keeps it: two that build in one tree would be worse than one that waits. Rejects as interrupted when
 * aborted while waiting.
 */
export async function lock(path: string, signal: AbortSignal, onWait: () => void): Promise<Lock> {
  for (let waited = false; ;) {
    if (signal.aborted) throw interrupted()
    const held = await lockNow(path)
    if (held) return held
    if (!waited) onWait()
    waited = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** The lock, or undefined where somebody else has it now. */
export async function lockNow(path: string): Promise<Lock | undefined> {
  // Whoever held it may have removed the directory that it is in (a build tree that was pruned).
  makeDirectory(dirname(path))
  const owner = await ownerOf(path)
  if (owner === 'alive') return undefined
  // One that was made just now by a host whose clock is behind ours is not stale.
  if (owner === 'unknown' && ((await silence(`${path}.lock`)) ?? STALE) < STALE) return undefined
  return await tryLock(path, owner === 'gone' ? ORPHANED : STALE)
}

/** Whether somebody holds the lock now. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await ownerOf(path)
  if (owner !== 'unknown') return owner === 'alive'
  return await lockfile()
    .check(path, { realpath: false, stale: STALE })
    .catch(() => false)
}
