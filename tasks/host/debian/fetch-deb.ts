/**
 * A package's file from wherever it can still be had: mirrors that the lab file names, the host's own, security's, the
 * archive of suites that left the mirrors, and snapshot.debian.org last. The sha256 is the proof, whoever delivers it.
 */
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../../engine/directory.ts'
import { editDistance } from '../../engine/edit-distance.ts'
import { failedBy, Failure, interrupted } from '../../engine/error.ts'
import { lock } from '../../engine/lock.ts'
import { aptReason } from '../../engine/outside-words.ts'
import { printable } from '../../engine/printable.ts'
import { diskFailure, isDiskFailure } from '../../engine/disk.ts'
import { suiteOfKernel } from '../../linux/debian-releases.ts'
import { download, unavailable, verify } from '../download.ts'
import { deepest } from '../first-answer.ts'
import { run } from '../sh.ts'
import { APT_HELPER, uriOf } from './apt-helper.ts'
import { debName, poolDirectories, type Archive } from './archives.ts'
import { near, offersLike, poolFile, suiteRecords, type Offer } from './index.ts'
import { fromSnapshot } from './snapshot.ts'

export interface DebFile {
  readonly package: string
  readonly version: string
  readonly sha256: string
  /** Debian mirrors that are asked before all others. */
  readonly mirrors?: readonly string[] | undefined
  /**
   * Where in the pool the index had it when it was pinned; undefined: the host's index and the usual directories are
   * looked into.
   */
  readonly path?: string | undefined
  readonly file: string
  readonly place: string
  readonly cache: string
  readonly signal: AbortSignal
  readonly onBytes: (done: number, total: number | undefined) => void
}

/** What a try came to: the file is there, or why it is not. */
type Reason = string | undefined

const NOT_THERE = 'it does not have this version'

/** Gets a file by apt, with its proxies and certificates. */
async function byApt(uri: string, to: string, { signal, place, onBytes }: DebFile): Promise<Reason> {
  const watch = setInterval(() => {
    void stat(to).then(
      ({ size }) => onBytes(size, undefined),
      () => undefined,
    )
  }, 300)
  try {
    await run([...APT_HELPER, uri, to], { signal, place })
    return undefined
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'lab' || isDiskFailure(error)) throw error
    const reason = aptReason(error.parts.lines ?? [])
    return reason?.startsWith('404') ? NOT_THERE : printable(reason ?? error.parts.fact, 160)
  } finally {
    clearInterval(watch)
  }
}

/** Verifies what came; the reason where it is another file. */
async function whole(partial: string, deb: DebFile, from: string, wrong: Failure[]): Promise<Reason> {
  try {
    await verify(partial, deb.sha256, deb.place, from)
    await rename(partial, deb.file)
    return undefined
  } catch (error) {
    if (!failedBy(error, 'wrong-bytes')) throw error
    wrong.push(error)
    return 'it delivers another file (wrong sha256)'
  }
}

/**
 * Where an archive has a file that another one has at `path`: what security publishes stands below pool/updates, until
 * a point release takes it.
 */
function pathIn(archive: Archive['name'], path: string): string {
  const plain = path.replace(/^pool\/updates\//, 'pool/')
  return archive === 'security' ? plain.replace(/^pool\//, 'pool/updates/') : plain
}

/** Tries the places of one archive in which the file may be. @param path what the host's index, or a lock, says */
async function fromPool(archive: Archive, deb: DebFile, wrong: Failure[], path: string | undefined): Promise<Reason> {
  const name = debName(deb.package, deb.version)
  const listed = path === undefined ? [] : [pathIn(archive.name, path)]
  // The directories are those of kernels. A pinned path says already where a package of any kind is.
  const guesses =
    deb.path === undefined ? poolDirectories(deb.package, archive.name).map((dir) => `${dir}/${name}`) : []
  let reason: Reason = NOT_THERE
  for (const file of new Set([...listed, ...guesses])) {
    const partial = `${deb.file}.apt`
    await rm(partial, { force: true })
    const uri = uriOf(archive.base, file)
    reason = await byApt(uri, partial, deb)
    if (reason === undefined) return await whole(partial, deb, uri, wrong)
    // An archive that does not answer has no other path either.
    if (reason !== NOT_THERE) return reason
  }
  return reason
}

async function fromSnapshotAlone(archive: Archive, deb: DebFile, wrong: Failure[]): Promise<Reason> {
  const { signal, cache, place } = deb
  const partial = `${deb.file}.snapshot`
  await using _lock = await lock(join(cache, 'locks', 'snapshot'), signal, () => undefined)
  try {
    await fromSnapshot(archive.base, deb.package, deb.version, partial, signal)
  } catch (error) {
    if (signal.aborted) throw interrupted()
    const failure = diskFailure(error, place)
    if (failure instanceof Failure) throw failure
    return printable(deepest(error), 160)
  }
  return await whole(partial, deb, `${archive.base}file`, wrong)
}

async function fromMirrors(deb: DebFile, wrong: Failure[], reasons: string[]): Promise<boolean> {
  const { mirrors = [], file, sha256, place, signal, cache, onBytes } = deb
  if (mirrors.length === 0) return false
  const name = debName(deb.package, deb.version)
  const urls = mirrors.flatMap((mirror) =>
    poolDirectories(deb.package, 'archive').map((dir) => `${mirror.replace(/\/?$/, '/')}${dir}/${name}`),
  )
  try {
    await download({ urls, sha256, file, place, signal, cache, onBytes })
    return true
  } catch (error) {
    if (!(error instanceof Failure) || isDiskFailure(error) || error.kind === 'interrupted') throw error
    if (error.reason !== 'unavailable') wrong.push(error)
    reasons.push(...(error.parts.lines ?? []))
    return false
  }
}

/**
 * Kernels of the same kind that can be had: by the host's index, else by that of the kernel's suite in the main
 * archive.
 */
async function instead({ package: name, path, cache, signal }: DebFile, from: readonly Archive[]): Promise<Offer[]> {
  // A package of an image: its suite is not the host's, and whoever asks for it knows that.
  if (path !== undefined) return []
  const offers = await offersLike(name, signal)
  const main = from.find((component) => component.name === 'main')
  if (offers.length > 0 || main === undefined) return offers
  try {
    return near(name, await suiteRecords(suiteOfKernel(name), cache, signal, main.base))
  } catch (error) {
    if (!(error instanceof Failure) || error.kind === 'interrupted') throw error
    return []
  }
}

/** Two names that differ by so many letters are probably meant to be the same. */
const MISTYPED = 2

/** What to do where no archive has a version: correct a mistype, or take another kernel. */
function wayOutOf(deb: Pick<DebFile, 'package' | 'version'>, offers: readonly Offer[]): string {
  const [newest] = offers
  if (newest === undefined) return 'is version or name misspelt? `mirrors:` and LAB_DEBIAN_MIRROR name further places'
  const apart = (offer: Offer) => editDistance(offer.package, deb.package) + editDistance(offer.version, deb.version)
  const [nearest] = offers.toSorted((a, b) => apart(a) - apart(b))
  if (nearest !== undefined && apart(nearest) <= MISTYPED)
    return `did you mean ${nearest.package} ${nearest.version}? \`lab kernels add ${nearest.package}\` writes the lines of the newest version`
  return `\`lab kernels add ${newest.package}\` writes the lines of one that is there. It is another kernel: its runs are of another definition, and are not pooled with the earlier ones`
}

/**
 * Makes sure that the file is there and has its checksum.
 * @param from archives in the order in which they are asked (`archives`)
 * @throws Failure (unavailable) with each archive's reason and what there is instead; (wrong-bytes) where all that came
 * was another file
 */
export async function fetchDeb(deb: DebFile, from: readonly Archive[]): Promise<void> {
  const { package: name, version, file, place, signal } = deb
  makeDirectory(dirname(file))
  const reasons: string[] = []
  const wrong: Failure[] = []
  if (await fromMirrors(deb, wrong, reasons)) return
  const path = deb.path ?? (await poolFile(name, version, signal))
  for (const archive of from) {
    const reason =
      archive.name === 'snapshot'
        ? await fromSnapshotAlone(archive, deb, wrong)
        : await fromPool(archive, deb, wrong, path)
    if (reason === undefined) return
    reasons.push(`${archive.name} (${archive.base}): ${reason}`)
  }
  const [first] = wrong
  if (first)
    throw new Failure(
      first.kind,
      { ...first.parts, lines: [...(first.parts.lines ?? []), ...reasons] },
      { cause: first },
    )
  const offers = await instead(deb, from)
  throw unavailable({
    place,
    fact: `no archive delivers ${name} ${version}`,
    lines: [...reasons, ...offers.slice(0, 5).map((offer) => `there is ${offer.package} ${offer.version}`)],
    wayOut: wayOutOf(deb, offers),
  })
}
