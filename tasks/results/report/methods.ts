/**
 * A paragraph for the methods section of a paper, from the manifests alone: what was done, and nothing that was not.
 */
import { basename } from 'node:path'
import type { ResolvedMetric, ResolvedVm } from '../../config/resolved.ts'
import { isBpfSource } from '../../config/workload.ts'
import type { Before } from '../../config/schema/schema.ts'
import { requestedBy, definitionOf } from '../definition.ts'
import type { Manifest } from '../manifest.ts'
import { leftOutText, ofOneDefinition, type LeftOut } from '../one-definition.ts'
import { bytes, plural } from '../../engine/text.ts'

const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)]
const listed = (list: readonly string[]): string =>
  list.length < 2 ? (list[0] ?? '') : `${list.slice(0, -1).join(', ')} and ${list.at(-1) ?? ''}`

/** Code in Markdown, whatever is in it: the row of backticks around it is longer than any in it. */
function code(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ')
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `\`${line}\`` : `${fence} ${line} ${fence}`
}

/** A piece of a line: plain text, or code. */
export interface Span {
  readonly text: string
  readonly isCode: boolean
}

/** Code between equally long rows of backticks, as Markdown has it (CommonMark 0.31, section 6.1). */
const CODE_SPAN = /(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g

/** A line of the methods in pieces, in their order; code is what was given to `code`. */
export function spansOf(line: string): Span[] {
  const spans: Span[] = []
  let end = 0
  for (const { index, 0: whole, 2: inner = '' } of line.matchAll(CODE_SPAN)) {
    spans.push({ text: line.slice(end, index), isCode: false })
    spans.push({ text: inner.replace(/^ (.*`.*) $/, '$1'), isCode: true })
    end = index + whole.length
  }
  return [...spans, { text: line.slice(end), isCode: false }]
}

function machine({ guest, host }: Manifest): string {
  if (guest.qemu.length === 0) return 'no VM (the run ended before one was needed)'
  const value = (option: string) => guest.qemu[guest.qemu.indexOf(option) + 1] ?? '?'
  const how = guest.accel.accel === 'tcg' ? 'software emulation (TCG)' : 'KVM'
  const version = /version (\S+)/.exec(host.tools?.['qemu-system-x86_64'] ?? '')?.[1]
  return `QEMU${version === undefined ? '' : ` ${version}`} under ${how} with ${plural(Number(value('-smp')), 'CPU')} and ${value('-m')} of memory`
}

/** How a run ended: all that the sentence about many of them needs. */
export interface Ended {
  /** The programs that were attached, where they are known. */
  readonly probes?: readonly { readonly section: string }[]
  readonly experiment: string
  readonly verdict: string
  readonly completeness: string
  readonly plan?: {
    readonly id: string
    readonly index: number
    readonly warmup: boolean
    readonly attempt: number
  } | null
}

/** Runs that are no warm-up, and of several attempts at one run the last. */
function counting(ended: readonly Ended[]): { runs: Ended[]; warmups: number; again: number } {
  const key = ({ experiment, plan }: Ended) => `${experiment}\0${plan?.id ?? ''}\0${plan?.index ?? ''}`
  const last = new Map<string, number>()
  for (const run of ended) if (run.plan) last.set(key(run), Math.max(last.get(key(run)) ?? 0, run.plan.attempt))
  const measured = ended.filter(({ plan }) => plan?.warmup !== true)
  const runs = measured.filter((run) => !run.plan || run.plan.attempt === last.get(key(run)))
  return { runs, warmups: ended.length - measured.length, again: measured.length - runs.length }
}

/** @param declared whether the experiment has expectations */
function outcome(ended: readonly Ended[], declared: boolean): string[] {
  const { runs, warmups, again } = counting(ended)
  const count = (verdict: Manifest['verdict']) => runs.filter((run) => run.verdict === verdict).length
  const lossless = runs.filter(({ completeness }) => completeness === 'complete').length
  const passed = declared ? 'met every declared expectation' : 'passed (no expectation was declared)'
  return [
    ...(warmups > 0
      ? [`${plural(warmups, 'warm-up run')} came first and ${warmups === 1 ? 'is' : 'are'} not counted.`]
      : []),
    ...(again > 0
      ? [
          `${plural(again, 'attempt')} that did not pass ${again === 1 ? 'was' : 'were'} repeated and ${again === 1 ? 'is' : 'are'} not counted.`,
        ]
      : []),
    `Of ${plural(runs.length, 'run')}, ${count('passed')} ${passed}, ${count('failed')} did not, and ${count('incomplete')} could not be shown to be complete; in ${lossless} no layer of the trace lost an event.`,
  ]
}

const beforeText = (step: Before): string => {
  if (typeof step === 'string') return 'the page cache, dentries and inodes were dropped'
  if ('sysctl' in step)
    return listed(Object.entries(step.sysctl).map(([name, value]) => `${code(name)} was set to ${value}`))
  if ('remount' in step) return `${code(step.remount)} was unmounted and mounted again`
  if ('pin' in step) return `the workload was pinned to CPU ${listed([step.pin].flat().map(String))}`
  return `the command ${code(step.run)} ran in the guest`
}

const START: Readonly<Record<string, string>> = {
  shared: 'the runs shared a VM',
  warm: 'each run started from the snapshot of a VM that had booted',
  cold: 'each run booted a VM of its own',
}

/** As a lab file has sizes: `64M` is 64 MiB. */
function sizeText(size: number): string {
  const [power, letter] = (
    [
      [30, 'G'],
      [20, 'M'],
      [10, 'K'],
    ] as const
  ).find(([by]) => size % 2 ** by === 0) ?? [0, '']
  return letter === '' ? bytes(size) : `${size / 2 ** power}${letter}`
}

const diskText = ({ fs, size, mount }: ResolvedVm['disks'][number]): string =>
  `${fs} of ${sizeText(size)} at ${code(mount)}`

/** How the runs of a plan followed one another. In what order the runs of a single arm come makes no difference. */
function orderText({ order, seed }: NonNullable<Manifest['plan']>, arms: number): string {
  if (arms < 2) return 'one after the other'
  return order === 'shuffled' ? `in a shuffled order (seed ${seed})` : `in the order "${order}" of their arms`
}

/** One sentence for each way in which runs were made. */
function planSentences(runs: readonly Manifest[], arms: number): string[] {
  return distinct(
    runs.flatMap(({ plan, guest }) =>
      plan === undefined
        ? []
        : [
            `Runs were made ${orderText(plan, arms)}`,
            `, ${plan.parallel === 1 ? 'one VM' : `${plan.parallel} VMs`} at a time`,
            // A sealed run boots by itself, whatever the plan says.
            guest.deterministic === true ? '.' : `; ${START[plan.start] ?? plan.start}.`,
          ].join(''),
    ),
  )
}

/**
 * BPF programs that the workload loads itself, by their sources; of a loader that the lab does not build none is known.
 */
function ownProgramsText(runs: readonly Manifest[]): string {
  const sources = distinct(
    runs.flatMap((run) => requestedBy(run)?.experiment.workload.sources ?? []).filter(isBpfSource),
  )
  return sources.length === 0
    ? ''
    : ` The workload brings BPF programs of its own (${listed(sources.map((file) => code(basename(file))))}).`
}

/** Command lines that are listed; of more the lab file's own, with the names of parameters in it. */
const LISTED_COMMANDS = 3

function workloadText(runs: readonly Manifest[]): string {
  const commands = distinct(
    runs.map(({ workload: { argv } }) =>
      argv.map((word, index) => (index === 0 ? word.replace(/^.*\//, '') : word)).join(' '),
    ),
  )
  const declared = runs[0] && requestedBy(runs[0])?.experiment.workload.run
  if (commands.length > LISTED_COMMANDS && declared !== undefined)
    return `The workload ${code(declared)}, with the values of each arm,`
  const more = commands.length - LISTED_COMMANDS
  const shown = commands.slice(0, LISTED_COMMANDS).map((command) => code(command))
  const words = more > 0 ? [...shown, `${more} more`] : shown
  return `The ${words.length === 1 ? 'workload' : 'workloads'} ${listed(words)}`
}

/** Hooks that are listed. */
const LISTED_HOOKS = 12

function hooksText(ended: readonly Ended[]): string {
  const sections = distinct(ended.flatMap(({ probes = [] }) => probes.map(({ section }) => section)))
  if (sections.length === 0) return ''
  const more = sections.length - LISTED_HOOKS
  const shown = sections.slice(0, LISTED_HOOKS).map(code)
  return ` Their BPF programs were attached to ${listed(more > 0 ? [...shown, `${more} more hooks`] : shown)}.`
}

function metricSource(metric: ResolvedMetric): string {
  if ('load' in metric) {
    const of = metric.program === undefined ? 'all programs' : code(metric.program)
    return `${LOADED[metric.load]} of ${of}`
  }
  const unit = metric.unit === undefined ? '' : ` (in ${metric.unit})`
  if ('message' in metric) return `the number in the trace message ${code(metric.message)}${unit}`
  return `the number in ${metric.of === undefined ? "the workload's output" : `the output of ${code(metric.of)}`} that matches ${code(metric.stdout)}${unit}`
}

const LOADED = {
  ns: 'the nanoseconds of loading',
  instructions: 'the instructions that the verifier looked at',
  'jit-bytes': 'the bytes of machine code',
} as const

/** What each number of a run is. */
function metricsText(metrics: Readonly<Record<string, ResolvedMetric>>): string[] {
  const entries = Object.entries(metrics)
  if (entries.length === 0) return []
  const each = entries.map(([name, metric]) => `${code(name)} is ${metricSource(metric)}`)
  return [`Numbers of each run: ${each.join('; ')}. Where several match in a run, it is their median.`]
}

const isEmulated = ({ guest }: Manifest): boolean => guest.qemu.length > 0 && guest.accel.accel === 'tcg'

/** A caveat about times; none where every machine was a real CPU's. */
function emulatedText(runs: readonly Manifest[]): string[] {
  const count = runs.filter(isEmulated).length
  if (count === 0) return []
  const times = count === runs.length ? 'All times' : 'Times of runs under TCG'
  return [
    `${times} are those of a machine that was emulated in software: they do not show how long the same takes on hardware, and ratios of times can differ there, too.`,
  ]
}

function probesText(runs: readonly Manifest[], ended: readonly Ended[]): string {
  const names = distinct(runs.flatMap((run) => run.arm.probes ?? requestedBy(run)?.experiment.probes ?? []))
  const without = runs.some(({ arm }) => arm.probes?.length === 0) && names.length > 0 ? '; one arm had none' : ''
  const attached =
    names.length === 0
      ? 'The lab attached no probe.'
      : `Probes: ${listed(names.map(code))}${without}.${hooksText(ended)}`
  return `${attached}${ownProgramsText(runs)}`
}

/** Sentences about one experiment's runs of one definition. */
function ofExperiment(
  name: string,
  runs: readonly Manifest[],
  ended: readonly Ended[],
  leftOut: readonly LeftOut[],
): string {
  const [first] = runs
  if (!first) return ''
  const kernels = distinct(runs.map(({ kernel }) => `Linux ${kernel.release} (${kernel.source})`))
  const arms = distinct(runs.map(({ arm }) => arm.name)).filter(Boolean)
  const writers = distinct(runs.flatMap(({ writtenBy }) => writtenBy ?? []))
  const asked = requestedBy(first)
  const disks = asked?.vm.disks ?? []
  const before = asked?.experiment.before ?? []
  const declared = asked ? asked.experiment.expect.length > 0 : runs.some(({ expectations }) => expectations.length > 0)
  return [
    `## ${name}`,
    '',
    `${workloadText(runs)} ran on ${listed(kernels)}, in ${machine(first)}, on a host with ${first.host.cpu} (kernel ${first.host.kernel}).`,
    ...(disks.length > 0 ? [`Data disks: ${listed(disks.map(diskText))}.`] : []),
    ...(first.imported === undefined ? [probesText(runs, ended)] : []),
    `Events were recorded in binary per-CPU ring buffers of ${first.trace.bufferBytes / 2 ** 20} MiB with the clock \`${first.trace.clock}\`.`,
    ...(first.guest.deterministic === true
      ? [
          'Each run was a boot of its own on one CPU, with time counted in instructions and without network, disk or any other input, so that equal inputs give equal bytes.',
        ]
      : []),
    ...(arms.length > 1 ? [`${plural(arms.length, 'arm')} were compared (${arms.join('; ')}).`] : []),
    ...planSentences(runs, arms.length),
    ...metricsText(asked?.experiment.metrics ?? {}),
    ...emulatedText(runs),
    ...(before.length > 0 ? [`Before each run, ${listed(before.map(beforeText))}.`] : []),
    ...outcome(ended, declared),
    ...leftOut.map((group) => `${leftOutText(group)}.`),
    ...(writers.length > 0 ? [`Runs were made with ${listed(writers)}.`] : []),
    `Kernel build: ${distinct(runs.map(({ kernel }) => kernel.fingerprint.slice(0, 16))).join(', ')}; image: ${distinct(runs.map(({ image }) => image.fingerprint.slice(0, 16))).join(', ')}.`,
    '',
  ].join('\n')
}

const endOf = ({ experiment, verdict, trace, plan }: Manifest): Ended => ({
  experiment,
  verdict,
  completeness: trace.completeness,
  plan: plan ?? null,
})

/** What is not kept beside a manifest is not compared: the builds tell sources apart. */
const NO_INPUTS = '/nowhere'

/**
 * Markdown; a section for each experiment, about the runs of its newest definition.
 * @param runs all of them, or one of each kind and all of their ends in `ended`
 */
export function methodsOf(runs: readonly Manifest[], ended?: readonly Ended[]): string {
  const names = distinct(runs.map(({ experiment }) => experiment))
  return [
    '# Methods',
    '',
    ...names.map((name) => {
      const own = runs.filter(({ experiment }) => experiment === name)
      if (ended !== undefined)
        return ofExperiment(
          name,
          own,
          ended.filter(({ experiment }) => experiment === name),
          [],
        )
      const defined = ofOneDefinition(name, own, (run) => ({
        run: run.run,
        started: run.started,
        definition: definitionOf(run, NO_INPUTS),
      }))
      const chosen = defined?.runs ?? own
      return ofExperiment(name, chosen, chosen.map(endOf), defined?.leftOut ?? [])
    }),
  ].join('\n')
}

/** The same for a pack, which has all that it speaks of. */
export const methodsText = (runs: readonly Manifest[], ended?: readonly Ended[]): string =>
  [
    methodsOf(runs, ended),
    'Every file of each run, its lab file, kernel patch, kernel configuration and package list are in this pack; `lab verify` checks it without a VM, `lab reproduce` runs it again.',
    '',
  ].join('\n')
