/** Answers that follow from the names in a lab file alone: what a kernel extends, which VM an experiment uses. */
import { bytesOf, type Experiment, type Kernel, type Vm } from './schema/schema.ts'
import { DEFAULTS } from './defaults.ts'

type Kernels = Readonly<Record<string, Kernel>>

const own = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/**
 * A kernel and what it extends, nearest first.
 * @returns `ends`: `root` at a kernel that extends nothing, `cycle` where a name comes back (it is then the last of the
 * chain, again),
 *   `broken` at a kernel that is missing or has problems of its own
 */
export function chainOf(kernels: Kernels, name: string): { chain: string[]; ends: 'root' | 'cycle' | 'broken' } {
  const chain: string[] = []
  for (let next: string | undefined = name; next !== undefined; next = own(kernels, next)?.extends) {
    if (chain.includes(next)) return { chain: [...chain, next], ends: 'cycle' }
    if (own(kernels, next) === undefined) return { chain, ends: 'broken' }
    chain.push(next)
  }
  return { chain, ends: 'root' }
}

/** The VM an experiment uses: the one it names, else `default`, else the only one. Undefined where that is open. */
export function vmOf(experiment: Pick<Experiment, 'vm'>, vms: readonly string[]): string | undefined {
  return experiment.vm ?? (vms.includes('default') ? 'default' : vms.length === 1 ? vms[0] : undefined)
}

/** How the CPUs of a VM are arranged, where that is declared. */
export function topologyOf({ cpus }: Pick<Vm, 'cpus'>): { sockets: number; cores: number } | undefined {
  if (typeof cpus !== 'object') return undefined
  const { sockets = 1, cores = 1 } = cpus
  return { sockets, cores }
}

/** The CPUs of a VM: a deterministic one has one, where it says nothing. */
export function cpusOf(vm: Pick<Vm, 'deterministic' | 'cpus'>): number {
  const topology = topologyOf(vm)
  if (topology) return topology.sockets * topology.cores
  if (typeof vm.cpus === 'number') return vm.cpus
  return vm.deterministic === 'yes' ? 1 : DEFAULTS.cpus
}

/** The NUMA nodes of a VM. Equal ones share its CPUs and memory; checks/relate-numa.ts sees that they can. */
export function nodesOf(
  vm: Pick<Vm, 'deterministic' | 'cpus' | 'memory' | 'numa'>,
): { cpus: number; memory: number }[] {
  const { numa } = vm
  if (numa === undefined) return []
  if (typeof numa !== 'number') return numa.map(({ cpus, memory }) => ({ cpus, memory: bytesOf(memory) }))
  const memory = bytesOf(vm.memory ?? DEFAULTS.memory)
  return Array.from({ length: numa }, () => ({ cpus: cpusOf(vm) / numa, memory: memory / numa }))
}

/** More arms than anybody runs, and fewer than would fill the memory when they are listed. */
export const MOST_ARMS = 10_000
