/**
 * The checks that need more than one value: names that refer to others, files, limits of the host. Every check runs
 * over every entry that has the right shape, and all problems are reported at once.
 */
import { NO_PROBE } from './arms.ts'
import { SECTIONS, type Section, describe } from './describe.ts'
import type { Path, Problem } from './diagnostic.ts'
import type { Files, PathUse, Roots } from './paths.ts'
import { pathProblem } from './paths.ts'
import { EXPERIMENT_CHECKS } from './relate-experiments.ts'
import { EXPECTATION_CHECKS } from './relate-expectations.ts'
import { KERNEL_CHECKS } from './relate-kernels.ts'
import { MATRIX_CHECKS } from './relate-matrix.ts'
import { VM_CHECKS } from './relate-vms.ts'
import type { ValidParts } from './shape.ts'
import { nameWayOut } from './suggest.ts'

/** What the host has, for limits. */
export interface HostFacts {
  readonly memoryBytes: number
  readonly cpus: number
}

export interface Context extends Roots {
  /** The entries with the right shape. */
  readonly lab: ValidParts
  /**
   * Names of all entries, also of those with problems of their own: a reference to one of them is not dangling.
   * Undefined for a section that is no mapping: which names were meant is not known.
   */
  readonly names: Readonly<Record<Section, readonly string[] | undefined>>
  readonly host: HostFacts
  readonly files: Files
}

/** One check: reads the lab, yields problems. */
export type Check = (context: Context) => Iterable<Problem>

/** Values that name a file or directory, each with what it is for. */
function* namedPaths({
  kernels,
  images,
  probes,
  experiments,
}: ValidParts): Iterable<[use: PathUse, path: Path, text: string]> {
  for (const [name, { config, patches, source }] of Object.entries(kernels)) {
    for (const [index, text] of (config ?? []).entries()) yield ['config', ['kernels', name, 'config', index], text]
    for (const [index, text] of (patches ?? []).entries()) yield ['patch', ['kernels', name, 'patches', index], text]
    if (source && 'tree' in source) yield ['tree', ['kernels', name, 'source', 'tree'], source.tree]
  }
  for (const [name, { recipe }] of Object.entries(images)) yield ['recipe', ['images', name, 'recipe'], recipe]
  for (const [name, probe] of Object.entries(probes))
    if ('source' in probe) yield ['probe', ['probes', name, 'source'], probe.source]
  for (const [name, { workload }] of Object.entries(experiments)) {
    const path = ['experiments', name, 'workload', 'source']
    if (workload.source !== undefined) yield ['workload', path, workload.source]
  }
}

function* paths(context: Context): Iterable<Problem> {
  for (const [use, path, text] of namedPaths(context.lab)) {
    const problem = pathProblem(use, text, context, context.files)
    if (problem !== undefined) yield { severity: 'error', path, at: 'value', ...problem }
  }
}

/** Values that are the name of another entry, each with the section it must be in. */
function* namedEntries({
  kernels,
  vms,
  experiments,
}: ValidParts): Iterable<[section: Section, path: Path, name: string]> {
  for (const [name, kernel] of Object.entries(kernels)) {
    if (kernel.extends !== undefined) yield ['kernels', ['kernels', name, 'extends'], kernel.extends]
  }
  for (const [name, vm] of Object.entries(vms)) {
    yield ['images', ['vms', name, 'image'], vm.image]
    if (typeof vm.kernel === 'string') yield ['kernels', ['vms', name, 'kernel'], vm.kernel]
    else {
      yield ['kernels', ['vms', name, 'kernel', 'use'], vm.kernel.use]
      for (const [index, kernel] of (vm.kernel.fallback ?? []).entries()) {
        yield ['kernels', ['vms', name, 'kernel', 'fallback', index], kernel]
      }
    }
  }
  for (const [name, experiment] of Object.entries(experiments)) {
    if (experiment.vm !== undefined) yield ['vms', ['experiments', name, 'vm'], experiment.vm]
    for (const [index, probe] of experiment.probes.entries())
      yield ['probes', ['experiments', name, 'probes', index], probe]
    for (const [index, kernel] of (experiment.matrix?.kernel ?? []).entries())
      yield ['kernels', ['experiments', name, 'matrix', 'kernel', index], kernel]
    for (const [index, probe] of (experiment.matrix?.probe ?? []).entries())
      if (probe !== NO_PROBE) yield ['probes', ['experiments', name, 'matrix', 'probe', index], probe]
    for (const [index, { kernels: only, probes: withProbes }] of (experiment.expect ?? []).entries()) {
      for (const [at, kernel] of (only ?? []).entries()) {
        yield ['kernels', ['experiments', name, 'expect', index, 'kernels', at], kernel]
      }
      for (const [at, probe] of (withProbes ?? []).entries())
        yield ['probes', ['experiments', name, 'expect', index, 'probes', at], probe]
    }
  }
}

function* references(context: Context): Iterable<Problem> {
  for (const [section, path, name] of namedEntries(context.lab)) {
    const known = context.names[section]
    if (known === undefined || known.includes(name)) continue
    const thing = SECTIONS[section]
    const message = `${describe(path)}: there is no ${thing} "${name}"`
    const wayOut = nameWayOut(name, known, section, `declare it under "${section}:"`)
    yield { severity: 'error', path, at: 'value', message, wayOut }
  }
}

/** All checks. A new one is a new row. */
const CHECKS: readonly Check[] = [
  references,
  paths,
  ...KERNEL_CHECKS,
  ...VM_CHECKS,
  ...EXPERIMENT_CHECKS,
  ...MATRIX_CHECKS,
  ...EXPECTATION_CHECKS,
]

/** All problems between values. */
export const relationProblems = (context: Context): Problem[] => CHECKS.flatMap((check) => [...check(context)])
