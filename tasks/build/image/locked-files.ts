/** The .debs that a lock names, fetched from wherever they can still be had and made into an archive on this host. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context, StepHandle } from '../../engine/context.ts'
import { failedBy, Failure, labError } from '../../engine/error.ts'
import { processTag } from '../../engine/process.ts'
import { archives } from '../../host/debian/archives.ts'
import { fetchMany } from '../../host/debian/fetch-many.ts'
import { writeLocalArchive, type LocalPackage } from '../../host/debian/local-archive.ts'
import { suiteVersions } from '../../host/debian/index.ts'
import type { LockedFile } from '../../linux/package-list.ts'
import { fetchArchive, fetchedFile, SOURCES, type Fetched } from '../fetched.ts'

/** Packages that are fetched at a time. */
const AT_ONCE = 4
/** Packages that a failure names. */
const MOST_LINES = 8

export const fetchedPackage = ({ name, version, sha256, filename }: LockedFile): Fetched => ({
  package: name,
  version,
  sha256,
  path: filename,
})

/** What the suite has now instead of packages that are gone; nothing where its index cannot be had either. */
async function instead(gone: readonly LockedFile[], suite: string, context: Context): Promise<Map<string, string>> {
  try {
    return await suiteVersions(
      suite,
      gone.map(({ name }) => name),
      context.cache,
      context.signal,
    )
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return new Map()
  }
}

/** What the first archive still has of them, which is nearly always all, at once; the rest is looked for one by one. */
async function fromMain(packages: readonly LockedFile[], context: Context, handle: StepHandle): Promise<void> {
  const { cache, signal } = context
  const missing = packages.filter((one) => !existsSync(fetchedFile(fetchedPackage(one), cache)))
  if (missing.length === 0) return
  const main = (await archives(signal)).find(({ name }) => name === 'main')
  if (main === undefined) return
  const files = missing.map((one) => ({
    path: one.filename,
    sha256: one.sha256,
    file: fetchedFile(fetchedPackage(one), cache),
  }))
  const scratch = join(cache, SOURCES, `.many-${processTag()}-${randomBytes(4).toString('hex')}`)
  await fetchMany(main.base, files, scratch, signal, (done) =>
    handle.progress('fetch the packages', done, files.length),
  )
}

/**
 * Makes sure that all files are in the cache.
 * @throws a lab's Failure that names every package which no archive has, and what the suite has instead
 */
export async function fetchLocked(
  packages: readonly LockedFile[],
  suite: string,
  place: string,
  context: Context,
  handle: StepHandle,
): Promise<LocalPackage[]> {
  await fromMain(packages, context, handle)
  const found: LocalPackage[] = []
  const gone: { wanted: LockedFile; failure: Failure }[] = []
  const waiting = [...packages]
  // The progress of one file among many says nothing.
  const quiet: StepHandle = { ...handle, progress: () => undefined }
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      try {
        found.push({ ...next, file: await fetchArchive(fetchedPackage(next), context, place, quiet) })
      } catch (error) {
        if (!failedBy(error, 'unavailable')) throw error
        gone.push({ wanted: next, failure: error })
      }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const [first] = gone
  if (first === undefined) return found
  const now = await instead(
    gone.map(({ wanted }) => wanted),
    suite,
    context,
  )
  const lines = gone.map(
    ({ wanted: { name, version } }) => `${name}: locked ${version}, ${suite} has ${now.get(name) ?? 'none'}`,
  )
  throw labError(
    {
      place,
      fact: `${gone.length} of ${packages.length} packages of lab.lock are no longer available`,
      lines: [
        ...lines.slice(0, MOST_LINES),
        ...(lines.length > MOST_LINES ? [`... and ${lines.length - MOST_LINES} more`] : []),
        ...(first.failure.parts.lines ?? []),
      ],
      wayOut:
        '`lab lock` takes the current versions, which makes another image; a pack that was exported with --with-inputs brings its packages along',
    },
    first.failure,
  )
}

/** An archive of exactly these packages, for the bootstrap of an image. @param dir absolute */
export async function lockedArchive(
  packages: readonly LockedFile[],
  suite: string,
  dir: string,
  place: string,
  context: Context,
  handle: StepHandle,
): Promise<void> {
  const files = await fetchLocked(packages, suite, place, context, handle)
  await mkdir(dir, { recursive: true, mode: 0o755 })
  // By name, as the lock has them: the index has to be the same each time.
  const sorted = files.toSorted(
    (a, b) => packages.findIndex((one) => one.name === a.name) - packages.findIndex((one) => one.name === b.name),
  )
  await writeLocalArchive(dir, suite, sorted, place, context.signal)
}
