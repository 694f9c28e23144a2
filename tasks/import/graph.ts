/** The call tree of an imported function_graph trace, as a run of the lab's own has one: graph.txt. */
import { writeFile } from 'node:fs/promises'
import { callGraphs, graphText } from '../trace/events/call-graph.ts'
import { readEvents } from '../trace/events/read-events.ts'
import { Processes } from '../trace/events/processes.ts'

const EVENTS = ['funcgraph_entry', 'funcgraph_exit', 'print', 'bpf_trace_printk']
/** Calls of a longer trace are in its table; a tree of so many is nothing that a person reads. */
const MOST = 200_000
/** Functions that are named at the top. */
const MOST_ROOTS = 8

/**
 * Writes the trees of a table's calls.
 * @returns whether they are all of them
 * @throws DuckDB's own error for a table that cannot be read, and the errors of the disk
 */
export async function writeGraph(table: string, file: string, ticks: boolean): Promise<boolean> {
  const { events, more } = await readEvents(table, { events: EVENTS }, MOST, ticks)
  const processes = new Processes(events)
  const graphs = callGraphs(events, (pid) => processes.comm(pid))
  const roots = new Set(
    graphs.flatMap((graph) => graph.roots.flatMap((node) => (node.kind === 'call' ? [node.name] : []))),
  )
  const functions = [...roots].slice(0, MOST_ROOTS)
  await writeFile(file, graphText(graphs, { functions, called: [], unknown: [], traceable: 0 }))
  return !more
}
