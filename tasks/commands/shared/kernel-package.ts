/** A kernel's package by its name, and the lines of lab.yaml that pin it. */
import { readFile } from 'node:fs/promises'
import type { Value } from '../../config/text/add-kernel.ts'
import { suggest } from '../../config/text/suggest.ts'
import type { Context } from '../../engine/context.ts'
import { Failure, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { hostRecords } from '../../host/debian/index.ts'
import { kernelsIn } from '../../host/debian/pins.ts'
import { exactParts, type PackageRecord } from '../../linux/package-index.ts'

/** Suites whose index is looked into for a package that the host's own index does not have. */
const SUITES = ['trixie', 'bookworm', 'bullseye', 'sid']

/** A package that was found, and the index that has it: undefined for the host's own. */
interface Found {
  readonly record: PackageRecord
  readonly suite: string | undefined
  readonly all: readonly PackageRecord[] | undefined
}

/**
 * The record of a package: of the host's index, else of the suites and their security updates. @throws a user's Failure
 * with the nearest names
 */
async function find(name: string, suite: string | undefined, context: Context): Promise<Found> {
  const { cache, signal } = context
  const own = suite === undefined ? (await hostRecords(name, signal))[0] : undefined
  if (own) return { record: own, suite: undefined, all: undefined }
  const known = new Set<string>()
  const silent: string[] = []
  for (const searched of suite === undefined ? SUITES : [suite]) {
    const all = await kernelsIn(searched, cache, signal).catch((error: unknown) => {
      // The package may be in the next one.
      if (suite !== undefined || !(error instanceof Failure) || error.kind === 'interrupted') throw error
      silent.push(`${searched} could not be reached: ${printable(error.parts.fact, 160)}`)
      return []
    })
    const [record] = all
      .filter((each) => each.package === name)
      .toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
    if (record) return { record, suite: searched, all }
    for (const each of all) if (/^linux-(?:image|source)-/.test(each.package)) known.add(each.package)
  }
  const meant = suggest(name, [...known])
  throw userError({
    place: 'lab kernels add',
    lines: silent,
    fact: `there is no package ${name} in ${suite ?? `the host's index, ${SUITES.join(', ')}`}`,
    wayOut: meant === undefined ? '`apt-cache pkgnames linux-image-` lists what there is' : `did you mean ${meant}?`,
  })
}

/** The record of a package in exactly this version, of the index that has the one that was found. */
async function exactly(name: string, version: string, all: Found['all'], { signal }: Context) {
  const records = all ?? (await hostRecords(name, signal))
  return records.find((record) => record.package === name && record.version === version)
}

/**
 * The kernel that a name like linux-image-cloud-amd64 stands for: such a package has no files, and depends on today's
 * kernel in its exact version. Any other package is its own.
 */
async function behind(found: Found, context: Context): Promise<Found> {
  const { record, all } = found
  const name = exactParts(record).find((part) => part.startsWith('linux-image-') && part !== record.package)
  if (name === undefined) return found
  const kernel = await exactly(name, record.version, all, context)
  if (kernel) return { ...found, record: kernel }
  throw userError({
    place: 'lab kernels add',
    fact: `${record.package} ${record.version} stands for ${name}, which no index has in that version`,
    wayOut: `\`lab kernels add ${name}\` takes the version that there is`,
  })
}

/** The packages that a metapackage of 7.x consists of, with their hashes. */
async function partsOf(record: PackageRecord, all: Found['all'], context: Context) {
  const parts: Record<string, string> = {}
  for (const name of exactParts(record)) {
    const part = await exactly(name, record.version, all, context)
    if (part) parts[name] = part.sha256
  }
  return parts
}

/** What linux-headers-* depends on for the programs of the kernel's build system: "linux-kbuild-6.1 (>= 6.1.176-1)". */
const KBUILD = /\b(linux-kbuild-[\w.+~-]+) \(/

/**
 * The packages that a module from source is built against, with their hashes.
 * @throws a user's Failure where the index does not have all of them in the version of the kernel
 */
async function headersOf({ package: image, version }: PackageRecord, all: Found['all'], context: Context) {
  const headers: Record<string, string> = {}
  const add = async (name: string): Promise<PackageRecord> => {
    const record = await exactly(name, version, all, context)
    if (record === undefined)
      throw userError({
        place: 'lab kernels add',
        fact: `there is no package ${name} of version ${version} in the index that has ${image}`,
        wayOut: 'modules of the kernel itself need no headers: leave --headers away',
      })
    headers[name] = record.sha256
    return record
  }
  const main = await add(image.replace(/^linux-image-/, 'linux-headers-'))
  const kbuild = KBUILD.exec(main.depends)?.[1]
  for (const name of [...exactParts(main), ...(kbuild === undefined ? [] : [kbuild])]) await add(name)
  return headers
}

/** What a package of a kernel is called: other packages are refused before an index is asked. */
const PACKAGE = /^linux-(?:image|source)-[a-z0-9.+~-]+$/

/**
 * The newest package of this name, and a name for its kernel in the lab file. @throws a user's Failure with the nearest
 * names
 */
export async function findPackage(
  name: string,
  suite: string | undefined,
  context: Context,
): Promise<{ readonly found: Found; readonly name: string }> {
  if (!PACKAGE.test(name))
    throw userError({
      place: 'lab kernels add',
      fact: `${name} is not the name of a kernel's package`,
      wayOut: 'name a linux-image-* package, or linux-source-* for a kernel that is built',
    })
  const found = await behind(await find(name, suite, context), context)
  return { found, name: nameOf(found.record) }
}

/** "debian-6.1" of a prebuilt kernel, "v6.1" of one that is built. */
function nameOf(record: PackageRecord): string {
  const series = /(\d+\.\d+)/.exec(record.package)?.[1] ?? 'kernel'
  return record.package.startsWith('linux-source-') ? `v${series}` : `debian-${series}`
}

/** The codename of the host's own release. */
async function ownSuite(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? 'stable'
}

/**
 * The lines of lab.yaml that pin a package, by its version and the hashes of all its files.
 * @param withHeaders with the packages that modules from source are built against
 */
export async function declarationOf(
  { record, suite, all }: Found,
  context: Context,
  withHeaders = false,
): Promise<{ readonly [key: string]: Value }> {
  const { package: name, version, sha256 } = record
  if (name.startsWith('linux-source-'))
    return {
      source: { package: name, suite: suite ?? (await ownSuite()), version, sha256 },
      config: ['lab:base', 'lab:guest', 'lab:tracing'],
    }
  const parts = await partsOf(record, all, context)
  return {
    source: {
      prebuilt: name,
      version,
      sha256,
      ...(Object.keys(parts).length > 0 && { parts }),
      ...(withHeaders && { headers: await headersOf(record, all, context) }),
      ...(suite !== undefined && { suite }),
    },
  }
}
