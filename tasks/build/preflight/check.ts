/** Every hook of every probe of a lab on every kernel of it, before anything boots. */
import { arms, fullName } from '../../config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { kernelsOf, usersOf, workloadLabel } from '../probe/lint.ts'
import { kernelSides } from '../workload-parts.ts'
import type { HookState } from '../../linux/symbols/verdict.ts'
import type { SourceProbe } from '../probe/command.ts'
import {
  programsOfSamples,
  programsOfScripts,
  ProgramReader,
  type CheckedPrograms,
  type NotCompiled,
} from './check-programs.ts'
import { CheckCompiler } from './compiled.ts'
import { waysOut } from './fixes.ts'
import { judgeHooks } from './judge.ts'
import { openKernel, type KernelView } from './kernel.ts'
import { inModule, modulesWith } from './modules.ts'

/** A program of a probe on one kernel. */
export interface CheckedHook extends HookState {
  readonly probe: string
  readonly program: string
  /** file:line:col of its SEC(). */
  readonly place: string
  readonly hook: string
  readonly kernel: string
  /** An experiment declares that it cannot be attached, or may do without it. */
  readonly expected: boolean
  /** An experiment may run it on this kernel. */
  readonly used: boolean
  /** Lines of lab.yaml or of the probe, each a way out by itself. */
  readonly ways: readonly (readonly string[])[]
}

export interface CheckedKernel {
  readonly kernel: string
  readonly state: KernelView['state']
  readonly note: string | undefined
}

export interface HookCheck {
  readonly kernels: readonly CheckedKernel[]
  readonly hooks: readonly CheckedHook[]
  /** Probes that do not compile. */
  readonly failed: readonly CheckedProbe[]
}

/** A probe that does not compile for one kernel. */
export interface CheckedProbe extends NotCompiled {
  readonly kernel: string
  readonly expected: boolean
  readonly used: boolean
}

/** What is to be said of a kernel beside its hooks. */
const noteOf = ({ note }: KernelView, unread: readonly string[], read: CheckedPrograms['read']): string | undefined =>
  [
    note,
    unread.length > 0 ? `no source of its samples here, so their hooks are not known: ${unread.join(', ')}` : undefined,
    ...[...read].map(
      ([lacks, probes]) => `not compiled (${lacks}), so that their hooks are those of their text: ${probes.join(', ')}`,
    ),
  ]
    .filter((line) => line !== undefined)
    .join('; ') || undefined

interface Use {
  readonly expected: boolean
  /** Of experiments that are not skipped; all kernels where no experiment has the probe. */
  readonly kernels: ReadonlySet<string>
}

/** The kernels that an experiment runs a probe on: `exclude:` may leave it out on some. */
function kernelsWith(lab: ResolvedLab, experiment: ResolvedExperiment, probe: string): readonly string[] {
  const isInEveryArm = probe === workloadLabel(experiment.name)
  if (isInEveryArm || !experiment.matrix.kernel || !experiment.matrix.probe) return kernelsOf(lab, experiment)
  return arms(experiment)
    .filter(({ probes = experiment.probes }) => probes.map(fullName).includes(probe))
    .flatMap(({ kernel }) => kernel ?? kernelsOf(lab, experiment))
}

function useOf(lab: ResolvedLab, probe: string, failures: readonly string[]): Use {
  const users = usersOf(lab, probe)
  const kernels = users
    .filter(({ skip }) => skip === undefined)
    .flatMap((experiment) => kernelsWith(lab, experiment, probe))
  return {
    expected: users.some(({ expect }) =>
      expect.some(
        (expectation) =>
          'failure' in expectation && expectation.failure !== undefined && failures.includes(expectation.failure),
      ),
    ),
    kernels: new Set(users.length > 0 ? kernels : Object.keys(lab.kernels)),
  }
}

/** One kernel, and where its source is taken from instead. */
export interface CheckRequest {
  readonly only?: string | undefined
  readonly source?: string | undefined
}

/** Checks the hooks of all probes of a lab. Probes are compiled; no kernel is built or fetched. */
export async function checkHooks(lab: ResolvedLab, context: Context, request: CheckRequest = {}): Promise<HookCheck> {
  const { only, source } = request
  const declared = Object.values(lab.probes).filter((probe): probe is SourceProbe => 'source' in probe)
  // A workload may bring programs and a loader of its own.
  const sides = Object.values(lab.experiments).flatMap(({ name, workload }) =>
    kernelSides(workload).map((side) => ({ ...side, name: workloadLabel(name) })),
  )
  const probes = [...declared, ...sides]
  const scripts = await programsOfScripts(Object.values(lab.probes).filter((probe) => 'script' in probe))
  const samples = Object.values(lab.probes).filter((probe) => 'sample' in probe)
  const reader = new ProgramReader(new CheckCompiler(lab, context), context.toolRoot)
  const kernels: CheckedKernel[] = []
  const hooks: CheckedHook[] = []
  const failed: CheckedProbe[] = []
  for (const kernel of Object.values(lab.kernels)) {
    if (only !== undefined && kernel.name !== only) continue
    const view = await openKernel(kernel, context, source)
    const own = await programsOfSamples(samples, view, reader.parsed)
    const ours = await reader.read(probes, view, source, (probe) => useOf(lab, probe, []).kernels.has(kernel.name))
    kernels.push({ kernel: kernel.name, state: view.state, note: noteOf(view, own.unread, ours.read) })
    for (const failure of ours.failed) {
      const use = useOf(lab, failure.probe, ['compile'])
      failed.push({ ...failure, kernel: kernel.name, expected: use.expected, used: use.kernels.has(kernel.name) })
    }
    const found = [...own.found, ...ours.found, ...scripts]
    const verdicts = await judgeHooks(
      found.map(({ program }) => program.hook),
      view,
    )
    for (const [index, alone] of verdicts.entries()) {
      const judged = found[index]
      if (!judged) continue
      const { hook, fixes, ...verdict } = inModule(alone, modulesWith(lab, judged.probe))
      const { probe, optional, place, program } = judged
      const use = useOf(lab, probe, ['attach', 'load'])
      hooks.push({
        probe,
        program: program.program,
        place,
        hook: hook.section,
        kernel: kernel.name,
        ...verdict,
        ways: waysOut(fixes, kernel),
        expected: use.expected || optional.includes(program.program),
        used: use.kernels.has(kernel.name),
      })
    }
  }
  return { kernels, hooks, failed }
}

/** Probes that do not compile where an experiment needs them. */
export const wrongProbes = ({ failed }: HookCheck): readonly CheckedProbe[] =>
  failed.filter(({ expected, used }) => !expected && used)

/** Hooks that will be refused where nobody expects it. */
export const wrongHooks = ({ hooks }: HookCheck): readonly CheckedHook[] =>
  hooks.filter(({ attachable, expected, used }) => attachable === false && !expected && used)
