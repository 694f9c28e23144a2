/**
 * Step: host. What is missing is listed with the one command that installs it; nothing is installed without --yes or an
 * answer.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { step, type Context } from '../engine/context.ts'
import { labError } from '../engine/error.ts'
import { install, installCommand } from '../host/apt.ts'
import { missingRequirements, packagesOf, requirementsFor, type Requirement } from '../host/packages.ts'

/** Asks on the terminal; false if there is none. Must be called before any progress is drawn. */
async function consent(command: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // While it asks, the terminal hands Ctrl-C over as a character.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`Host packages are missing. Run\n  ${command}\nnow? [y/N] `, { signal })).trim(),
    )
  } finally {
    terminal.close()
  }
}

/**
 * Makes sure that every outside program is there, or fails with the list and the command.
 * @param also what only this lab, or this command, needs
 * @param all what every lab needs; none for a command that runs nothing
 */
export async function hostStep(
  context: Context,
  also: readonly Requirement[] = [],
  all: readonly Requirement[] = requirementsFor(process.getuid?.()),
): Promise<void> {
  const missing = missingRequirements(also, all)
  if (missing.length === 0) return
  const packages = packagesOf(missing)
  const command = await installCommand(packages)
  const shown = command?.join(' ')
  if (!command || !(context.yes || (await consent(command.join(' '), context.signal))))
    throw labError({
      place: 'host',
      reason: command ? 'needs-consent' : 'not-installed',
      fact: missing.length === 1 ? 'one requirement is missing' : `${missing.length} requirements are missing`,
      lines: missing.map(({ needs, why, package: name }) => `${needs} (${why}): package ${name}`),
      wayOut: shown
        ? `run \`${shown}\`, or pass --yes and lab runs it`
        : `install them with your package manager; on Debian and Ubuntu, as root: apt-get install -y ${packages.join(' ')}`,
    })
  await step(context, 'host packages', 'host packages', async (handle) => {
    let done = 0
    const onLine = (line: string) => {
      const unpacking = /^(Unpacking|Setting up) (\S+)/.exec(line)
      if (unpacking) handle.progress(`${(unpacking[1] ?? '').toLowerCase()} ${unpacking[2] ?? ''}`, ++done)
    }
    await install(packages, context.signal, join(context.cache, 'logs', 'host-packages.log'), onLine)
    const still = missingRequirements(also, all)
    if (still.length > 0)
      throw labError({
        place: 'host',
        fact: `still missing after the installation: ${still.map(({ needs }) => needs).join(', ')}`,
        wayOut: 'your release may use other names for these packages',
        log: join(context.cache, 'logs', 'host-packages.log'),
      })
    return { outcome: 'done', detail: packages.join(' '), value: undefined }
  })
}
