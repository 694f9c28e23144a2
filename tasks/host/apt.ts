/**
 * The host's package manager: which packages hold the tools we need, and the Debian mirror that it is configured with
 * (none is written down here).
 */
import { labError } from '../engine/error.ts'
import { has, run } from './sh.ts'
import { unavailable } from './download.ts'

/** Of what apt is configured with: it takes a third of a second to say so, and one command asks many times. */
let targets: readonly (readonly string[])[] | undefined

/** The indexes that the host's apt is configured with: address, origin, suite and release of each; none without apt. */
export async function indexTargets(signal: AbortSignal): Promise<readonly (readonly string[])[]> {
  if (targets !== undefined) return targets
  if (!(await has('apt-get'))) return []
  const format = '$(REPO_URI) $(ORIGIN) $(SUITE) $(RELEASE)'
  const argv = ['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']
  const { stdout } = await run(argv, { signal, accept: [0, 100] })
  targets = stdout.split('\n').map((line) => line.split(' '))
  return targets
}

/**
 * A Debian mirror's base URI, with a slash at its end: LAB_DEBIAN_MIRROR, or the one that apt has for this Debian
 * release.
 */
export async function debianMirror(signal: AbortSignal): Promise<string> {
  const own = process.env['LAB_DEBIAN_MIRROR']
  if (own) return own.endsWith('/') ? own : `${own}/`
  const rows = await indexTargets(signal)
  // Security and updates live below other addresses; the main archive's label is plain "Debian" and its release has no
  // dash.
  const main = rows.find(([uri, origin, , release]) => uri && origin === 'Debian' && release && !/-|\//.test(release))
  if (main?.[0]) return main[0]
  throw unavailable({
    place: 'Debian mirror',
    fact: 'the host has no Debian mirror configured',
    wayOut: 'set LAB_DEBIAN_MIRROR to the address of one (ending in /debian/)',
  })
}

/**
 * The command that installs packages here, as words: with sudo where we are not root. Undefined where there is no apt.
 */
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
