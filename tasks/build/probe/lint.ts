/** Lint of probes: files and headers in, findings out; `lab check --probes` and each build of a probe use it. */
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { z } from 'zod'
import type { ResolvedExperiment, ResolvedKernel, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError, codeOf } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { helpersOf } from '../../linux/lint/helpers.ts'
import { lintProbe, OPTIMISATION, type LintFinding, type LintTarget } from '../../linux/lint/index.ts'
import { parseVersion, versionOfMakefile, type Version } from '../../linux/version.ts'

export type { LintFinding } from '../../linux/lint/index.ts'

/** Findings in a probe's entry of the store. */
const LINT_FILE = 'lint.json'

const Findings = z.array(
  z.object({
    line: z.int(),
    col: z.int(),
    level: z.enum(['error', 'warning']),
    message: z.string(),
    wayOut: z.string(),
  }),
)

/** Every helper that the installed libbpf declares: its own list, of a kernel newer than most targets. */
async function declaredHelpers(): Promise<ReadonlySet<string>> {
  const text = await readFile('/usr/include/bpf/bpf_helper_defs.h', 'utf8').catch(() => '')
  return new Set(Array.from(text.matchAll(/\(\* ?(?:const )?bpf_(\w+)\)/g), ([, name = '']) => name))
}

/** Headers that are in these directories themselves: the lint reads them for the names that they define. */
export async function headerFiles(dirs: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const dir of dirs)
    for (const name of (await readdir(dir).catch((): string[] => [])).toSorted())
      if (name.endsWith('.h')) files.push(join(dir, name))
  return files
}

/** Their texts. */
export const headersIn = async (dirs: readonly string[]): Promise<string[]> =>
  await Promise.all((await headerFiles(dirs)).map(async (file) => await readFile(file, 'utf8')))

/** What is known of where a probe will run, beyond the kernel's version. */
interface LintUse extends Pick<LintTarget, 'allowed' | 'optimisedIn'> {
  /** Headers of the kernel that was built, where it was. */
  readonly exported?: string | undefined
}

/** Findings in one source for one kernel. */
export async function lintSource(
  source: string,
  version: Version,
  toolRoot: string,
  { exported, ...use }: LintUse = {},
): Promise<LintFinding[]> {
  const uapi = exported === undefined ? undefined : join(exported, 'linux/bpf.h')
  const helpers = uapi !== undefined && existsSync(uapi) ? helpersOf(await readFile(uapi, 'utf8')) : undefined
  const text = await readFile(source, 'utf8').catch((error: unknown) => {
    throw userError({ place: printable(source), fact: `it cannot be read (${codeOf(error) ?? 'unknown'})` }, error)
  })
  return await lintProbe(text, {
    version,
    helpers: helpers && helpers.size > 0 ? helpers : undefined,
    ...use,
    declared: await declaredHelpers(),
    headers: await headersIn([dirname(source), join(toolRoot, 'bpf/include')]),
  })
}

/** Lints what was compiled, and keeps the findings beside the object. */
export async function keepLint(
  source: string,
  release: string,
  headers: string,
  object: string,
  toolRoot: string,
  allowed?: readonly string[],
) {
  const version = parseVersion(release)
  const findings =
    version === undefined ? [] : await lintSource(source, version, toolRoot, { exported: headers, allowed })
  await writeFile(join(dirname(object), LINT_FILE), JSON.stringify(findings))
}

/**
 * Says what is next to an object. Only as warnings: the kernel has the last word, and an experiment may be about
 * what it refuses.
 */
export async function sayLint(object: string, source: string, context: Context): Promise<void> {
  const text = await readFile(join(dirname(object), LINT_FILE), 'utf8').catch(() => '[]')
  for (const { line, col, message, wayOut } of Findings.parse(JSON.parse(text)))
    context.emit({
      type: 'notice',
      level: 'warning',
      standing: true,
      place: placeOf(source, line, col),
      text: message,
      wayOut,
    })
}

export const placeOf = (source: string, line: number, col: number): string => {
  const near = relative(process.cwd(), source)
  return `${printable(near.startsWith('..') ? source : near)}:${line}:${col}`
}

/** The version that a kernel will have, before it is built: of its archive, package, tree or tag, else of its name. */
async function versionOf({ name, source }: ResolvedKernel): Promise<Version | undefined> {
  if ('tree' in source) {
    const makefile = await readFile(join(source.tree, 'Makefile'), 'utf8').catch(() => '')
    return versionOfMakefile(makefile) ?? parseVersion(name)
  }
  const words =
    'url' in source
      ? /linux-(\d+\.\d+(?:\.\d+)?)/.exec(source.url)?.[1]
      : 'git' in source
        ? source.ref
        : 'file' in source
          ? /(\d+\.\d+(?:\.\d+)?)/.exec(source.file)?.[1]
          : source.version
  return parseVersion(words ?? '') ?? parseVersion(name)
}

export interface ProbeLint extends LintFinding {
  readonly probe: string
  readonly kernels: readonly string[]
  readonly place: string
  /** An experiment with this probe expects that it fails. */
  readonly expected: boolean
}

/**
 * What stands for the BPF programs of an experiment's own workload where probes are named; no probe has such a name.
 */
export const workloadLabel = (experiment: string): string => `workload of ${experiment}`

/** The experiments that have a probe, in every arm or in some (`matrix:`). @param probe or a `workloadLabel` */
export const usersOf = (lab: ResolvedLab, probe: string): readonly ResolvedExperiment[] =>
  Object.values(lab.experiments).filter(
    ({ name, probes, matrix }) =>
      probes.includes(probe) || matrix.probe?.includes(probe) === true || probe === workloadLabel(name),
  )

/** The kernels that an experiment may run on. */
export function kernelsOf(lab: ResolvedLab, { vm, matrix }: ResolvedExperiment): readonly string[] {
  const kernel = lab.vms[vm]?.kernel
  return matrix.kernel ?? (kernel ? [kernel.use, ...kernel.fallback] : [])
}

/** Names of the experiments that leave the kernel free to turn kprobes into jumps. */
const optimisedIn = (users: readonly ResolvedExperiment[]): readonly string[] =>
  users
    .filter(
      ({ before }) =>
        !before.some(
          (step) => typeof step === 'object' && 'sysctl' in step && Object.hasOwn(step.sysctl, OPTIMISATION),
        ),
    )
    .map(({ name }) => name)

/** Findings in all probes of a lab, each once, with the kernels that it is about. Nothing is built. */
export async function lintLab(lab: ResolvedLab, toolRoot: string, only?: string): Promise<ProbeLint[]> {
  const found = new Map<string, ProbeLint & { kernels: string[] }>()
  for (const probe of Object.values(lab.probes)) {
    if (!('source' in probe)) continue
    const users = usersOf(lab, probe.name)
    const expected = users.some(({ expect }) =>
      expect.some((expectation) => 'failure' in expectation && expectation.failure !== undefined),
    )
    const kernels = only === undefined ? users.flatMap((user) => kernelsOf(lab, user)) : [only]
    for (const name of new Set(kernels.length > 0 ? kernels : Object.keys(lab.kernels))) {
      const declared = lab.kernels[name]
      const version = declared && (await versionOf(declared))
      if (version === undefined) continue
      const use = { allowed: declared?.helpers, optimisedIn: optimisedIn(users) }
      for (const finding of await lintSource(probe.source, version, toolRoot, use)) {
        const place = placeOf(probe.source, finding.line, finding.col)
        // The same finding for several kernels is reported once; texts that name the kernel differ.
        const key = `${place}\n${finding.message}`
        const known = found.get(key)
        if (known) known.kernels.push(name)
        else found.set(key, { ...finding, probe: probe.name, kernels: [name], place, expected })
      }
    }
  }
  return [...found.values()]
}
