/**
 * Hooks that the kernel will refuse, found before a VM boots; a run whose experiment declares that goes on and must see
 * it.
 */
import type { Arm } from '../../config/arms.ts'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import type { RunArtefacts } from '../../build/artefacts.ts'
import type { ObjectFindings } from '../../build/preflight/findings.ts'
import { findingsIn } from '../../build/preflight/objects.ts'
import { failuresExpectedOn } from './expectations.ts'
import type { Refused } from './refused.ts'

/**
 * Refuses an arm whose programs cannot be attached, and says which object is for another kernel.
 * @param lab as it is for this experiment (`labFor`) @param source `--source`
 * @throws a user's error where nobody declares that failure
 */
export async function preflight(
  lab: ResolvedLab,
  experiment: ResolvedExperiment,
  artefacts: RunArtefacts,
  arm: Arm,
  source: string | undefined,
  context: Context,
): Promise<void> {
  const { kernel } = artefacts.vm
  const place = `experiment ${experiment.name}`
  const wanted = failuresExpectedOn(experiment, kernel.name, arm).map(({ failure }) => failure)
  const refused: Refused[] = []
  const inWorkload: ObjectFindings['inWorkload'] = []
  for (const object of artefacts.objects) {
    if (!(arm.probes ?? experiment.probes).includes(object.probe)) continue
    const { version, ...found } = await findingsIn(object, kernel, artefacts.modules, context)
    const probe = lab.probes[object.probe]
    const optional = probe && 'optional' in probe ? probe.optional : []
    for (const hook of found.refused)
      if (!optional.includes(hook.program)) refused.push({ ...hook, probe: object.probe })
    inWorkload.push(...found.inWorkload.filter(({ program }) => !optional.includes(program)))
    if (!version || wanted.includes('load')) continue
    const at = `probe ${object.probe}`
    if (version.level === 'error') throw userError({ place: at, fact: version.fact, wayOut: version.wayOut })
    const { fact: text, wayOut } = version
    context.emit({ type: 'notice', level: 'warning', standing: true, place: at, text, wayOut })
  }
  // A program that does not load is not attached; another failure that is expected comes before.
  if (wanted.some((stage) => ['attach', 'load', 'verifier'].includes(stage))) return
  if (inWorkload.length > 0) {
    const { refuseInWorkload } = await import('../../build/preflight/workload.ts')
    await refuseInWorkload(inWorkload, artefacts.workload, place)
  }
  const declared = lab.kernels[kernel.name]
  if (refused.length === 0 || !declared) return
  const { refusal } = await import('./refusal.ts')
  throw await refusal(refused, artefacts, declared, place, source, context)
}
