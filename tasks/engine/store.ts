/**
 * Content-addressed store of build results: `<root>/<kind>/<fingerprint>/`, a directory each, written under a temporary
 * name on the same file system and renamed when whole. What stands under its final name is complete; everything else is
 * for `lab gc`.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from './directory.ts'
import { diskFailure } from './disk.ts'
import { codeOf } from './error.ts'
import { removeAtForcedEnd } from './interruption.ts'
import type { Fingerprint, Inputs } from './fingerprint.ts'
import { keepBeating } from './heartbeat.ts'
import { Leases, removeAside } from './lease.ts'
import { PARTIAL, partialIn } from './process.ts'

const INPUTS = 'inputs.json'
/** What each file of the entry was when it was put there; not of its directories, which hold hundreds (the headers). */
export const CONTENTS = 'contents.json'

export interface StoredEntry {
  readonly dir: string
  readonly inputs: Inputs
}

interface FileFacts {
  readonly size: number
  readonly mtimeMs: number
  readonly sha256: string
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function contentsOf(dir: string): Promise<Record<string, FileFacts>> {
  const contents: Record<string, FileFacts> = {}
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name === INPUTS || entry.name === CONTENTS) continue
    const file = join(dir, entry.name)
    const { size, mtimeMs } = await stat(file)
    contents[entry.name] = { size, mtimeMs, sha256: await sha256Of(file) }
  }
  return contents
}

/**
 * The first file of an entry that is not what was put there. Read again only where size or time differ: most starts
 * read nothing.
 */
async function damagedFile(dir: string): Promise<string | undefined> {
  const list = join(dir, CONTENTS)
  // Entries of the first version had no list.
  if (!existsSync(list)) return undefined
  const contents = JSON.parse(await readFile(list, 'utf8')) as Record<string, FileFacts>
  for (const [name, { size, mtimeMs, sha256 }] of Object.entries(contents)) {
    const file = join(dir, name)
    const now = await stat(file).catch(() => undefined)
    if (now?.size === size && (now.mtimeMs === mtimeMs || (await sha256Of(file)) === sha256)) continue
    return name
  }
  return undefined
}

/** Pruning goes by this time (cache-limit). Of an entry that is gone there is nothing to say. */
async function touch(dir: string): Promise<void> {
  const now = new Date()
  await utimes(join(dir, INPUTS), now, now).catch(() => undefined)
}

export class Store {
  readonly root: string
  /** Directories of the entries that were handed out. */
  readonly #used = new Set<string>()
  readonly #leases: Leases
  readonly #onDamage: (what: string, file: string) => void

  /**
   * @param onDamage is told which entry (kind and fingerprint) is thrown away, and which of its files is not what was
   * put there
   */
  constructor(root: string, onDamage: (what: string, file: string) => void = () => undefined) {
    this.root = root
    this.#leases = new Leases(root)
    this.#onDamage = onDamage
  }

  #dir(kind: string, fingerprint: Fingerprint): string {
    return join(this.root, kind, fingerprint.slice(0, 32))
  }

  /** The entry, if it is there and whole. As long as this process lives, pruning leaves it where it is. */
  async get(kind: string, fingerprint: Fingerprint): Promise<StoredEntry | undefined> {
    const dir = this.#dir(kind, fingerprint)
    await this.#leases.take(dir)
    // Asked first: an entry that another process puts here from now on is whole.
    if (!existsSync(dir)) return undefined
    let damaged: string | undefined
    try {
      const inputs = JSON.parse(await readFile(join(dir, INPUTS), 'utf8')) as Inputs
      damaged = await damagedFile(dir)
      if (damaged === undefined) {
        this.#used.add(dir)
        await touch(dir)
        return { dir, inputs }
      }
    } catch {
      damaged = `${INPUTS} or ${CONTENTS}`
    }
    // Somebody damaged it from outside, or the host lost power: build it again, and say so.
    this.#onDamage(join(kind, fingerprint.slice(0, 32)), damaged)
    await removeAside(dir)
    return undefined
  }

  /** Lets `write` fill a new directory and puts it in place. If somebody else was faster, theirs stays. */
  async put(
    kind: string,
    fingerprint: Fingerprint,
    inputs: Inputs,
    write: (dir: string) => Promise<void>,
  ): Promise<StoredEntry> {
    const dir = this.#dir(kind, fingerprint)
    const partial = partialIn(join(this.root, kind))
    const removed = removeAtForcedEnd(partial)
    try {
      makeDirectory(partial)
      using _alive = keepBeating(partial)
      await write(partial)
      await writeFile(join(partial, CONTENTS), `${JSON.stringify(await contentsOf(partial), null, 1)}\n`)
      await writeFile(join(partial, INPUTS), `${JSON.stringify(inputs, null, 1)}\n`)
      await this.#leases.take(dir)
      await rename(partial, dir).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
      })
      this.#used.add(dir)
      return { dir, inputs }
    } catch (error) {
      throw diskFailure(error, `cache ${this.root}`, this.root)
    } finally {
      await rm(partial, { recursive: true, force: true })
      removed()
    }
  }

  /**
   * Says of all entries that were handed out that they are in use still: to be called now and then by what goes on for
   * long.
   */
  async renew(): Promise<void> {
    for (const dir of this.#used) await touch(dir)
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
    if (!best) return undefined
    await this.#leases.take(best.entry.dir)
    // It may have gone while we looked at the others.
    return existsSync(join(best.entry.dir, INPUTS)) ? best.entry : undefined
  }
}
