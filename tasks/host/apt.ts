/**
 * The host's package manager: which packages hold the tools we need, and files from the Debian mirror that the host's own apt is
 * configured with (no mirror is written down here). Fetching goes through apt-helper, so proxies and certificates are apt's.
 */
import { rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeDirectory } from '../engine/directory.ts'
import { Failure, labError } from '../engine/error.ts'
import { diskFull } from '../engine/store.ts'
import { has, run } from './sh.ts'
import { Unavailable, verify } from './download.ts'

/** A Debian mirror's base URI, with a slash at its end: LAB_DEBIAN_MIRROR, or the one that apt has for this Debian release. */
export async function debianMirror(signal: AbortSignal): Promise<string> {
  const own = process.env['LAB_DEBIAN_MIRROR']
  if (own) return own.endsWith('/') ? own : `${own}/`
  const listed = (await has('apt-get'))
    ? await run(
        ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(ORIGIN) $(SUITE) $(RELEASE)', 'Created-By: Packages'],
        { signal, accept: [0, 100] },
      )
    : { stdout: '' }
  const rows = listed.stdout.split('\n').map((line) => line.split(' '))
  // Security and updates live below other addresses; the main archive's label is plain "Debian" and its release has no dash.
  const main = rows.find(([uri, origin, , release]) => uri && origin === 'Debian' && release && !/-|\//.test(release))
  if (main?.[0]) return main[0]
  throw new Unavailable({
    place: 'Debian mirror',
    fact: 'the host has no Debian mirror configured',
    wayOut: 'set LAB_DEBIAN_MIRROR to the address of one (ending in /debian/)',
  })
}

export interface DebFile {
  readonly package: string
  readonly version: string
  readonly sha256: string
  readonly file: string
  readonly place: string
  readonly signal: AbortSignal
  readonly onBytes: (done: number, total: number | undefined) => void
}

/**
 * The pool is sorted by the name of the source package. linux-source-* and their kin come from `linux`, the signed kernels of amd64 from
 * `linux-signed-amd64`.
 */
function poolPath(name: string, version: string): string {
  const signed = /^linux-(image|binary)-/.test(name) && !/unsigned/.test(name)
  const architecture = /amd64/.test(name) ? 'amd64' : 'all'
  const dir = signed ? 'linux-signed-amd64' : 'linux'
  return `pool/main/l/${dir}/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
}

/** Fetches a package file of the Debian archive and verifies it. */
export async function fetchDeb(wanted: DebFile): Promise<void> {
  const { file, place, signal, sha256 } = wanted
  const uri = `${await debianMirror(signal)}${poolPath(wanted.package, wanted.version)}`
  const partial = `${file}.apt`
  makeDirectory(dirname(file))
  const watch = setInterval(() => {
    void stat(partial).then(
      ({ size }) => wanted.onBytes(size, undefined),
      () => undefined,
    )
  }, 300)
  try {
    await run(
      [
        '/usr/lib/apt/apt-helper',
        '-o',
        'Acquire::http::Timeout=5',
        '-o',
        'Acquire::https::Timeout=5',
        '-o',
        'Acquire::Retries=0',
        'download-file',
        uri,
        partial,
      ],
      { signal, place },
    )
    await verify(partial, sha256, place, `${wanted.package} ${wanted.version}`)
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    if (!(error instanceof Failure) || error.kind !== 'lab' || error.parts.fact === diskFull(place).parts.fact)
      throw error
    const lines = error.parts.lines?.filter((line) => /^(E|Err|W):|404|Could not|failed/i.test(line)) ?? []
    throw new Unavailable({
      place,
      fact: `the mirror of the host's apt does not deliver ${wanted.package} ${wanted.version}`,
      lines,
      wayOut:
        'a point release may have replaced this version: look for the current one with `apt-cache policy` and update version and sha256; or set LAB_DEBIAN_MIRROR',
    })
  } finally {
    clearInterval(watch)
  }
}

/** The command that installs packages here, as words: with sudo where we are not root. Undefined where there is no apt. */
export async function installCommand(packages: readonly string[]): Promise<readonly string[] | undefined> {
  if (!(await has('apt-get'))) return undefined
  const command = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages]
  if (process.getuid?.() === 0) return command
  return (await has('sudo')) ? ['sudo', ...command] : undefined
}

/** Installs packages. The caller has the user's consent. */
export async function install(
  packages: readonly string[],
  signal: AbortSignal,
  log: string,
  onLine: (line: string) => void,
): Promise<void> {
  const command = await installCommand(packages)
  if (!command)
    throw labError({
      place: 'host',
      fact: 'packages are missing and there is no apt-get that we may use',
      wayOut: `install what provides: ${packages.join(' ')}`,
    })
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const update = command.slice(0, command.indexOf('install'))
  // A fresh machine has no package lists; an old list names versions that are gone from the mirror.
  await run([...update, 'update', '-qq'], { signal, log, env, accept: [0, 100] })
  await run(command, {
    signal,
    log,
    env,
    onLine,
    place: 'host packages',
    wayOut: `run it by hand: ${command.join(' ')}`,
  })
}
