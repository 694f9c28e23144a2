/** What is in a shared directory when a run begins: the run's results follow from it, and it stays with the host. */
import { createHash } from 'node:crypto'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hashFile } from '../engine/fingerprint.ts'

export interface ShareContents {
  readonly files: number
  readonly bytes: number
  /**
   * Of a line for each file and link in the order of their paths ("755 path sha256", "link path target"); null where
   * there is too much to read before each run, or a file could not be read.
   */
  readonly sha256: string | null
}

/** About a second of reading. What is unchanged is hashed once for each command. */
const MOST = { files: 10_000, bytes: 2 ** 30 }

/** Hashes by what tells a file from another one in its place. */
const known = new Map<string, string>()

async function digestOf(file: string, { dev, ino, size, mtimeNs }: Stats): Promise<string> {
  const key = [dev, ino, size, mtimeNs].join(':')
  const hash = known.get(key) ?? (await hashFile(file))
  known.set(key, hash)
  return hash
}

interface Stats {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
}

async function lineOf(directory: string, file: string): Promise<string> {
  const name = relative(directory, file)
  const stat = await lstat(file, { bigint: true })
  if (stat.isSymbolicLink()) return `link ${name} ${await readlink(file)}\n`
  const mode = (Number(stat.mode) & 0o111) === 0 ? '644' : '755'
  // A pipe, a socket or a device says nothing that could be kept.
  const hash = stat.isFile() ? await digestOf(file, stat) : 'special'
  return `${mode} ${name} ${hash}\n`
}

/** @param directory without symbolic links */
export async function shareContents(directory: string): Promise<ShareContents> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  const sizes = await Promise.all(paths.map((path) => lstat(path).then(({ size }) => size)))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const counted = { files: paths.length, bytes }
  if (paths.length > MOST.files || bytes > MOST.bytes) return { ...counted, sha256: null }
  const digest = createHash('sha256')
  try {
    for (const path of paths) digest.update(await lineOf(directory, path))
  } catch {
    return { ...counted, sha256: null }
  }
  return { ...counted, sha256: digest.digest('hex') }
}
