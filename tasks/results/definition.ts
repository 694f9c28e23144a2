/**
 * The definition of a run: everything that decides which question its numbers answer. Runs of one experiment with
 * different definitions are never pooled. It is computed from the manifest and the kept inputs, so results of every
 * version have one, and a run's name, time, parameters and repeat are no part of it: parameters make arms, and arms are
 * always told apart.
 */
import { RECORDER } from './recorder-fact.ts'
import { basename, join, relative } from 'node:path'
import { fullName } from '../config/arms.ts'
import { loadLab } from '../config/load.ts'
import { resolveLab } from '../config/resolve.ts'
import type { ResolvedExperiment, ResolvedLab, ResolvedVm } from '../config/resolved.ts'
import { probeSource } from '../config/probe-source.ts'
import { hostFilesOf } from '../config/disk-file.ts'
import type { ResolvedWorkload } from '../config/workload.ts'
import { hashText } from '../engine/fingerprint.ts'
import { plural } from '../engine/text.ts'
import { INPUTS_DIR, keptName } from './kept-inputs.ts'
import { ANY_HOST } from './kept-lab.ts'
import type { Manifest } from './manifest.ts'
import { sourceDigest } from './kept-sources.ts'

/** By what people call it: a short value as it is, a long one as a digest. */
type Facts = Readonly<Record<string, string>>

export interface Definition {
  /** Twelve hexadecimal digits of a digest over all facts. */
  readonly id: string
  /** What all runs of the experiment share. A fact that only one of two runs has is a difference. */
  readonly asked: Facts
  /** What belongs to some arms only (a kernel, a probe, a metric). Two runs are compared in those that both have. */
  readonly ofArm: Facts
}

interface DefinedShare {
  readonly mount: string
  readonly write: boolean
  readonly files: number
  readonly bytes: number
  readonly sha256: string | null
}

/** What a definition is computed from. Older manifests lack some of it. */
export interface DefinedBy {
  readonly experiment: string
  readonly arm: { readonly name: string; readonly probes?: readonly string[] | undefined }
  readonly lab?: { readonly text: string }
  readonly inputs?: { readonly lab: string } | undefined
  readonly objects?: Readonly<Record<string, string>>
  readonly kernel: { readonly name: string; readonly fingerprint: string }
  readonly image: { readonly name: string; readonly fingerprint: string }
  readonly guest: {
    readonly deterministic?: boolean | undefined
    readonly shares?: readonly DefinedShare[] | undefined
  }
  readonly plan?: { readonly start?: string | undefined } | undefined
  readonly workload: { readonly argv: readonly string[] }
  readonly imported?: object | undefined
}

/** Longer values are shown as a digest. */
const READABLE = 60
const digest = (text: string): string => `sha256:${hashText(text).slice(0, 12)}`

function valueOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length <= READABLE ? text : digest(text)
}

/**
 * Keys of an experiment that do not decide what one run is: its name, its axes, and how many runs there are in which
 * order.
 */
const NOT_OF_A_RUN: ReadonlySet<string> = new Set<keyof ResolvedExperiment>([
  ...([
    'name',
    'about',
    'unit',
    'skip',
    'vm',
    'params',
    'matrix',
    'include',
    'exclude',
    'observer',
    'control',
  ] as const),
  ...([
    'order',
    'seed',
    'warmup',
    'retries',
    'parallel',
    'repeat',
    'until',
    'deadline',
    'collect',
    'published',
  ] as const),
  // These are spelled out below.
  ...(['probes', 'workload', 'metrics', 'trace', 'start'] as const),
])
/**
 * Keys of a VM that the manifest says more exactly, or that are told apart wherever runs are grouped (the accelerator).
 */
const NOT_OF_A_VM: ReadonlySet<string> = new Set(['name', 'kernel', 'image', 'accel', 'deterministic', 'disks'])

const factsWithout = (record: object, without: ReadonlySet<string>, prefix = ''): Facts =>
  Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) =>
      without.has(key) || value === undefined ? [] : [[`${prefix}${key}`, valueOf(value)]],
    ),
  )

/**
 * What decides how the workload is built and started; nothing where nothing of it is declared, as in labs from before
 * it could be.
 */
const workloadFacts = ({ style, flags, libraries, cwd, env, hidesTracePipe }: ResolvedWorkload): Facts => ({
  ...(style && { 'workload style': style }),
  ...(flags.length > 0 && { 'workload flags': valueOf(flags) }),
  ...(libraries.length > 0 && { 'workload libraries': valueOf(libraries) }),
  ...(cwd !== undefined && { 'workload directory': cwd }),
  ...(Object.keys(env).length > 0 && { 'workload environment': valueOf(env) }),
  ...(hidesTracePipe && { 'workload tracePipe': 'ours' }),
})

/** Where a lab is said to be while its text is read; no file is looked for. */
const LAB = '/lab'
const TOOL = '/lab-tool'
const labs = new Map<string, ResolvedLab | undefined>()

/** The lab in the words of this version. Undefined if this version does not understand its text. */
function labOf(text: string): ResolvedLab | undefined {
  if (labs.has(text)) return labs.get(text)
  let lab: ResolvedLab | undefined
  try {
    const file = join(LAB, 'lab.yaml')
    const input = { shown: file, bytes: Buffer.from(text), toolRoot: TOOL, host: ANY_HOST, files: undefined }
    const loaded = loadLab(file, input).lab
    lab = loaded && resolveLab(loaded, file, text, { labDir: LAB, toolRoot: TOOL })
  } catch {
    // A text that no version of lab has written; its digest stands for it.
    lab = undefined
  }
  labs.set(text, lab)
  return lab
}

/**
 * The experiment and its VM as the lab file of a run has them. Undefined for an import, and if this version cannot read
 * the file.
 */
export function requestedBy({
  lab,
  experiment: name,
}: Pick<DefinedBy, 'lab' | 'experiment'>):
  { readonly experiment: ResolvedExperiment; readonly vm: ResolvedVm; readonly file: string } | undefined {
  const read = labOf(lab?.text ?? '')
  const experiment = read && Object.hasOwn(read.experiments, name) ? read.experiments[name] : undefined
  const vm = experiment && read?.vms[experiment.vm]
  return experiment && vm && { experiment, vm, file: read.file }
}

/** The command without the program's directory in the guest. */
const commandOf = ({ workload }: DefinedBy): string =>
  workload.argv.map((word, index) => (index === 0 ? word.replace(/^.*\//, '') : word)).join(' ')

function askedOf(run: DefinedBy, lab: ResolvedLab | undefined, experiment: ResolvedExperiment | undefined): Facts {
  const { plan, guest, image, objects = {}, arm } = run
  const start = plan?.start
  const made = {
    // An arm that is named after its way to start is told apart by its name.
    ...(start !== undefined && !/(^|,)start=/.test(arm.name) && { start }),
    ...(guest.deterministic === true && { deterministic: 'yes' }),
    // What a guest may write differs from run to run.
    ...Object.fromEntries(
      (guest.shares ?? []).flatMap(({ mount, write, files, bytes, sha256 }) => {
        const contents =
          sha256 === null ? `${plural(files, 'file')}, ${plural(bytes, 'byte')}, not read` : digest(sha256)
        return write ? [] : [[`contents of the share ${mount}`, contents]]
      }),
    ),
    [`image ${image.name}`]: digest(image.fingerprint),
    ...(objects['lab-holder'] !== undefined && { [RECORDER]: digest(objects['lab-holder']) }),
  }
  if (experiment === undefined) {
    const text = run.lab?.text ?? ''
    return { ...made, ...(text !== '' && { 'lab file, which this version of lab cannot read': digest(text) }) }
  }
  const vm = lab?.vms[experiment.vm]
  return {
    ...made,
    'workload command': valueOf(experiment.workload.run),
    ...workloadFacts(experiment.workload),
    ...(arm.probes === undefined && { probes: valueOf(experiment.probes) }),
    ...factsWithout(experiment.trace, new Set(), 'trace '),
    ...factsWithout(experiment, NOT_OF_A_RUN),
    ...(vm && factsWithout(vm, NOT_OF_A_VM, 'VM ')),
    ...Object.fromEntries((vm?.disks ?? []).map(({ name, ...disk }) => [`disk ${name}`, valueOf(disk)])),
  }
}

/** Digests of the arm's own sources, where results/.inputs still has them. */
function sourceFacts(run: DefinedBy, lab: ResolvedLab, experiment: ResolvedExperiment, inputs: string): Facts {
  const kept = run.inputs?.lab
  if (kept === undefined || !/^lab-[0-9a-f]{32}$/.test(kept)) return {}
  const dir = join(inputs, kept)
  const facts: Record<string, string> = {}
  const add = (what: string, source: string | undefined) => {
    const found = source && sourceDigest(dir, join(dir, keptName(relative(LAB, source))))
    if (found) facts[what] = `sha256:${found}`
  }
  const { sources } = experiment.workload
  for (const source of sources)
    add(sources.length === 1 ? 'source of the workload' : `source of the workload (${basename(source)})`, source)
  for (const file of hostFilesOf(lab.vms[experiment.vm]?.disks ?? [])) add(`${basename(file)} on a disk`, file)
  for (const file of [
    ...(experiment.workload.program === undefined ? [] : [experiment.workload.program]),
    ...experiment.workload.files,
  ])
    add(`${basename(file)} of the workload`, file)
  for (const name of new Set((run.arm.probes ?? experiment.probes).map(fullName))) {
    const probe = Object.hasOwn(lab.probes, name) ? lab.probes[name] : undefined
    add(`source of probe ${name}`, probeSource(probe))
  }
  return facts
}

/** What was built. Programs are compiled for a kernel, so only those for the same one can be compared. */
function builtFacts({ objects = {}, kernel, arm }: DefinedBy, experiment: ResolvedExperiment | undefined): Facts {
  const own = arm.probes ?? experiment?.probes
  const facts: Record<string, string> = { [`kernel ${kernel.name}`]: digest(kernel.fingerprint) }
  for (const [name, fingerprint] of Object.entries(objects)) {
    const probe = /^(.+)\.bpf\.o$/.exec(name)?.[1]
    // What other arms attach has no part in this run.
    if (name === 'lab-holder' || (probe !== undefined && own !== undefined && !own.includes(probe))) continue
    facts[`${name} for ${kernel.name}`] = digest(fingerprint)
  }
  return facts
}

/**
 * @param inputs the directory results/.inputs that the run's kept files are in
 * @returns undefined for an imported trace: nobody knows what was asked
 */
export function definitionOf(run: DefinedBy, inputs: string): Definition | undefined {
  if (run.imported !== undefined) return undefined
  const lab = labOf(run.lab?.text ?? '')
  const experiment = lab && Object.hasOwn(lab.experiments, run.experiment) ? lab.experiments[run.experiment] : undefined
  const asked = askedOf(run, lab, experiment)
  const ofArm = {
    ...builtFacts(run, experiment),
    ...(experiment === undefined && { [`command of arm ${run.arm.name}`]: valueOf(commandOf(run)) }),
    ...(experiment &&
      Object.fromEntries(
        Object.entries(experiment.metrics).map(([name, metric]) => [`metric ${name}`, valueOf(metric)]),
      )),
    ...(lab && experiment && sourceFacts(run, lab, experiment, inputs)),
  }
  const sorted = [asked, ofArm].map((facts) => Object.entries(facts).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return { id: hashText(JSON.stringify(sorted)).slice(0, 12), asked, ofArm }
}

/** `definitionOf` of a result in its place, results/EXPERIMENT/RUN. */
export const definitionOfResult = ({ dir, manifest }: { readonly dir: string; readonly manifest: Manifest }) =>
  definitionOf(manifest, join(dir, '..', '..', INPUTS_DIR))
