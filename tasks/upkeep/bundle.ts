/** `lab doctor --bundle`: one file for whoever helps with a failure. Every text in it passes the redactor. */
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { arch, release } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { later } from '../engine/later.ts'
import { beside } from '../engine/beside.ts'
import { commandLogs, LARGEST_LOG } from '../engine/command-log.ts'
import type { Context } from '../engine/context.ts'
import { ownVersion } from '../engine/own-version.ts'
import { toolsUsed } from '../host/tools-used.ts'
import type { Finding } from './doctor/finding.ts'
import { redactor, secretsOf } from './redact.ts'

const tarStream = later<typeof import('tar-stream')>('tar-stream')

export interface BundleParts {
  readonly findings: readonly Finding[]
  /** Directories with logs of commands, by what the bundle calls them. */
  readonly logs: Readonly<Record<string, string>>
  readonly labFile: string | undefined
  /** Directories that are not named in the bundle, and what stands for them. */
  readonly places: Readonly<Record<string, string>>
}

const README = `What \`lab doctor --bundle\` packed, for a bug report:

  doctor.json     what lab doctor found on the host
  versions.json   lab, Node, Linux, distribution, tools
  lab.yaml        the lab file, where there is one
  logs/           the last commands: their events, outside programs, failures
  cache-logs/     the same of commands outside of any lab

Private keys, tokens, passwords in URLs and in the environment, e-mail addresses,
home directories and the names of the user and of the host were replaced. A secret
that has no known form is not found: look through these files before you send them.
`

async function versions({ cache, signal }: Context): Promise<Record<string, unknown>> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return {
    lab: ownVersion(),
    node: process.version,
    linux: release(),
    machine: arch(),
    distribution: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? null,
    tools: await toolsUsed(cache, signal),
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Name -> text of every file, before anything is taken out. */
async function contents({ findings, logs, labFile }: BundleParts, context: Context): Promise<Map<string, string>> {
  const files = new Map([
    ['README.txt', README],
    ['doctor.json', json({ findings })],
    ['versions.json', json(await versions(context))],
  ])
  if (labFile !== undefined) {
    // A lab file that cannot be read is something to report, not a reason to report nothing.
    const text = await readFile(labFile, 'utf8').catch((error: unknown) => `# it could not be read: ${String(error)}\n`)
    files.set('lab.yaml', text)
  }
  for (const [name, dir] of Object.entries(logs))
    for (const log of commandLogs(dir)) {
      const text = await readFile(join(dir, log), 'utf8').catch(() => undefined)
      // Logs that another process removes meanwhile, and files that only have the name of one.
      if (text !== undefined && text.length <= LARGEST_LOG) files.set(`${name}/${log}`, text)
    }
  return files
}

/**
 * Packs everything into a tar.gz file.
 * @returns the names of the files in it
 * @throws Failure (user) for a place that cannot be written, (lab) for a full disk
 */
export async function writeBundle(file: string, parts: BundleParts, context: Context): Promise<string[]> {
  const redact = redactor(secretsOf(process.env, parts.places))
  const files = await contents(parts, context)
  const write = async (partial: string) => {
    const archive = tarStream().pack()
    for (const [name, text] of files) archive.entry({ name, mode: 0o644 }, redact(text))
    archive.finalize()
    await pipeline(archive, createGzip(), createWriteStream(partial))
  }
  await beside(context.cache, file, write, context.signal)
  return [...files.keys()]
}
