/** A VM with everything deployed that the runs of an experiment need on its kernel. */
import type { Context } from '../engine/context.ts'
import type { ExperimentWanted } from '../experiment.ts'
import type { Ready } from '../plan.ts'
import type { openVm, Places } from '../vm.ts'
import { bundleOf, deploy } from './deploy.ts'
import { needStrace } from './guest-run.ts'
import { PROCESS_EVENTS } from './holder.ts'
import { bootMeta } from './meta.ts'
import { deployables, type Session } from './record.ts'
import { describeObjects } from './slots.ts'

/** Opens a VM of one kernel. Closing the VM closes the session: it has nothing of its own. */
export async function openSession(
  wanted: ExperimentWanted,
  things: Ready,
  open: typeof openVm,
  ownOne: boolean,
  places: Places,
  context: Context,
): Promise<Session> {
  const programs = bundleOf(deployables(things))
  const vm = await open({ ...things.vm, bundle: programs }, places, context, ownOne)
  try {
    if (wanted.strace === true) await needStrace(vm, context.signal)
    const bundle = await deploy(vm, programs, context.signal)
    const events = [...new Set([...PROCESS_EVENTS, ...wanted.experiment.trace.events])]
    const meta = await bootMeta(vm, `${bundle}/${things.holder.name}`, events, context)
    return { wanted, things, vm, bundle, meta, events, described: await describeObjects(things.objects) }
  } catch (error) {
    await vm[Symbol.asyncDispose]()
    throw error
  }
}
