/**
 * What Debian's indexes say of packages: those that the host's apt has, and those of another suite, verified with the
 * archive's keys.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { editDistance } from '../../engine/edit-distance.ts'
import { labError } from '../../engine/error.ts'
import { hashFile } from '../../engine/fingerprint.ts'
import { lock } from '../../engine/lock.ts'
import { processTag } from '../../engine/process.ts'
import { parseRecords, type PackageRecord } from '../../linux/package-index.ts'
import { debianMirror } from '../apt.ts'
import { has, run } from '../sh.ts'
import { APT_HELPER } from './apt-helper.ts'
import { signedHash } from './signed-index.ts'

/** An index is fetched again after this long. Milliseconds. */
const FRESH = 24 * 3_600_000

/** The records of a package in the host's own index, the newest first; all versions that it has. */
export async function hostRecords(name: string, signal: AbortSignal): Promise<PackageRecord[]> {
  if (!(await has('apt-cache'))) return []
  const { stdout } = await run(['apt-cache', 'show', '--', name], { signal, accept: [0, 100] })
  return parseRecords(stdout).filter((record) => record.package === name)
}

/** Where in the pool a version of a package is, as the host's index says; undefined where it does not have it. */
export async function poolFile(name: string, version: string, signal: AbortSignal): Promise<string | undefined> {
  return (await hostRecords(name, signal)).find((record) => record.version === version)?.filename
}

export interface Offer {
  readonly package: string
  readonly version: string
}

/** Letters by which a mistyped name differs from the one that was meant. */
const SLIP = 2

/** What makes two kernel packages of one kind: the series, and what follows the ABI's number. */
const kindOf = (name: string): string => name.replace(/(\d+\.\d+)[\d.]*(?:-\d+)?(?:\+deb\d+)?/, '$1*')

const newestFirst = <T extends Offer>(offers: readonly T[]): T[] =>
  offers.toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))

/** Those of the same series and flavour, the newest first. */
export const alike = <T extends Offer>(name: string, offers: readonly T[]): T[] =>
  newestFirst(offers.filter((offer) => kindOf(offer.package) === kindOf(name)))

/** The names of the same series and flavour; if there is none, those that differ by a slip of the keyboard. */
function nearNames(name: string, all: readonly string[]): string[] {
  const same = all.filter((other) => kindOf(other) === kindOf(name))
  return same.length > 0 ? same : all.filter((other) => editDistance(other, name, SLIP) <= SLIP)
}

/** As `alike`; if there is none, those whose names differ by a slip of the keyboard. */
export function near<T extends Offer>(name: string, offers: readonly T[]): T[] {
  const names = new Set(
    nearNames(
      name,
      offers.map((offer) => offer.package),
    ),
  )
  return newestFirst(offers.filter((offer) => names.has(offer.package)))
}

/** Packages of the host's index that may have been meant, the newest first (`near`). */
export async function offersLike(name: string, signal: AbortSignal): Promise<Offer[]> {
  if (!(await has('apt-cache'))) return []
  const prefix = /^linux-[a-z-]+/.exec(name)?.[0] ?? name
  const { stdout } = await run(['apt-cache', 'pkgnames', prefix], { signal, accept: [0, 100] })
  const names = nearNames(
    name,
    stdout.split('\n').filter((line) => line !== ''),
  )
  if (names.length === 0) return []
  const { stdout: table } = await run(['apt-cache', 'madison', '--', ...names.slice(0, 40)], {
    signal,
    accept: [0, 100],
  })
  const offers = table.split('\n').flatMap((line) => {
    const [, found, version] = /^\s*(\S+) \| (\S+) \| .*Packages\s*$/.exec(line) ?? []
    return found !== undefined && version !== undefined ? [{ package: found, version }] : []
  })
  const unique = new Map(offers.map((offer) => [`${offer.package} ${offer.version}`, offer]))
  return near(name, [...unique.values()])
}

/** Gets a file of an archive by apt, with its proxies. */
async function get(base: string, path: string, to: string, signal: AbortSignal, place: string): Promise<void> {
  await run([...APT_HELPER, `${base}${path}`, to], {
    signal,
    place,
    wayOut: 'does the mirror have this suite? LAB_DEBIAN_MIRROR names another one',
  })
}

/**
 * The kernels of a suite for amd64, as an archive has them now. @param base of the archive; undefined: the mirror of
 * the host's apt
 */
export async function suiteRecords(
  suite: string,
  cache: string,
  signal: AbortSignal,
  base?: string,
): Promise<PackageRecord[]> {
  const file = await suiteFile(suite, cache, signal, base)
  // An index has 50 MB, of which 300 kB are about kernels.
  const kernels = `${file}.kernels`
  const [whole, part] = await Promise.all([file, kernels].map((path) => stat(path).catch(() => ({ mtimeMs: 0 }))))
  if (whole && part && part.mtimeMs >= whole.mtimeMs) return parseRecords(await readFile(kernels, 'utf8'))
  const records = (await readFile(file, 'utf8')).split(/\n\n+/).filter((record) => /^Package: linux-/m.test(record))
  const text = `${records.join('\n\n')}\n`
  const partial = `${kernels}.${processTag()}-${randomBytes(4).toString('hex')}`
  await writeFile(partial, text)
  await rename(partial, kernels)
  return parseRecords(text)
}

/** The versions that a suite has of some packages, by their names. */
export async function suiteVersions(
  suite: string,
  names: readonly string[],
  cache: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const wanted = new Set(names)
  const versions = new Map<string, string>()
  for (const record of (await readFile(await suiteFile(suite, cache, signal), 'utf8')).split(/\n\n+/)) {
    const name = /^Package: (.*)$/m.exec(record)?.[1] ?? ''
    const version = /^Version: (.*)$/m.exec(record)?.[1]
    if (wanted.has(name) && version !== undefined) versions.set(name, version)
  }
  return versions
}

/**
 * The index of a suite's packages for amd64, as a file of the cache: at most a day old, verified with the keys of the
 * archive.
 */
export async function suiteFile(suite: string, cache: string, signal: AbortSignal, from?: string): Promise<string> {
  const place = `suite ${suite}${from === undefined ? '' : ` of ${from}`}`
  const dir = join(cache, 'indexes')
  const file = join(dir, `${suite}.Packages`)
  const age = Date.now() - (await stat(file).catch(() => ({ mtimeMs: 0 }))).mtimeMs
  if (existsSync(file) && age < FRESH) return file
  await using _lock = await lock(join(cache, 'locks', `index-${suite}`), signal, () => undefined)
  const base = from ?? (await debianMirror(signal))
  await mkdir(dir, { recursive: true })
  const [release, packed] = [`${file}.InRelease`, `${file}.xz`]
  const name = 'main/binary-amd64/Packages.xz'
  try {
    await get(base, `dists/${suite}/InRelease`, release, signal, place)
    const hash = await signedHash(release, name, place, Date.now(), signal)
    await get(base, `dists/${suite}/${name}`, packed, signal, place)
    if ((await hashFile(packed)) !== hash)
      throw labError({
        place,
        fact: 'its index is not the one that was signed',
        wayOut: 'the mirror may be updating: try again',
      })
    await run(['xz', '--decompress', '--stdout', packed], { signal, place, stdoutFile: `${file}.new` })
    await rename(`${file}.new`, file)
    return file
  } finally {
    for (const path of [release, packed, `${file}.new`]) await rm(path, { force: true })
  }
}
