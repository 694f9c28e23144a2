/** `--kernel`, `--source` and `--accel` as the choices of a step. */
import type { Choices } from '../../build/artefacts.ts'
import { arms, onlyArms, type Overrides } from '../../config/arms.ts'
import { isPrebuilt } from '../../config/prebuilt.ts'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import { userError } from '../../engine/error.ts'

export const choicesOf = ({ kernel, source, accel }: Partial<Choices>): Choices => ({ kernel, source, accel })

/** `--kernel` is for experiments that do not choose kernels themselves. @throws a user's Failure */
export function refuseTwice({ name, matrix }: ResolvedExperiment, { kernel }: Choices): void {
  if (kernel === undefined || matrix.kernel === undefined) return
  throw userError({
    place: `--kernel ${kernel}`,
    fact: `experiment ${name} compares kernels itself (matrix.kernel)`,
    wayOut: `--only kernel=${kernel} takes the arms of one`,
  })
}

/**
 * The kernel that `--source` is the tree of, among those of the arms that will run: the only one that is built.
 * @returns undefined where the experiment runs on one kernel, which its VM names
 * @throws a user's Failure where two kernels are built, which one tree would make the same
 */
function sourceKernelOf(
  lab: ResolvedLab,
  experiment: ResolvedExperiment,
  overrides: Overrides,
  only: string | undefined,
): string | undefined {
  const list = onlyArms(arms(experiment, overrides), only)
  const kernels = [...new Set(list.flatMap(({ kernel }) => kernel ?? []))]
  const built = kernels.filter((name) => lab.kernels[name] !== undefined && !isPrebuilt(lab.kernels[name].source))
  if (built.length > 1)
    throw userError({
      place: '--source',
      fact: `it is the tree of one kernel, and experiment ${experiment.name} builds ${built.join(' and ')}`,
      wayOut: `\`--only kernel=${built[0]}\` runs the arms of one; \`source: { tree: DIR }\` in lab.yaml gives each kernel a tree of its own`,
    })
  // With prebuilt kernels alone, the first one says why it takes no tree.
  return built[0] ?? kernels[0]
}

/** The choices for one experiment. @throws a user's Failure where they contradict what it declares */
export function choicesFor(
  lab: ResolvedLab,
  experiment: ResolvedExperiment,
  options: Partial<Choices> & { readonly only?: string | undefined },
  overrides: Overrides,
): Choices {
  const choices = choicesOf(options)
  refuseTwice(experiment, choices)
  if (choices.source === undefined) return choices
  return { ...choices, sourceKernel: sourceKernelOf(lab, experiment, overrides, options.only) }
}
