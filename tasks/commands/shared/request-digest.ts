/**
 * What a `lab run` asks of an experiment, as one digest: where it is another, what was finished before is not what is
 * asked for now.
 */
import { existsSync } from 'node:fs'
import { probeSources } from '../../config/probe-source.ts'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import { moduleFiles } from '../../config/modules.ts'
import { filesOf } from '../../config/workload.ts'
import { hashFile, hashText } from '../../engine/fingerprint.ts'

/** Options that say how a command works or answers, and nothing of what its runs are. */
const OF_THE_COMMAND: ReadonlySet<string> = new Set([
  'resume',
  'all',
  'report',
  'follow',
  'parallel',
  'json',
  'yes',
  'file',
])

const pick = <T>(all: Readonly<Record<string, T>>, names: readonly string[]): (T | undefined)[] =>
  [...new Set(names)].map((name) => all[name])

/**
 * The experiment with everything of lab.yaml that it names, the contents of its sources, and the options. Headers and
 * kernels' trees are not looked at.
 */
export async function requestDigest(
  lab: ResolvedLab,
  experiment: ResolvedExperiment,
  options: { readonly kernel?: string | undefined },
): Promise<string> {
  const vm = lab.vms[experiment.vm]
  const probes = pick(lab.probes, [...experiment.probes, ...(experiment.matrix.probe ?? [])])
  const { use, fallback } = vm?.kernel ?? { use: '', fallback: [] }
  const instead = options.kernel === undefined ? [] : [options.kernel]
  const kernels = pick(lab.kernels, [use, ...fallback, ...(experiment.matrix.kernel ?? []), ...instead])
  const sources = [...probes.flatMap(probeSources), ...filesOf(experiment.workload), ...moduleFiles(experiment)]
  const contents: string[] = []
  for (const file of sources) contents.push(existsSync(file) ? await hashFile(file) : '')
  const asked = Object.entries(options).filter(([name]) => !OF_THE_COMMAND.has(name))
  return hashText(JSON.stringify([experiment, vm, probes, kernels, contents, asked]))
}
