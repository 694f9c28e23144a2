/**
 * VMs that work through a plan, several at a time. A worker keeps its VM from run to run where runs may share one, and takes what its VM can
 * do before anything else.
 */
import { availableParallelism, freemem } from 'node:os'
import type { Context } from '../engine/context.ts'
import { interrupted } from '../engine/error.ts'

/** Memory that QEMU itself and the host's share of a run take beside the guest's. Bytes. */
const BESIDE = 256 * 2 ** 20

/** How many VMs of this size the host can run at once without one disturbing the other: a CPU of the host for each CPU that is busy. */
export function budget(
  vm: { readonly cpus: number; readonly memory: number },
  host: { readonly cpus: number; readonly freeBytes: number } = { cpus: availableParallelism(), freeBytes: freemem() },
): number {
  // A tracing workload keeps one CPU of its guest busy; the others are there to be traced across.
  return Math.max(1, Math.min(host.cpus, Math.floor(host.freeBytes / (vm.memory + BESIDE))))
}

export interface Work<Item> {
  /** The next thing to do for a worker; `kept` is what its VM was last used for. Undefined: nothing is left. */
  readonly next: (kept: Item | undefined) => Item | undefined
  /** Does one thing; `worker` counts from 0. */
  readonly run: (item: Item, worker: number) => Promise<void>
  /** Lets go of what a worker holds. */
  readonly close: (worker: number) => Promise<void>
}

/** Runs `count` workers until nothing is left. The first failure stops the others after what they are at, and is thrown when all have let go. */
export async function workers<Item>(
  count: number,
  { next, run, close }: Work<Item>,
  { signal }: Pick<Context, 'signal'>,
): Promise<void> {
  const failures: unknown[] = []
  const one = async (worker: number) => {
    let item: Item | undefined
    try {
      while (failures.length === 0 && !signal.aborted && (item = next(item)) !== undefined) await run(item, worker)
    } catch (error) {
      failures.push(error)
    } finally {
      await close(worker).catch((error: unknown) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: count }, (_, worker) => one(worker)))
  if (signal.aborted) throw interrupted()
  if (failures.length > 0) throw failures[0]
}

/** Takes the first item that suits what a worker holds, else the first of all; the list is changed. */
export function takeFirst<Item>(list: Item[], suits: (item: Item) => boolean): Item | undefined {
  const at = list.findIndex(suits)
  return list.splice(Math.max(at, 0), 1)[0]
}
