/**
 * `lab kernels`: what the lab declares, what of it is here, what the mirror has newer; `lab kernels add PACKAGE` writes
 * the lines of one.
 */
import { readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kernelFingerprint } from '../build/kernel/identity.ts'
import { isPrebuilt } from '../config/prebuilt.ts'
import type { ResolvedKernel } from '../config/resolved.ts'
import { withKernel, type Value } from '../config/text/add-kernel.ts'
import { suggest } from '../config/text/suggest.ts'
import type { Context } from '../engine/context.ts'
import { Failure, userError } from '../engine/error.ts'
import { diskFailure } from '../engine/disk.ts'
import { printable } from '../engine/printable.ts'
import { hostRecords } from '../host/debian/index.ts'
import { kernelsIn, pinStates } from '../host/debian/pins.ts'
import { pinOf } from '../upkeep/doctor/pins.ts'
import { exactParts, type PackageRecord } from '../linux/package-index.ts'
import { openApp } from './shared/app.ts'
import { kernelsText, type KernelRow } from './shared/kernels-text.ts'
import { defineCommand, type Outcome } from './command.ts'

/** Suites whose index is looked into for a package that the host's own index does not have. */
const SUITES = ['trixie', 'bookworm', 'bullseye', 'sid']

function titleOf({ source }: Pick<ResolvedKernel, 'source'>): string {
  if ('url' in source) return source.url.replace(/^.*\//, '')
  if ('git' in source) return `${source.git} ${source.ref}`
  if ('tree' in source) return source.tree
  if ('file' in source) return source.file
  return 'prebuilt' in source ? `${source.prebuilt} ${source.version}` : `${source.package} ${source.version}`
}

/**
 * Whether a kernel is in the store, or its archive in the cache. A kernel that cannot be named here (no compiler) is
 * neither.
 */
async function hereOf(kernel: ResolvedKernel, context: Context): Promise<KernelRow['here']> {
  const named = await kernelFingerprint(kernel, context).catch((error: unknown) => {
    if (error instanceof Failure && error.kind !== 'interrupted') return undefined
    throw error
  })
  if (named && (await context.store.get('kernel', named.fingerprint))) return 'ready'
  if (!('sha256' in kernel.source)) return '-'
  const prefix = `${kernel.source.sha256.slice(0, 16)}-`
  const files = await readdir(join(context.cache, 'sources')).catch((): string[] => [])
  return files.some((name) => name.startsWith(prefix) && !/\.(?:part|apt|snapshot)$/.test(name)) ? 'fetched' : '-'
}

/** "6.1.176-1" of a package, else the end of the address or path. */
const shortTitle = ({ source }: ResolvedKernel): string =>
  'version' in source ? source.version : titleOf({ source }).replace(/^.*\//, '')

async function list(kernels: readonly ResolvedKernel[], context: Context): Promise<Outcome> {
  const pinned = kernels.flatMap((kernel) => pinOf(kernel) ?? [])
  const states = await pinStates(pinned, context.cache, context.signal)
  const rows: KernelRow[] = []
  for (const kernel of kernels)
    rows.push({
      name: kernel.name,
      source: titleOf(kernel),
      version: shortTitle(kernel),
      kind: isPrebuilt(kernel.source) ? 'prebuilt' : 'built',
      here: await hereOf(kernel, context),
      mirror: pinOf(kernel) && states.shift(),
    })
  return { text: kernelsText(rows), data: { kernels: rows } }
}

/**
 * The record of a package: of the host's index, else of the suites and their security updates. @throws a user's Failure
 * with the nearest names
 */
async function find(name: string, suite: string | undefined, context: Context) {
  const { cache, signal } = context
  const own = suite === undefined ? (await hostRecords(name, signal))[0] : undefined
  if (own) return { record: own, suite: undefined, all: undefined }
  const known = new Set<string>()
  const silent: string[] = []
  for (const one of suite === undefined ? SUITES : [suite]) {
    const all = await kernelsIn(one, cache, signal).catch((error: unknown) => {
      // The package may be in the next one.
      if (suite !== undefined || !(error instanceof Failure) || error.kind === 'interrupted') throw error
      silent.push(`${one} could not be reached: ${printable(error.parts.fact, 160)}`)
      return []
    })
    const [record] = all
      .filter((each) => each.package === name)
      .toSorted((a, b) => b.version.localeCompare(a.version, 'en', { numeric: true }))
    if (record) return { record, suite: one, all }
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

/** The packages that a metapackage of 7.x consists of, with their hashes. */
async function partsOf(record: PackageRecord, all: readonly PackageRecord[] | undefined, context: Context) {
  const parts: Record<string, string> = {}
  for (const name of exactParts(record)) {
    const records = all ?? (await hostRecords(name, context.signal))
    const part = records.find((one) => one.package === name && one.version === record.version)
    if (part) parts[name] = part.sha256
  }
  return parts
}

/** "debian-6.1" of a prebuilt kernel, "v6.1" of one that is built. */
function nameOf(record: PackageRecord): string {
  const series = /(\d+\.\d+)/.exec(record.package)?.[1] ?? 'kernel'
  return record.package.startsWith('linux-source-') ? `v${series}` : `debian-${series}`
}

async function kernelOf(
  record: PackageRecord,
  suite: string | undefined,
  all: readonly PackageRecord[] | undefined,
  context: Context,
): Promise<{ readonly [key: string]: Value }> {
  const { package: name, version, sha256 } = record
  if (name.startsWith('linux-source-'))
    return {
      source: { package: name, suite: suite ?? (await ownSuite(context)), version, sha256 },
      config: ['lab:base', 'lab:guest', 'lab:tracing'],
    }
  const parts = await partsOf(record, all, context)
  return {
    source: {
      prebuilt: name,
      version,
      sha256,
      ...(Object.keys(parts).length > 0 && { parts }),
      ...(suite !== undefined && { suite }),
    },
  }
}

/** The codename of the host's own release. */
async function ownSuite({ signal }: Context): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (signal.aborted) return 'stable'
  return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? 'stable'
}

export const command = defineCommand({
  usage: 'kernels [action] [package]',
  about:
    'list the kernels of the lab: which are built, and newer versions on the mirror; add PACKAGE (linux-image-* or linux-source-*) adds one to lab.yaml',
  options: [
    ['--suite <name>', 'add: the package of this Debian suite'],
    ['--name <name>', 'add: its name in lab.yaml'],
  ],
  work: async (session, [action, name], options) => {
    const { lab, context } = openApp(session)
    if (action === undefined) return await list(Object.values(lab.kernels), context)
    if (action !== 'add' || name === undefined || !/^linux-(?:image|source)-[a-z0-9.+~-]+$/.test(name))
      throw userError({
        place: 'lab kernels',
        fact: 'it lists the kernels, or adds one',
        wayOut: '`lab kernels add linux-image-6.1.0-50-cloud-amd64`, or linux-source-6.1 for one that is built',
      })
    const { suite } = options
    const found = await find(name, suite, context)
    const kernel = await kernelOf(found.record, found.suite ?? suite, found.all, context)
    const asked = options.name ?? nameOf(found.record)
    const made = withKernel(await readFile(lab.file, 'utf8'), asked, kernel, lab.file)
    try {
      await writeFile(`${lab.file}.new`, made.text)
      await rename(`${lab.file}.new`, lab.file)
    } catch (error) {
      throw diskFailure(error, lab.file)
    }
    return {
      text: [`added kernel ${made.name} to ${lab.file}:`, ...made.added, `boot it: lab up --kernel ${made.name}`].join(
        '\n',
      ),
      data: { name: made.name, file: lab.file, kernel },
    }
  },
})
