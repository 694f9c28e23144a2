/** Debian's archives in the order in which a package is looked for, and where in them it is. */
import { userError } from '../../engine/error.ts'
import { debianMirror, indexTargets } from '../apt.ts'

/**
 * `main` and `security` are the host's own; `archive` keeps released suites that left the mirrors, `snapshot`
 * everything there ever was.
 */
export interface Archive {
  readonly name: 'main' | 'security' | 'archive' | 'snapshot'
  /** With a slash at its end. */
  readonly base: string
}

/** Addresses that the environment may replace, by the archive's name. */
const DEFAULTS = {
  archive: ['LAB_DEBIAN_ARCHIVE', 'http://archive.debian.org/debian/'],
  snapshot: ['LAB_DEBIAN_SNAPSHOT', 'https://snapshot.debian.org/'],
} as const

const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`)

function known(name: keyof typeof DEFAULTS): Archive {
  const [variable, address] = DEFAULTS[name]
  const own = process.env[variable]
  if (own !== undefined && own !== '' && !/^https?:\/\//.test(own))
    throw userError({ place: variable, fact: 'it is not an http address', wayOut: `for example ${address}` })
  return { name, base: withSlash(own || address) }
}

/** The address from which the host's apt has security updates; undefined where it has none. */
async function securityMirror(signal: AbortSignal): Promise<string | undefined> {
  const own = process.env['LAB_DEBIAN_SECURITY']
  if (own) return withSlash(own)
  const rows = await indexTargets(signal)
  return rows.find(([, origin, , release = '']) => origin === 'Debian' && release.endsWith('-security'))?.[0]
}

/** All archives, in the order in which they are asked. */
export async function archives(signal: AbortSignal): Promise<Archive[]> {
  const security = await securityMirror(signal)
  return [
    { name: 'main', base: await debianMirror(signal) },
    ...(security === undefined ? [] : [{ name: 'security' as const, base: security }]),
    known('archive'),
    known('snapshot'),
  ]
}

const withoutEpoch = (version: string): string => version.replace(/^\d+:/, '')

/** Architecture in the name of a package's file. */
const architectureOf = (name: string): string => (/amd64/.test(name) ? 'amd64' : 'all')

/** Name of a package's file. */
export const debName = (name: string, version: string): string =>
  `${name}_${withoutEpoch(version)}_${architectureOf(name)}.deb`

/**
 * Directories of the pool that may have a kernel's package: it is sorted by source package. Images that are signed come
 * from linux-signed-amd64, everything else from linux; in a security archive also from a newer series' own (linux-6.1
 * in bullseye).
 */
export function poolDirectories(name: string, archive: Archive['name']): string[] {
  const signed = /^linux-(?:image|binary)-/.test(name) && !name.includes('unsigned')
  const series = /(\d+\.\d+)/.exec(name)?.[1]
  const sources = signed ? ['linux-signed-amd64', 'linux'] : ['linux']
  const backported = series === undefined ? [] : signed ? [`linux-signed-${series}-amd64`] : [`linux-${series}`]
  const pool = archive === 'security' ? 'pool/updates/main/l' : 'pool/main/l'
  return [...sources, ...(archive === 'main' ? [] : backported)].map((source) => `${pool}/${source}`)
}
