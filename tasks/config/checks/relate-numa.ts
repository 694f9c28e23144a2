/** Checks of NUMA nodes: they are the CPUs and the memory of their VM, all of it and nothing more. */
import { sizeText } from '../describe.ts'
import { DEFAULTS } from '../defaults.ts'
import { cpusOf, nodesOf, vmOf } from '../lookup.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { bytesOf, type Vm } from '../schema/schema.ts'
import type { Check } from './check.ts'

/** QEMU is given memory in these. */
const MEBIBYTE = 2 ** 20

function problemOf(vm: Vm): Pick<Problem, 'message' | 'wayOut'> | undefined {
  const nodes = nodesOf(vm)
  const [cpus, memory] = [cpusOf(vm), bytesOf(vm.memory ?? DEFAULTS.memory)]
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  if (nodes.some((node) => !Number.isInteger(node.cpus) || node.memory % MEBIBYTE !== 0))
    return {
      message: `${nodes.length} equal nodes cannot share ${cpus} CPUs and ${sizeText(memory)} of memory`,
      wayOut: 'change `cpus:` or `memory:`, or write a list of nodes with their `cpus:` and `memory:`',
    }
  const ofNodes = { cpus: sum(nodes.map((node) => node.cpus)), memory: sum(nodes.map((node) => node.memory)) }
  if (ofNodes.cpus !== cpus)
    return { message: `its nodes have ${ofNodes.cpus} CPUs, and the VM has ${cpus}`, wayOut: 'make the two equal' }
  if (ofNodes.memory !== memory)
    return {
      message: `its nodes have ${sizeText(ofNodes.memory)} of memory, and the VM has ${sizeText(memory)}`,
      wayOut: 'make the two equal',
    }
  if (nodes[0]?.cpus === 0)
    return { message: 'its first node has no CPU, and the kernel starts there', wayOut: 'give that node a CPU' }
  return undefined
}

const numa: Check = function* ({ lab: { vms } }) {
  for (const [name, vm] of Object.entries(vms)) {
    if (vm.numa === undefined) continue
    const here = { severity: 'error', path: ['vms', name, 'numa'], at: 'value' } as const
    const problem = problemOf(vm)
    if (problem) yield { ...here, ...problem, message: `numa of vm ${name}: ${problem.message}` }
    if (vm.deterministic === 'yes')
      yield {
        ...here,
        message: `vm ${name} is deterministic: it has one CPU and one node`,
        wayOut: 'take one of the two out',
      }
    const { qemu = [] } = vm
    if (qemu.some((word, index) => word.startsWith('node,') && qemu[index - 1] === '-numa'))
      yield {
        ...here,
        message: `vm ${name} has nodes here and in \`qemu:\``,
        wayOut: 'declare them here; distances ([-numa, "dist,src=0,dst=1,val=30"]) may stay there',
      }
  }
}

const warm: Check = function* ({ lab: { vms, experiments } }) {
  for (const [name, experiment] of Object.entries(experiments)) {
    const of = vmOf(experiment, Object.keys(vms)) ?? ''
    if (experiment.start !== 'warm' || !Object.hasOwn(vms, of) || vms[of]?.numa === undefined) continue
    const at: Path = ['experiments', name, 'start']
    const message = `vm ${of} has NUMA nodes, and a saved guest has its memory in one piece`
    yield { severity: 'error', path: at, at: 'value', message, wayOut: 'write shared or cold' }
  }
}

export const NUMA_CHECKS: readonly Check[] = [numa, warm]
