/**
 * VMs that work through a plan, several at a time. A worker keeps its VM from run to run where runs may share one, and
 * takes what its VM can do before anything else.
 */
import { availableParallelism } from 'node:os'
import type { Context } from '../../engine/context.ts'
import { interrupted } from '../../engine/error.ts'

/** Memory that QEMU itself and the host's share of a run take beside the guest's. Bytes. */
const BESIDE = 256 * 2 ** 20

interface Host {
  readonly cpus: number
  readonly freeBytes: number
}
/** What this process may use: a job's cgroup or a container has less than the machine. */
const thisHost = (): Host => ({ cpus: availableParallelism(), freeBytes: process.availableMemory() })

/** How many VMs of this size have room in the host's free memory; one at least. */
const inMemory = (memory: number, { freeBytes }: Host): number => Math.max(1, Math.floor(freeBytes / (memory + BESIDE)))

/**
 * How many VMs of this size the host can run at once without one disturbing the other: a CPU of the host for each CPU
 * that is busy.
 */
export function budget(vm: { readonly cpus: number; readonly memory: number }, host: Host = thisHost()): number {
  // A tracing workload keeps one CPU of its guest busy; the others are there to be traced across.
  return Math.min(Math.max(host.cpus, 1), inMemory(vm.memory, host))
}

/**
 * How many of the VMs that somebody asks for run at once: never more than have room, because the host would end one of
 * them in the middle of a run. More than the host has CPUs for is what was asked for, and is said.
 */
export function affordable(
  asked: number,
  vm: { readonly cpus: number; readonly memory: number },
  host: Host = thisHost(),
): { readonly count: number; readonly why?: string } {
  const room = inMemory(vm.memory, host)
  const megabytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MB`
  if (asked > room)
    return {
      count: room,
      why: `${asked} VMs of ${megabytes(vm.memory + BESIDE)} have no room in the ${megabytes(host.freeBytes)} that are free: ${room} at a time`,
    }
  return asked > host.cpus
    ? { count: asked, why: `${asked} VMs share ${host.cpus} CPUs: times of one run depend on the others` }
    : { count: asked }
}

export interface Work<Item> {
  /** The next thing to do for a worker; `kept` is what its VM was last used for. Undefined: nothing is left. */
  readonly next: (kept: Item | undefined) => Item | undefined
  /** Does one thing; `worker` counts from 0. */
  readonly run: (item: Item, worker: number) => Promise<void>
  /** Lets go of what a worker holds. */
  readonly close: (worker: number) => Promise<void>
}

/**
 * Runs `count` workers until nothing is left. The first failure stops the others after what they are at, and is thrown
 * when all have let go.
 */
export async function workers<Item>(
  count: number,
  { next, run, close }: Work<Item>,
  { signal }: Pick<Context, 'signal'>,
): Promise<void> {
  const failures: unknown[] = []
  const work = async (worker: number) => {
    let item: Item | undefined
    try {
      while (failures.length === 0 && !signal.aborted && (item = next(item)) !== undefined) await run(item, worker)
    } catch (error) {
      failures.push(error)
    } finally {
      await close(worker).catch((error: unknown) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: count }, (_, worker) => work(worker)))
  if (signal.aborted) throw interrupted()
  if (failures.length > 0) throw failures[0]
}

/** Takes the first item that suits what a worker holds, else the first of all; the list is changed. */
export function takeFirst<Item>(list: Item[], suits: (item: Item) => boolean): Item | undefined {
  const at = list.findIndex(suits)
  return list.splice(Math.max(at, 0), 1)[0]
}
