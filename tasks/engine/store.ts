/**
 * Content-addressed store of build results: `<root>/<kind>/<fingerprint>/`, a directory each, written under a temporary name on the
 * same file system and renamed when whole. What stands under its final name is complete; everything else is for `lab gc`.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, labError, messageOf } from './error.ts'
import type { Fingerprint, Inputs } from './fingerprint.ts'

const INPUTS = 'inputs.json'
/** Prefix of what is being written; `lab gc` removes leftovers. */
export const PARTIAL = '.partial-'

export interface StoredEntry {
  readonly dir: string
  readonly inputs: Inputs
}

/** The failure of a disk without room; the same words wherever it shows. */
export const diskFull = (place: string | undefined, lines?: readonly string[]) =>
  labError({
    place,
    fact: 'the disk is full',
    lines,
    wayOut: 'free some space, or set LAB_CACHE_DIR to another disk; `lab gc` removes what nobody needs',
  })

/** How programs say that a disk is full. */
export const SAYS_DISK_FULL = /No space left on device|Disk quota exceeded/

/** Turns "no space left" and its kin into a failure with a way out; everything else passes through. */
export function diskFailure(error: unknown, place: string): unknown {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(place)
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return labError({
      place,
      fact: messageOf(error),
      wayOut: 'make it writable for you, or set LAB_CACHE_DIR to a directory that is',
    })
  return error
}

export class Store {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  #dir(kind: string, fingerprint: Fingerprint): string {
    return join(this.root, kind, fingerprint.slice(0, 32))
  }

  /** The entry, if it is there and whole; its access time is what pruning goes by. */
  async get(kind: string, fingerprint: Fingerprint): Promise<StoredEntry | undefined> {
    const dir = this.#dir(kind, fingerprint)
    // Asked first: an entry that another process puts here from now on is whole.
    if (!existsSync(dir)) return undefined
    try {
      const inputs = JSON.parse(await readFile(join(dir, INPUTS), 'utf8')) as Inputs
      const now = new Date()
      await utimes(join(dir, INPUTS), now, now).catch(() => undefined)
      return { dir, inputs }
    } catch {
      // A directory without a readable inputs file was damaged from outside: build it again.
      await rm(dir, { recursive: true, force: true })
      return undefined
    }
  }

  /** Lets `write` fill a new directory and puts it in place. If somebody else was faster, theirs stays. */
  async put(
    kind: string,
    fingerprint: Fingerprint,
    inputs: Inputs,
    write: (dir: string) => Promise<void>,
  ): Promise<StoredEntry> {
    const dir = this.#dir(kind, fingerprint)
    const partial = join(this.root, kind, `${PARTIAL}${process.pid}-${randomBytes(4).toString('hex')}`)
    try {
      await mkdir(partial, { recursive: true })
      await write(partial)
      await writeFile(join(partial, INPUTS), `${JSON.stringify(inputs, null, 1)}\n`)
      await rename(partial, dir).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
      })
      return { dir, inputs }
    } catch (error) {
      throw diskFailure(error, `cache ${this.root}`)
    } finally {
      await rm(partial, { recursive: true, force: true })
    }
  }

  /** The newest entry of a kind whose inputs satisfy `match`; used to say what changed since. */
  async newest(kind: string, match: (inputs: Inputs) => boolean): Promise<StoredEntry | undefined> {
    const names = await readdir(join(this.root, kind)).catch(() => [])
    let best: { entry: StoredEntry; time: number } | undefined
    for (const name of names) {
      if (name.startsWith(PARTIAL)) continue
      const dir = join(this.root, kind, name)
      try {
        const inputs = JSON.parse(await readFile(join(dir, INPUTS), 'utf8')) as Inputs
        const { mtimeMs } = await stat(join(dir, INPUTS))
        if (match(inputs) && (!best || mtimeMs > best.time)) best = { entry: { dir, inputs }, time: mtimeMs }
      } catch {
        // Not an entry: somebody else's file, or one that is being removed.
      }
    }
    return best?.entry
  }
}
