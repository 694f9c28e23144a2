/** Entries in a directory that this host can see. */
import { existsSync } from 'node:fs'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotWrite } from '../../engine/beside.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { noteDisk, pathOfError } from '../../engine/disk.ts'
import { codeOf, Failure, labError, messageOf, userError } from '../../engine/error.ts'
import { removeAtForcedEnd } from '../../engine/interruption.ts'
import { printable } from '../../engine/printable.ts'
import { partialName, type ListedFile, type Place } from './place.ts'

/** The failure of a directory that cannot be written or is full; any other error as it is. */
const writeFailure = (error: unknown, dir: string): unknown =>
  error instanceof Failure ? error : cannotWrite(error, dir)

export class DirectoryPlace implements Place {
  readonly name: string

  /** @param dir absolute */
  constructor(dir: string) {
    this.name = dir
    noteDisk('output', dir)
  }

  async list(): Promise<readonly ListedFile[] | undefined> {
    try {
      const files: ListedFile[] = []
      for (const entry of await readdir(this.name, { withFileTypes: true }))
        if (entry.isFile()) files.push({ name: entry.name, size: (await lstat(join(this.name, entry.name))).size })
      return files
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      const fact = codeOf(error) === 'ENOTDIR' ? 'it is not a directory' : printable(messageOf(error), 200)
      throw userError({ place: printable(this.name, 300), fact, wayOut: 'name a directory that you can read' }, error)
    }
  }

  async read<T>(names: readonly string[], use: (files: readonly string[]) => Promise<T>): Promise<T> {
    const files = names.map((name) => join(this.name, name))
    try {
      return await use(files)
    } catch (error) {
      const path = pathOfError(error)
      if (error instanceof Failure || path === undefined || !files.includes(path)) throw error
      throw labError(
        {
          place: printable(path, 300),
          fact: `it cannot be read: ${printable(messageOf(error), 200)}`,
          wayOut: 'see whether it is still there and whether you may read it',
        },
        error,
      )
    }
  }

  async write(name: string, fill: (file: string) => Promise<void>, check: (file: string) => Promise<void>) {
    const partial = join(this.name, partialName())
    try {
      makeDirectory(this.name)
    } catch (error) {
      throw writeFailure(error, this.name)
    }
    const removed = removeAtForcedEnd(partial)
    try {
      await fill(partial)
      await check(partial)
      await rename(partial, join(this.name, name))
    } catch (error) {
      throw writeFailure(error, this.name)
    } finally {
      if (existsSync(partial)) await rm(partial, { force: true }).catch(() => undefined)
      removed()
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    // Somebody else's file may not be ours to remove; it does no harm.
    for (const name of names) await rm(join(this.name, name), { force: true }).catch(() => undefined)
  }
}
