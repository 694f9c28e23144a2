/**
 * The checks that need more than one value: names that refer to others, files, limits of the host. All problems are
 * reported at once: names and files of every entry, whatever else is wrong with it, and every other check over every
 * entry that has the right shape.
 */
import { NO_PROBE } from '../arms.ts'
import { SECTIONS, type Section, describe } from '../describe.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { pathProblem } from '../paths.ts'
import { textsAt } from '../leaves.ts'
import { ALLOW_CHECKS } from './relate-allow.ts'
import { EXPERIMENT_CHECKS } from './relate-experiments.ts'
import { EXPECTATION_CHECKS } from './relate-expectations.ts'
import { KERNEL_CHECKS } from './relate-kernels.ts'
import { MATRIX_CHECKS } from './relate-matrix.ts'
import { PREBUILT_CHECKS } from './relate-prebuilt.ts'
import { PUBLISHED_CHECKS } from './relate-published.ts'
import { WORKLOAD_CHECKS } from './relate-workload.ts'
import { MODULE_CHECKS } from './relate-modules.ts'
import { MACHINE_CHECKS } from './relate-machine.ts'
import { NETWORK_CHECKS } from './relate-networks.ts'
import { NUMA_CHECKS } from './relate-numa.ts'
import { SHARE_CHECKS } from './relate-shares.ts'
import { VM_CHECKS } from './relate-vms.ts'
import { PATHS } from './named-paths.ts'
import { nameWayOut } from '../text/suggest.ts'
import { pathText } from '../text/yaml-location.ts'
import type { Check, Context } from './check.ts'

/** Values that are the name of another entry, and the section that it must be in. */
const REFERENCES: readonly (readonly [section: Section, place: string])[] = [
  ['kernels', 'kernels.*.extends'],
  ['images', 'vms.*.image'],
  ['kernels', 'vms.*.kernel'],
  ['kernels', 'vms.*.kernel.use'],
  ['kernels', 'vms.*.kernel.fallback.*'],
  ['kernels', 'probes.*.types'],
  ['vms', 'experiments.*.vm'],
  ['probes', 'experiments.*.probes.*'],
  ['probes', 'experiments.*.metrics.*.of'],
  ['kernels', 'experiments.*.matrix.kernel.*'],
  ['probes', 'experiments.*.matrix.probe.*'],
  ['kernels', 'experiments.*.expect.*.kernels.*'],
  ['probes', 'experiments.*.expect.*.probes.*'],
]

/** Texts of these places in all entries, also in those that have other problems. */
function* textsOf<T>({ data, wrong }: Context, rows: readonly (readonly [T, string])[]): Iterable<[T, Path, string]> {
  for (const [what, place] of rows)
    for (const [path, text] of textsAt(data, place)) if (!wrong.has(pathText(path))) yield [what, path, text]
}

function* paths(context: Context): Iterable<Problem> {
  if (context.files === undefined) return
  for (const [use, path, text] of textsOf(context, PATHS)) {
    const problem = pathProblem(use, text, context, context.files)
    if (problem !== undefined) yield { severity: 'error', path, at: 'value', ...problem }
  }
}

function* references(context: Context): Iterable<Problem> {
  for (const [section, path, name] of textsOf(context, REFERENCES)) {
    const known = context.names[section]
    if (known === undefined || known.includes(name)) continue
    if (name === NO_PROBE && path.includes('matrix')) continue
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
  ...PREBUILT_CHECKS,
  ...VM_CHECKS,
  ...MACHINE_CHECKS,
  ...NETWORK_CHECKS,
  ...SHARE_CHECKS,
  ...NUMA_CHECKS,
  ...EXPERIMENT_CHECKS,
  ...WORKLOAD_CHECKS,
  ...MODULE_CHECKS,
  ...MATRIX_CHECKS,
  ...EXPECTATION_CHECKS,
  ...ALLOW_CHECKS,
  ...PUBLISHED_CHECKS,
]

/** All problems between values. */
export const relationProblems = (context: Context): Problem[] => CHECKS.flatMap((check) => [...check(context)])
