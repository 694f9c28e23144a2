/** Call trees of the function_graph tracer as stacks: the time that each function took itself, by who called it. */
import { printable } from '../../engine/printable.ts'
import type { CallGraph, CallNode } from '../events/call-graph.ts'
import type { FoldedStack, Frame } from './folded.ts'

type Call = Extract<CallNode, { kind: 'call' }>

const callsIn = (nodes: readonly CallNode[]): Call[] => nodes.filter((node) => node.kind === 'call')

/**
 * A stack for each call whose end is in the trace: its time without that of the calls in it. Nanoseconds. A call
 * without an end has no time of its own; what it called has.
 */
export function callStacks(graphs: readonly CallGraph[]): FoldedStack[] {
  const stacks: FoldedStack[] = []
  for (const { comm, roots } of graphs) {
    const task: Frame = { name: printable(comm, 16).replaceAll(';', ':'), kind: 'task' }
    const waiting = callsIn(roots).map((call) => ({ call, outer: [task] as readonly Frame[] }))
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { call, outer } = next
      const frames = [...outer, { name: call.name, kind: 'kernel' } as const]
      const inner = callsIn(call.children)
      const own = (call.ns ?? 0) - inner.reduce((sum, { ns }) => sum + (ns ?? 0), 0)
      if (own > 0) stacks.push({ frames, weight: own })
      waiting.push(...inner.map((each) => ({ call: each, outer: frames })))
    }
  }
  return stacks
}
