/** graph.txt of a run: the call trees, and which functions of the experiment ftrace cannot show, proven by the kernel's own list. */
import type { ResolvedKernel } from '../../config/resolved.ts'
import { callGraphs, graphText } from '../../trace/events/call-graph.ts'
import { Processes } from '../../trace/events/processes.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { of, type HolderLine } from './holder.ts'

/** First words of a text's lines: names of kallsyms are the third, those of available_filter_functions the first. */
const column = (text: string, index: number): Set<string> =>
  new Set(text.split('\n').flatMap((line) => line.split(/\s+/)[index] ?? []))

/** The functions that the experiment is about: its probes' and those of the kernel's parallel path, with their clones. */
function concerned(lines: readonly HolderLine[], { parallelPaths }: Pick<ResolvedKernel, 'parallelPaths'>): string[] {
  const programs = [...of(lines, 'attached'), ...of(lines, 'attach-failed')]
  const probed = programs.flatMap(({ section }) => /^k(?:ret)?probe\/(.+)$/.exec(section)?.[1] ?? [])
  const path = parallelPaths.flatMap(({ functions, suffix }) =>
    functions.flatMap((name) => [name, `${name}_${suffix}`]),
  )
  return [...new Set([...path, ...probed])]
}

export interface GraphInput {
  readonly events: readonly TraceEvent[]
  readonly lines: readonly HolderLine[]
  readonly kernel: Pick<ResolvedKernel, 'parallelPaths'>
  /** Text of /proc/kallsyms or System.map. */
  readonly kallsyms: string
  /** Text of tracefs' available_filter_functions. */
  readonly traceable: string
}

export function graphOfRun({ events, lines, kernel, kallsyms, traceable }: GraphInput): string {
  const processes = new Processes(events)
  const [symbols, functions] = [column(kallsyms, 2), column(traceable, 0)]
  return graphText(
    callGraphs(events, (pid) => processes.comm(pid)),
    {
      functions: of(lines, 'graph-function').map((line) => line.function),
      hidden: concerned(lines, kernel).filter((name) => symbols.has(name) && !functions.has(name)),
      traceable: functions.size - 1,
    },
  )
}
