/** `lab plan`: what would be done, and why; nothing is built, booted or fetched. */
import { named } from '../config/open.ts'
import { arms, fullName, onlyArms, type Overrides } from '../config/arms.ts'
import { labFor } from '../config/derived.ts'
import type { ResolvedExperiment, ResolvedLab, ResolvedVm } from '../config/resolved.ts'
import type { Context } from '../engine/context.ts'
import { plural } from '../engine/text.ts'
import { imageForecast, kernelForecast, type Forecast } from '../build/forecast.ts'
import { missingRequirements, packagesOf } from '../host/packages.ts'
import { toolsFor, treeFor, type Choices } from '../build/artefacts.ts'
import { placesOf, upVm } from '../vm/vm.ts'
import type { Answer } from '../ui/types.ts'
import { openApp } from './shared/app.ts'
import { choicesOf, refuseTwice } from './shared/choices.ts'
import { vmOf } from './shared/vm-name.ts'
import { defineCommand } from './command.ts'
import { KERNEL, SOURCE } from './shared/options.ts'

/** Arms that are named; the others are counted. */
const NAMED = 8

/** What the command line asks of the runs, instead of what the experiment says. */
export interface RunChoices {
  readonly overrides?: Overrides
  readonly only?: string | undefined
  readonly repeat?: number | undefined
  readonly start?: ResolvedExperiment['start'] | undefined
  readonly parallel?: ResolvedExperiment['parallel'] | undefined
}

const armsOf = (experiment: ResolvedExperiment, { overrides, only }: RunChoices) =>
  onlyArms(arms(experiment, overrides), only)

/** "4 arms (...) x 10 repeats, interleaved, after 1 warm-up of each; 2 VMs at a time". */
function runsText(experiment: ResolvedExperiment, vm: ResolvedVm, asked: RunChoices): string {
  const list = armsOf(experiment, asked)
  const names = list.slice(0, NAMED).map(({ name }) => name)
  const { until, order, warmup } = experiment
  const { repeat: times = experiment.repeat, parallel = experiment.parallel } = asked
  const start = vm.deterministic === true ? 'cold' : (asked.start ?? experiment.start)
  return [
    `${plural(list.length, 'arm')} (${[...names, ...(list.length > NAMED ? ['...'] : [])].join('; ')}) x ${until ? 'at most ' : ''}${plural(times, 'repeat')}`,
    ...(list.length > 1 ? [order] : []),
    ...(until ? [`an arm ends when ${until.metric} is known to ±${until.precision * 100} %`] : []),
    ...(warmup > 0 ? [`after ${plural(warmup, 'warm-up')} of each`] : []),
    ...(start === 'cold' ? ['each on a VM of its own'] : []),
    ...(start === 'warm' ? ['each from a snapshot of a VM that has booted'] : []),
    ...(parallel === 1
      ? []
      : [`${parallel === 'auto' ? 'as many VMs as the host allows' : plural(parallel, 'VM')} at a time`]),
  ].join(', ')
}

/** Every kernel that may be booted. */
const kernelsAsked = (vm: ResolvedVm, experiment: ResolvedExperiment | undefined, { kernel }: Choices) =>
  experiment?.matrix.kernel ?? [kernel ?? vm.kernel.use, ...(kernel === undefined ? vm.kernel.fallback : [])]

/** The plan for a VM, and for an experiment on it. */
export async function planAnswer(
  declared: ResolvedLab,
  vm: ResolvedVm,
  experiment: ResolvedExperiment | undefined,
  choices: Choices,
  context: Context,
  asked: RunChoices = {},
): Promise<Answer> {
  const lab = experiment ? labFor(declared, experiment) : declared
  const rows: Forecast[] = []
  const probes = (experiment?.probes ?? []).map((name) => named(lab.probes, 'probe', fullName(name)))
  const missing = missingRequirements(toolsFor(lab, kernelsAsked(vm, experiment, choices), probes))
  if (missing.length > 0) rows.push({ step: 'host packages', will: 'install', why: packagesOf(missing).join(' ') })
  const { source } = choices
  const forecast = (name: string) => kernelForecast(named(lab.kernels, 'kernel', name), context, treeFor(choices, name))
  const axis = experiment?.matrix.kernel && [
    ...new Set(armsOf(experiment, asked).flatMap(({ kernel }) => kernel ?? [])),
  ]
  for (const kernel of axis ?? [choices.kernel ?? vm.kernel.use]) rows.push(await forecast(kernel))
  if (choices.kernel === undefined && source === undefined && axis === undefined)
    for (const name of vm.kernel.fallback) rows.push({ ...(await forecast(name)), step: `  else kernel ${name}` })
  rows.push(await imageForecast(named(lab.images, 'image', vm.image), context))
  const up = await upVm(placesOf(lab.directory), vm.name)
  rows.push(
    up
      ? {
          step: `vm ${vm.name}`,
          will: 'use',
          why: `up since ${up.state.since}, if its kernel and image are still the ones above`,
        }
      : { step: `vm ${vm.name}`, will: 'boot', why: 'no VM is up' },
  )
  if (experiment) {
    rows.push({ step: `experiment ${experiment.name}`, will: 'run', why: runsText(experiment, vm, asked) })
  }
  return {
    text: rows.map(({ step, will, why }) => `${step.padEnd(24)} ${will.padEnd(8)} ${why}`).join('\n'),
    data: rows,
  }
}

export const command = defineCommand({
  usage: 'plan [experiment]',
  about: 'show what would be built, restored and booted, and why',
  options: [KERNEL, SOURCE],
  work: async (session, [name], options) => {
    const { lab, context } = openApp(session)
    const experiment = name !== undefined ? named(lab.experiments, 'experiment', name) : undefined
    const vm = named(lab.vms, 'vm', experiment?.vm ?? vmOf(lab, undefined))
    const choices = choicesOf(options)
    if (experiment) refuseTwice(experiment, choices)
    return await planAnswer(lab, vm, experiment, choices, context)
  },
})
