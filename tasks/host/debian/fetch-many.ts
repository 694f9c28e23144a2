/** Many packages' files from one archive with one connection. */
import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../../engine/directory.ts'
import { hashFile } from '../../engine/fingerprint.ts'
import { removeAtForcedEnd } from '../../engine/interruption.ts'
import { run } from '../sh.ts'
import { APT_HELPER, uriOf } from './apt-helper.ts'

export interface PoolFile {
  /** Below the archive's address. */
  readonly path: string
  readonly sha256: string
  /** Where it goes. */
  readonly file: string
}

/** How often the number of files is looked at. Milliseconds. */
const LOOK = 300

/**
 * Fetches what an archive has of these files. What it does not have, or has with other contents, is left to the caller
 * (fetch-deb.ts), who also says why.
 * @param scratch a directory that is made for this and removed, on the file system of the files
 */
export async function fetchMany(
  base: string,
  files: readonly PoolFile[],
  scratch: string,
  signal: AbortSignal,
  onFiles: (done: number) => void,
): Promise<void> {
  const removed = removeAtForcedEnd(scratch)
  makeDirectory(scratch)
  const look = setInterval(() => {
    void readdir(scratch).then(
      (names) => onFiles(names.length),
      () => undefined,
    )
  }, LOOK)
  try {
    const words = files.flatMap(({ path, sha256 }) => [uriOf(base, path), join(scratch, sha256), `SHA256:${sha256}`])
    // 100: one of them could not be had; the others are there.
    await run([...APT_HELPER, ...words], { signal, accept: [0, 100] })
    const there = new Set(await readdir(scratch))
    for (const { sha256, file } of files)
      if (there.has(sha256) && (await hashFile(join(scratch, sha256))) === sha256)
        await rename(join(scratch, sha256), file)
  } finally {
    clearInterval(look)
    await rm(scratch, { recursive: true, force: true })
    removed()
  }
}
