/** The runs of one plan are all under KVM or all under TCG: their times cannot be compared otherwise. */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../../engine/context.ts'
import { codeOf, labError } from '../../engine/error.ts'
import { partialIn } from '../../engine/process.ts'
import { chooseAccel, type Choice } from '../../host/accel.ts'
import { nodeName } from '../../host/this-host.ts'
import type { Prepared } from '../experiment.ts'
import type { PlannedRun } from '../plan/schedule.ts'

const KINDS = ['kvm', 'tcg'] as const

/** What the first task of the plan used; it is written once. */
async function settled(plan: string, accel: Choice['accel']): Promise<string> {
  const file = join(plan, 'accelerator')
  const written = partialIn(plan)
  try {
    await writeFile(written, `${accel}\n`)
    await link(written, file)
    return accel
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return (await readFile(file, 'utf8')).trim()
  } finally {
    await rm(written, { force: true })
  }
}

/**
 * Settles what runs on this node use, before any of them boots.
 * @throws a lab's Failure where other runs of the plan use something else
 */
export async function needOneAccelerator(
  plan: string,
  { arms, ready, early }: Prepared,
  due: readonly PlannedRun[],
  { cache, signal }: Context,
): Promise<void> {
  const first = due.map((run) => arms[run.arm]).find((arm) => arm && (early.get(arm) ?? []).length === 0)
  const vm = ready.get(first?.kernel)?.vm
  if (first === undefined || vm === undefined) return
  const { accel, reason } = await chooseAccel(vm.accel ?? vm.vm.accel, cache, vm.kernel.image, signal)
  const others = await settled(plan, accel)
  if (others === accel) return
  throw labError({
    place: `node ${nodeName()}`,
    fact: `it would run under ${accel} (${reason}), and the other runs of the plan ran under ${others}: ${KINDS.join(' and ')} are never mixed`,
    wayOut:
      others === 'kvm'
        ? 'set `constraint:` in the profile to the nodes that have KVM, then --resume'
        : 'run all of it with --accel tcg, or set `constraint:` in the profile to nodes that have KVM and start over',
  })
}
