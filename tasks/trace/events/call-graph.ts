/**
 * The call tree that the function_graph tracer recorded: who called what, and how long each call took. The records are
 * ftrace's funcgraph_entry and funcgraph_exit (kernel/trace/trace_entries.h), as trace-cmd prints them without its
 * plugins.
 */
import { printable } from '../../engine/printable.ts'
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'

/** A call, or a message that a probe printed in the middle of one. */
export type CallNode =
  | {
      readonly kind: 'call'
      readonly name: string
      /** Nanoseconds; null for a call whose end is not in the trace. */
      readonly ns: number | null
      readonly children: readonly CallNode[]
    }
  | { readonly kind: 'message'; readonly text: string }

interface Open {
  readonly kind: 'call'
  readonly name: string
  readonly depth: number
  ns: number | null
  readonly children: CallNode[]
}

export interface CallGraph {
  readonly pid: number
  readonly comm: string
  readonly roots: readonly CallNode[]
  readonly calls: number
  /** Calls whose end is not in the trace. */
  readonly unclosed: number
  /** Ends of calls that began before the trace, or whose begin was lost. */
  readonly orphans: number
}

/** "--> name (depth)"; since 6.13 there may be a return address behind it. */
const ENTRY = /^--> (\S+) \((\d+)\)/
const EXIT = /^<-- (\S+) \((\d+)\) \(start: ([0-9a-f]+)\s+end: ([0-9a-f]+)\)/

const isGraph = ({ event }: TraceEvent): boolean => event === 'funcgraph_entry' || event === 'funcgraph_exit'

/** Names of all functions in the trees. */
export const graphFunctions = (events: readonly TraceEvent[]): ReadonlySet<string> =>
  new Set(events.filter(isGraph).flatMap(({ message }) => (ENTRY.exec(message) ?? EXIT.exec(message))?.[1] ?? []))

function graphOf(pid: number, events: readonly TraceEvent[], comm: string): CallGraph {
  const roots: CallNode[] = []
  const stack: Open[] = []
  const count = { calls: 0, unclosed: 0, orphans: 0 }
  const here = () => stack.at(-1)?.children ?? roots
  // A call that the tracer lost the end of is ended by what comes after it on a higher level.
  const unwind = (depth: number) => {
    while ((stack.at(-1)?.depth ?? -1) >= depth) {
      stack.pop()
      count.unclosed++
    }
  }
  for (const { event, message } of events) {
    const [, entered, entryDepth] = (event === 'funcgraph_entry' && ENTRY.exec(message)) || []
    const [, left, exitDepth, start, end] = (event === 'funcgraph_exit' && EXIT.exec(message)) || []
    if (entered !== undefined) {
      unwind(Number(entryDepth))
      const call: Open = { kind: 'call', name: entered, depth: Number(entryDepth), ns: null, children: [] }
      here().push(call)
      stack.push(call)
      count.calls++
    } else if (left !== undefined) {
      unwind(Number(exitDepth) + 1)
      const call = stack.at(-1)
      if (call?.depth !== Number(exitDepth) || call.name !== left) count.orphans++
      else {
        call.ns = Number(BigInt(`0x${end ?? '0'}`) - BigInt(`0x${start ?? '0'}`))
        stack.pop()
      }
    } else if (!isGraph({ event } as TraceEvent)) here().push({ kind: 'message', text: message })
  }
  unwind(0)
  return { pid, comm, roots: roots.filter(({ kind }) => kind === 'call'), ...count }
}

/**
 * One tree per process that has any call, in the order of the trace; messages of probes stand where they were printed.
 */
export function callGraphs(events: readonly TraceEvent[], comm: (pid: number) => string): CallGraph[] {
  const groups = Map.groupBy(
    events.filter((event) => isGraph(event) || isPrintk(event)),
    ({ pid }) => pid,
  )
  return [...groups].filter(([, list]) => list.some(isGraph)).map(([pid, list]) => graphOf(pid, list, comm(pid)))
}

/** 12 characters: microseconds with nanoseconds behind the point. */
const time = (ns: number | null): string => (ns === null ? '?' : (ns / 1000).toFixed(3)).padStart(9)

function nodeLines(node: CallNode, indent: string): string[] {
  if (node.kind === 'message') return [`${' '.repeat(13)}| ${indent}/* ${printable(node.text, 200)} */`]
  const { name, ns, children } = node
  const head = `${time(ns)} us | ${indent}${printable(name, 100)}()`
  const open = ns === null ? ' /* its end is not in the trace */' : ''
  if (children.length === 0) return [`${head};${open}`]
  return [
    `${head} {${open}`,
    ...children.flatMap((child) => nodeLines(child, `${indent}  `)),
    `${' '.repeat(13)}| ${indent}}`,
  ]
}

/** What stands above the trees. */
export interface GraphFacts {
  /** Functions at which a tree begins. */
  readonly functions: readonly string[]
  /** Functions that ftrace cannot trace and whose probe fired. */
  readonly called: readonly string[]
  /** Functions that ftrace cannot trace and that may have been called below what the trees show. */
  readonly unknown: readonly string[]
  /** Functions that ftrace can trace on this kernel. */
  readonly traceable: number
}

function hiddenLines({ called, unknown, traceable }: GraphFacts): string[] {
  if (called.length + unknown.length === 0) return []
  return [
    ...(called.length > 0 ? [`# Not in the tree, and called all the same (a probe fired): ${called.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`# Not in the tree, whether they were called or not: ${unknown.join(', ')}`] : []),
    '# lib/ functions cannot be in it: lib/Makefile compiles lib/ without -pg, so they have no call of mcount (__fentry__) that ftrace',
    `# could turn into a hook. They are in this kernel's symbol table and not among the ${traceable} functions of its`,
    '# available_filter_functions. A kprobe needs no such call: the messages of probes are in the tree where they were printed.',
  ]
}

/** The trees as text, with the total of each call in front of it. */
export function graphText(graphs: readonly CallGraph[], facts: GraphFacts): string {
  const trees = graphs.flatMap(({ pid, comm, roots, calls, unclosed, orphans }) => [
    `# ${printable(comm, 16)}-${pid}: ${calls} calls${unclosed > 0 ? `, ${unclosed} without an end` : ''}${orphans > 0 ? `, ${orphans} ends without a begin` : ''}`,
    ...roots.flatMap((root) => [...nodeLines(root, ''), '']),
  ])
  return [
    `# Call trees below ${facts.functions.join(', ')}; each call with the time that it took, probes and tracing included`,
    ...hiddenLines(facts),
    '',
    ...(trees.length === 0 ? ['# no call of these functions in the trace'] : trees),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}
