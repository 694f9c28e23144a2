/** Makes the runs that are due of a block, on this node. */
import { rm } from 'node:fs/promises'
import { step, type Context } from '../../engine/context.ts'
import { labError } from '../../engine/error.ts'
import { makeScratch } from '../../engine/scratch.ts'
import { printable } from '../../engine/printable.ts'
import { servedHere } from '../../build/sharing.ts'
import { nodeName } from '../../host/this-host.ts'
import { toolVersion } from '../../host/tool-version.ts'
import { which } from '../../host/which.ts'
import { carryOut, triesIn, type Prepared } from '../experiment.ts'
import { earlierRuns } from '../plan/earlier.ts'
import type { Problem } from '../plan/left.ts'
import { needOneAccelerator } from './accelerator.ts'
import { runName } from './blocks.ts'
import { onNodeDisk } from './capsule.ts'
import { attemptsAt, runsOfBlock } from './done.ts'
import { placesOfTask, readBody, type PlanHeader } from './stored-plan.ts'

const QEMU = 'qemu-system-x86_64'

/**
 * The tools of a run made here: compilers of the host that built everything, QEMU of this node. Another QEMU than where
 * the plan was made is a warning, and the manifest of each run says which one it was.
 * @throws a lab's Failure for a node without QEMU
 */
async function toolsHere(planned: Prepared['tools'], { cache, signal, emit }: Context): Promise<Prepared['tools']> {
  const place = `node ${nodeName()}`
  if (which(QEMU) === undefined)
    throw labError({
      place,
      reason: 'not-installed',
      fact: `${QEMU} is not there`,
      wayOut:
        'load its module in `prologue:` of the profile (`- module load qemu`) or name nodes that have it (`constraint:`), then --resume',
    })
  const here = await toolVersion(QEMU, cache, signal)
  const there = planned[QEMU]
  if (there !== undefined && there !== here)
    emit({
      type: 'notice',
      level: 'warning',
      place,
      text: `this node has another QEMU than the host of the plan: ${printable(here, 100)} here, ${printable(there, 100)} there; the manifests say which run had which`,
    })
  return { ...planned, [QEMU]: here }
}

/** A block of a plan, and where to work. */
export interface BlockTask {
  /** Of the plan. */
  readonly dir: string
  readonly plan: PlanHeader
  readonly block: number
  /**
   * A directory on the node's own disk, for copies of what the runs are made of; undefined: the cache's files are used.
   */
  readonly scratch?: string | undefined
}

/** What was built, with what this node serves to guests. */
async function servedOnNode(ready: Prepared['ready'], { signal }: Context): Promise<Prepared['ready']> {
  const served = new Map<string | undefined, NonNullable<ReturnType<Prepared['ready']['get']>>>()
  for (const [kernel, artefacts] of ready) {
    const { vm } = artefacts
    const sharing = vm.sharing && (await servedHere(vm.sharing, `node ${nodeName()}`, signal))
    served.set(kernel, { ...artefacts, vm: { ...vm, sharing } })
  }
  return served
}

/** Carries out what is due of a block. @returns the runs that left no result */
export async function workOff(
  { dir, plan, block, scratch: nodeDisk }: BlockTask,
  context: Context,
): Promise<readonly Problem[]> {
  const { wanted, prepared, runs: all } = await readBody(dir, plan)
  const indexes = runsOfBlock(plan, block)
  const made = earlierRuns(await attemptsAt(plan, indexes), triesIn(wanted.experiment, prepared, all))
  const due = indexes.flatMap((index) => (made.done.has(index) ? [] : (all[index] ?? [])))
  if (due.length === 0) return []
  const tools = await toolsHere(prepared.tools, context)
  await needOneAccelerator(dir, prepared, due, context)
  const scratch = await makeScratch('task')
  try {
    const { arms, early, kept, disks } = prepared
    const served = await servedOnNode(prepared.ready, context)
    const ready = nodeDisk === undefined ? served : await onNodeDisk(served, nodeDisk, context)
    const named = { made: plan.started, of: (index: number, attempt: number) => runName(plan, index, attempt) }
    const name = `experiment ${plan.experiment}`
    const planned = due.length
    return await step(context, name, `${name}, block ${block + 1} of ${plan.blocks}`, async (handle) => {
      const { leftovers, results } = await carryOut(
        { ...wanted, prepare: () => Promise.reject(new Error('a task builds nothing')) },
        { arms, ready, early, kept, disks, tools, journal: plan, named, ...made, runs: due, count: 1 },
        placesOfTask(scratch, plan),
        context,
        handle,
      )
      const { problems } = leftovers
      const detail = `${results.size} of ${planned} runs have a result`
      return { outcome: problems.length === 0 ? 'done' : 'failed', detail, value: problems }
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
