/** Checks of the host's programs: are they there, and are they new enough. */
import { readFile } from 'node:fs/promises'
import { isPrebuilt } from '../../config/prebuilt.ts'
import type { ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { printable } from '../../engine/printable.ts'
import { installCommand } from '../../host/apt.ts'
import {
  KERNEL_BUILD,
  missingRequirements,
  packagesOf,
  requirementsFor,
  type Requirement,
} from '../../host/packages.ts'
import { run } from '../../host/sh.ts'
import { which } from '../../host/which.ts'
import { findingsOf, type Finding } from './finding.ts'

/** One line for all that is there, one per missing thing; the command that installs all of them stands once. */
export function toolFindings(
  all: readonly Requirement[],
  missing: readonly Requirement[],
  command: readonly string[] | undefined,
): Finding[] {
  const fact = `${all.length - missing.length} of ${all.length}`
  if (missing.length === 0) return [{ name: 'tools', status: 'ok', fact }]
  const wayOut =
    command === undefined
      ? `install with your package manager what Debian calls: ${packagesOf(missing).join(' ')}`
      : `\`${command.join(' ')}\`, or \`lab doctor --fix\``
  return [
    { name: 'tools', status: 'problem', fact, wayOut },
    ...missing.map(({ needs, package: name, why }): Finding => ({
      name: needs,
      status: 'problem',
      fact: `missing: package ${name} (${why})`,
    })),
  ]
}

/** @param lab its kernels say whether tools that build them are needed; without a lab they are */
export async function tools(_context: Context, lab?: ResolvedLab): Promise<Finding[]> {
  const built = lab === undefined || Object.values(lab.kernels).some(({ source }) => !isPrebuilt(source))
  const all = [...requirementsFor(process.getuid?.()), ...(built ? KERNEL_BUILD : [])]
  const missing = missingRequirements([], all)
  const command = missing.length === 0 ? undefined : await installCommand(packagesOf(missing))
  return toolFindings(all, missing, command)
}

export type VersionNumber = readonly [major: number, minor: number]

/** A question to a program. */
interface Question {
  readonly name: string
  readonly argv: readonly string[]
  /** Statuses beside 0 with which it answers. */
  readonly accept?: readonly number[]
}

export interface VersionRule extends Question {
  /** Older ones will not do. */
  readonly least?: VersionNumber
}

/** Every program whose version can matter; without `least` it is said only so that a report holds it. */
export const VERSION_RULES: readonly VersionRule[] = [
  { name: 'gcc', argv: ['gcc', '--version'] },
  { name: 'ld', argv: ['ld', '--version'] },
  { name: 'clang', argv: ['clang', '--version'] },
  { name: 'qemu', argv: ['qemu-system-x86_64', '--version'], least: [5, 0] },
  // It says its version, then its usage, and ends with 255 (seen with 3.1.6).
  { name: 'trace-cmd', argv: ['trace-cmd', '--version'], accept: [0, 255] },
  { name: 'mmdebstrap', argv: ['mmdebstrap', '--version'] },
  // Only where a kernel or a probe wants its types; not listed when it is missing.
  { name: 'pahole', argv: ['pahole', '--version'], least: [1, 22] },
]

/** "v1.24" is what pahole says. */
const VERSION = /(?<![\w.])v?(\d+)\.(\d+)/

/**
 * The first version number of a text that is not part of a longer word: "QEMU emulator version 7.2.22 (...)" -> 7.2.
 */
export function versionIn(text: string): VersionNumber | undefined {
  const found = VERSION.exec(text.replaceAll(/\([^)]*\)/g, ' ')) ?? VERSION.exec(text)
  return found === null ? undefined : [Number(found[1]), Number(found[2])]
}

const isOlder = ([major, minor]: VersionNumber, [least, leastMinor]: VersionNumber): boolean =>
  major < least || (major === least && minor < leastMinor)

/** What a program said of itself, judged. */
export function versionFinding({ name, least }: VersionRule, said: string): Finding {
  const line = printable(
    said
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? '',
    100,
  )
  const version = versionIn(line)
  if (version === undefined)
    return { name, status: 'warning', fact: line === '' ? 'it does not say its version' : `no version in "${line}"` }
  if (least === undefined || !isOlder(version, least)) return { name, status: 'ok', fact: line }
  return { name, status: 'problem', fact: `${line}: too old`, wayOut: `install ${name} ${least.join('.')} or newer` }
}

/**
 * An answer to `--version` takes milliseconds; a wrapper that waits for something would hang the doctor. Milliseconds.
 */
const ANSWER = 5000

const ask = async ({ argv, accept = [0] }: Question, { signal }: Context): Promise<string> => {
  const { stdout, stderr } = await run(argv, { signal, timeout: ANSWER, accept })
  return stdout.trim() === '' ? stderr : stdout
}

/** A clang can be built without the BPF back end; compiling then fails with an unknown target. */
export const bpfTarget = (targets: string): Finding =>
  /^\s*bpf\s+-/m.test(targets)
    ? { name: 'clang target', status: 'ok', fact: 'bpf' }
    : {
        name: 'clang target',
        status: 'problem',
        fact: 'this clang cannot compile for bpf',
        wayOut: "install your distribution's clang",
      }

const LIBBPF_VERSION = '/usr/include/bpf/libbpf_version.h'

/** libbpf_version.h came with 0.6; the holder uses calls of 1.0. */
export function libbpfFinding(header: string): Finding {
  const part = (name: string) => Number(new RegExp(`LIBBPF_${name}_VERSION\\s+(\\d+)`).exec(header)?.[1] ?? Number.NaN)
  const version: VersionNumber = [part('MAJOR'), part('MINOR')]
  const unknown = version.some(Number.isNaN)
  if (!unknown && !isOlder(version, [1, 0])) return { name: 'libbpf', status: 'ok', fact: version.join('.') }
  const fact = unknown ? 'older than 0.6, or unknown; 1.0 is needed' : `${version.join('.')}: 1.0 is needed`
  return {
    name: 'libbpf',
    status: 'problem',
    fact,
    wayOut: 'install libbpf-dev 1.0 or newer (Debian 12, Ubuntu 23.04)',
  }
}

/** Versions of what is there; what is missing is the finding of `tools`. */
export async function versions(context: Context): Promise<Finding[]> {
  const present = VERSION_RULES.filter(({ argv }) => which(argv[0] ?? '') !== undefined)
  const judged = (rule: Question, judge: (said: string) => Finding) =>
    findingsOf(rule.name, async () => [judge(await ask(rule, context))])
  const found = await Promise.all([
    ...present.map((rule) => judged(rule, (said) => versionFinding(rule, said))),
    ...(which('clang') === undefined
      ? []
      : [judged({ name: 'clang target', argv: ['clang', '--print-targets'] }, bpfTarget)]),
  ])
  const header = await readFile(LIBBPF_VERSION, 'utf8').catch(() => undefined)
  return [...found.flat(), ...(header === undefined ? [] : [libbpfFinding(header)])]
}
