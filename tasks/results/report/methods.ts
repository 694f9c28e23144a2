/** A paragraph for the methods section of a paper, from the manifests alone. */
import type { Manifest } from '../manifest.ts'
import { plural } from '../../engine/text.ts'

const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)]
const listed = (list: readonly string[]): string =>
  list.length < 2 ? (list[0] ?? '') : `${list.slice(0, -1).join(', ')} and ${list.at(-1) ?? ''}`

function machine({ guest, host }: Manifest): string {
  if (guest.qemu.length === 0) return 'no VM (the run ended before one was needed)'
  const value = (option: string) => guest.qemu[guest.qemu.indexOf(option) + 1] ?? '?'
  const how = guest.accel.accel === 'tcg' ? 'software emulation (TCG)' : 'KVM'
  const version = /version (\S+)/.exec(host.tools?.['qemu-system-x86_64'] ?? '')?.[1]
  return `QEMU${version === undefined ? '' : ` ${version}`} under ${how} with ${plural(Number(value('-smp')), 'CPU')} and ${value('-m')} of memory`
}

/** How a run ended: all that the sentence about many of them needs. */
export interface Ended {
  readonly experiment: string
  readonly verdict: string
  readonly completeness: string
}

function outcome(runs: readonly Ended[]): string {
  const count = (verdict: Manifest['verdict']) => runs.filter((one) => one.verdict === verdict).length
  const lossless = runs.filter(({ completeness }) => completeness === 'complete').length
  return `Of ${plural(runs.length, 'run')}, ${count('passed')} met every declared expectation, ${count('failed')} did not, and ${count('incomplete')} could not be shown to be complete; in ${lossless} no layer of the trace lost an event.`
}

/** Sentences about one experiment's runs. */
function ofExperiment(name: string, runs: readonly Manifest[], ended: readonly Ended[]): string {
  const [first] = runs
  if (!first) return ''
  const kernels = distinct(runs.map(({ kernel }) => `Linux ${kernel.release} (${kernel.source})`))
  const arms = distinct(runs.map(({ arm }) => arm.name)).filter(Boolean)
  const plan = first.plan
  return [
    `## ${name}`,
    '',
    `The workload \`${first.workload.argv.map((word, index) => (index === 0 ? word.replace(/^.*\//, '') : word)).join(' ')}\` ran on ${listed(kernels)}, in ${machine(first)}, on a host with ${first.host.cpu} (kernel ${first.host.kernel}).`,
    `Events were recorded in binary per-CPU ring buffers of ${first.trace.bufferBytes / 2 ** 20} MiB with the clock \`${first.trace.clock}\`.`,
    ...(first.guest.deterministic === true
      ? [
          'Each run was a boot of its own on one CPU, with time counted in instructions and without network, disk or any other input, so that equal inputs give equal bytes.',
        ]
      : []),
    ...(arms.length > 1 ? [`${plural(arms.length, 'arm')} were compared (${arms.join('; ')}).`] : []),
    ...(plan
      ? [
          `Runs were ${plan.order}${plan.order === 'shuffled' ? ` (seed ${plan.seed})` : ''}, ${plan.parallel === 1 ? 'one VM at a time' : `${plan.parallel} VMs at a time`}.`,
        ]
      : []),
    outcome(ended),
    `Kernel build: ${distinct(runs.map(({ kernel }) => kernel.fingerprint.slice(0, 16))).join(', ')}; image: ${distinct(runs.map(({ image }) => image.fingerprint.slice(0, 16))).join(', ')}.`,
    '',
  ].join('\n')
}

const endOf = ({ experiment, verdict, trace }: Manifest): Ended => ({
  experiment,
  verdict,
  completeness: trace.completeness,
})

/**
 * Markdown; a section for each experiment.
 * @param runs all of them, or one of each kind and all of their ends in `ended`
 */
export function methodsText(runs: readonly Manifest[], ended: readonly Ended[] = runs.map(endOf)): string {
  const names = distinct(runs.map(({ experiment }) => experiment))
  return [
    '# Methods',
    '',
    ...names.map((name) =>
      ofExperiment(
        name,
        runs.filter(({ experiment }) => experiment === name),
        ended.filter(({ experiment }) => experiment === name),
      ),
    ),
    'Every file of each run, its lab file, kernel patch, kernel configuration and package list are in this pack; `lab verify` checks it without a VM, `lab reproduce` runs it again.',
    '',
  ].join('\n')
}
