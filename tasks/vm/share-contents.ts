/** What is in a shared directory when a run begins: the run's results follow from it, and it stays with the host. */
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readdir, readlink, type FileHandle } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../engine/error.ts'

export interface ShareContents {
  readonly files: number
  readonly bytes: number
  /**
   * Of a line of JSON for each file and link in the order of their paths (["755", path, sha256], ["link", path,
   * target]); null where there is too much to read before each run, or a file could not be read.
   */
  readonly sha256: string | null
}

/** About a second of reading. What is unchanged is hashed once for each command. */
const MOST = { files: 10_000, bytes: 2 ** 30 }

/**
 * Hashes by what tells a file from another one in its place, and from itself before a change: the time of the last
 * change (ctime) cannot be set, as that of the text (mtime) can.
 */
const known = new Map<string, string>()

/** The hash of so many bytes and no more: somebody may be writing to the file. */
async function hashOf(handle: FileHandle, size: number): Promise<string> {
  const hash = createHash('sha256')
  if (size > 0) await pipeline(handle.createReadStream({ autoClose: false, start: 0, end: size - 1 }), hash)
  return hash.digest('hex')
}

/**
 * A guest that may write can put something else in the place of a file after it was looked at: no link is followed, and
 * a pipe is not waited for. @throws an Error for anything but a file of a size that is read
 */
async function digestOf(file: string): Promise<string> {
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const stat = await handle.stat({ bigint: true })
  if (!stat.isFile() || stat.size > MOST.bytes) throw new Error(`${file} changed while it was read`)
  const { dev, ino, size, ctimeNs } = stat
  const key = [dev, ino, size, ctimeNs].join(':')
  const hash = known.get(key) ?? (await hashOf(handle, Number(size)))
  known.set(key, hash)
  return hash
}

/** As JSON: a name may have spaces and line ends. */
async function lineOf(directory: string, file: string): Promise<string> {
  const line = (...words: string[]) => `${JSON.stringify(words)}\n`
  const name = relative(directory, file)
  const stat = await lstat(file, { bigint: true })
  if (stat.isSymbolicLink()) return line('link', name, await readlink(file))
  const mode = (Number(stat.mode) & 0o111) === 0 ? '644' : '755'
  // A pipe, a socket or a device says nothing that could be kept.
  const hash = stat.isFile() ? await digestOf(file) : 'special'
  return line(mode, name, hash)
}

/** What was counted, with no digest, and why. */
const unread = (counted: Omit<ShareContents, 'sha256'>, why: string) => ({
  contents: { ...counted, sha256: null },
  why,
})

/** What a run records of a directory, and why there is no digest where there is none. */
export async function shareContents(
  directory: string,
): Promise<{ readonly contents: ShareContents; readonly why?: string }> {
  let counted = { files: 0, bytes: 0 }
  try {
    const entries = await readdir(directory, { withFileTypes: true, recursive: true })
    const paths = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
    const sizes = await Promise.all(paths.map((path) => lstat(path).then(({ size }) => size)))
    counted = { files: paths.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
    if (counted.files > MOST.files) return unread(counted, `it has more than ${MOST.files} files`)
    if (counted.bytes > MOST.bytes) return unread(counted, `it has more than ${MOST.bytes / 2 ** 30} GB`)
    const digest = createHash('sha256')
    for (const path of paths) digest.update(await lineOf(directory, path))
    return { contents: { ...counted, sha256: digest.digest('hex') } }
  } catch (error) {
    // A guest makes directories that nobody may read, and files come and go: neither is a reason not to run.
    return unread(counted, messageOf(error))
  }
}
