/** Failures that come before a VM boots, and the result of a run that declares them. */
import type { Arm } from '../../config/arms.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { argvOf } from '../../config/text/words.ts'
import type { Failed } from '../../trace/expect/expect-failure.ts'
import { Failure } from '../../engine/error.ts'
import { moment } from '../../engine/moment.ts'
import type { Context } from '../../engine/context.ts'
import type { ExperimentRequest } from '../request.ts'
import type { RunOutcome } from '../outcome.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { Places } from '../../vm/vm.ts'
import { analyseInTime } from '../judge/analyse.ts'
import { failuresExpectedOn } from '../judge/expectations.ts'
import type { Manifest } from '../../results/manifest.ts'
import { noMeta } from './meta.ts'
import { record, type Collected, type RunTurn } from './record.ts'
import { newRunId, putResult } from '../../results/result.ts'
import { SlotReader, type Described } from './slots.ts'
import { checkTyped } from './typed.ts'

/** A result for a run that fails before a guest is asked, as its experiment declares. */
export async function withoutGuest(
  request: ExperimentRequest,
  artefacts: RunArtefacts,
  turn: RunTurn,
  before: readonly Failed[],
  places: Places,
  context: Context,
): Promise<RunOutcome> {
  const { experiment } = request
  const started = moment()
  const { kernel, kernelWanted, image } = artefacts.vm
  const state = {
    kernel: { ...kernel, compat: [...kernel.compat], wanted: kernelWanted },
    image,
    accel: { accel: 'tcg', asked: 'auto', reason: 'no VM was needed' } as const,
    argv: [],
    guest: { bootId: '', clocksource: '' },
  }
  const session = {
    request,
    artefacts,
    bundle: '',
    events: [],
    described: [],
    meta: noMeta(),
    freshMeta: () => Promise.resolve(noMeta()),
    vm: { dir: undefined, origin: 'none', state } as const,
  }
  const guest = { lines: [], files: new Map<string, Buffer>(), stderr: '' }
  const maps = { slots: [], maps: [] }
  const argv = argvOf(experiment.workload.run, turn.arm.params)
  const collected: Collected = { ...turn, run: turn.name ?? newRunId(started.date), started, argv, guest, maps }
  const analysis = analyseInTime({
    experiment,
    arm: turn.arm,
    kernel: kernel.name,
    lines: [],
    report: '',
    stats: [],
    stdout: '',
    stderr: '',
    dmesg: undefined,
    console: undefined,
    maps,
    before,
  })
  let manifest: Manifest | undefined
  const dir = await putResult(places.results, experiment.name, collected.run, async (to) => {
    manifest = await record(session, to, collected, analysis, context)
  })
  if (!manifest) throw new Error('a result was put in place without having been written')
  return { dir, manifest, own: [] }
}

/**
 * What fails before a VM boots.
 * @param described types of `things.objects`
 * @throws the failure itself where the experiment does not declare it for this arm
 */
export function failedBefore(
  experiment: ResolvedExperiment,
  artefacts: RunArtefacts,
  arm: Arm,
  described: readonly Described[],
): Failed[] {
  const declared = failuresExpectedOn(experiment, artefacts.vm.kernel.name, arm).map(({ failure }) => failure)
  const names = arm.probes ?? experiment.probes
  const compile = artefacts.notCompiled.filter(({ probe }) => names.includes(probe)).map(({ failure }) => failure)
  const [first] = compile
  if (first && !declared.includes('compile')) throw first
  if (first) return compile.map(({ parts, said }) => ({ stage: 'compile', fact: parts.fact, said }))
  checkTyped(
    described.filter(({ name }) => names.some((probe) => name === `${probe}.bpf.o`)),
    experiment.trace.clock,
    `experiment ${experiment.name}`,
  )
  // Arms with probes of their own take the slots that these have; they are read with each run.
  if (arm.probes !== undefined) return []
  try {
    new SlotReader(described, arm.params, `experiment ${experiment.name}`).read(experiment.maps)
    return []
  } catch (error) {
    if (!(error instanceof Failure) || !declared.includes('slot')) throw error
    return [{ stage: 'slot', fact: error.message, said: [error.parts.fact] }]
  }
}
