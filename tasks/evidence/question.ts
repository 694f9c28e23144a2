/**
 * What an experiment asks, as comparable facts: its workload, probes, expectations, kernel and guest, with the contents
 * of their files. Two labs ask the same question when all facts agree, whatever else is in their files and wherever
 * they lie.
 */
import { readFileSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { probeSources } from '../config/probe-source.ts'
import type { ResolvedLab } from '../config/resolved.ts'
import { filesOf } from '../config/workload.ts'
import { hashText } from '../engine/fingerprint.ts'
import { keptName } from '../results/kept-inputs.ts'

export type Question = ReadonlyMap<string, string>

/** Where the files of a lab are: in their places, or as they were kept with a result. */
type Place = 'in place' | 'kept'

/** Text of a file; what cannot be read is its own answer. */
function contentOf(lab: ResolvedLab, file: string, place: Place, toolRoot: string): string {
  // lab:NAME is part of the tool, here as there.
  const shipped = file.startsWith(toolRoot + sep)
  const path = place === 'kept' && !shipped ? join(lab.directory, keptName(relative(lab.directory, file))) : file
  try {
    return hashText(readFileSync(path))
  } catch {
    return 'not readable'
  }
}

/** A value without the directories of one machine. */
const plain = (value: unknown, lab: ResolvedLab, toolRoot: string): string =>
  (JSON.stringify(value) ?? 'undefined').replaceAll(lab.directory, '.').replaceAll(toolRoot, 'lab:')

/** Keys of an experiment that shape its answer; how often it runs, and in which order, does not. */
const ASKED = [
  'params',
  'matrix',
  'before',
  'metrics',
  'trace',
  'maps',
  'allow',
  'start',
  'observer',
  'timeout',
] as const

/** @returns undefined where the lab has no such experiment */
export function questionOf(lab: ResolvedLab, name: string, place: Place, toolRoot: string): Question | undefined {
  const experiment = Object.hasOwn(lab.experiments, name) ? lab.experiments[name] : undefined
  if (experiment === undefined) return undefined
  const text = (value: unknown) => plain(value, lab, toolRoot)
  const content = (files: readonly string[]) =>
    files.map((file) => `${basename(file)} ${contentOf(lab, file, place, toolRoot)}`).join(' ')
  const { run, flags, libraries, env, cwd } = experiment.workload
  const facts = new Map([
    ['workload', `${text([run, flags, libraries, env, cwd])} ${content(filesOf(experiment.workload))}`],
    ...(experiment.modules ?? []).map((module): [string, string] => [
      `module ${module.name}`,
      `${text([module.params, module.flags])} ${content(module.sources)}`,
    ]),
    ['expectations', text(experiment.expect)],
    ...ASKED.map((key): [string, string] => [key, text(experiment[key])]),
  ])
  const probes = [...new Set([...experiment.probes, ...(experiment.matrix.probe ?? [])])]
  facts.set('probes', text(probes))
  for (const probe of probes) {
    const own = Object.hasOwn(lab.probes, probe) ? lab.probes[probe] : undefined
    facts.set(`probe ${probe}`, `${own && 'sample' in own ? own.sample : ''} ${content(probeSources(own))}`)
  }
  const vm = Object.hasOwn(lab.vms, experiment.vm) ? lab.vms[experiment.vm] : undefined
  if (vm !== undefined) {
    const { name: _, kernel, disks, image, ...machine } = vm
    facts.set('vm', text([machine, disks, image]))
    const kernels = [...new Set([kernel.use, ...(experiment.matrix.kernel ?? [])])]
    for (const kernel of kernels) {
      const declared = Object.hasOwn(lab.kernels, kernel) ? lab.kernels[kernel] : undefined
      if (declared === undefined) continue
      const { config, patches, source, ...rest } = declared
      facts.set(
        `kernel ${kernel}`,
        `${text([rest, 'tree' in source ? 'a tree' : source])} ${content([...config, ...patches])}`,
      )
    }
  }
  return facts
}

/** What of the first question is otherwise in the second; all of it where there is no second. */
export function differences(asked: Question, other: Question | undefined): string[] {
  if (other === undefined) return ['the experiment']
  const names = [...new Set([...asked.keys(), ...other.keys()])]
  return names.filter((name) => asked.get(name) !== other.get(name))
}
