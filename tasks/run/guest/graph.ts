/**
 * graph.txt of a run: the call trees, and which functions of the experiment ftrace cannot show, proven by the kernel's
 * own list.
 */
import type { ResolvedKernel } from '../../config/resolved.ts'
import { callGraphs, graphFunctions, graphText } from '../../trace/events/call-graph.ts'
import { Processes } from '../../trace/events/processes.ts'
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { of, type HolderLine } from './holder.ts'

/** First words of a text's lines: names of kallsyms are the third, those of available_filter_functions the first. */
const column = (text: string, index: number): Set<string> =>
  new Set(text.split('\n').flatMap((line) => line.split(/\s+/)[index] ?? []))

/** Functions whose kprobe fired: they were called, whatever the tracer shows. */
const firedAt = (lines: readonly HolderLine[]): string[] =>
  of(lines, 'hits').flatMap(({ section, hits }) =>
    hits > 0 ? (/^k(?:ret)?probe\/(.+)$/.exec(section)?.[1] ?? []) : [],
  )

/** Functions of the parallel paths that the trees lead into, with their clones: called or not, nobody counted. */
const inPath = (events: readonly TraceEvent[], { parallelPaths }: GraphInput['kernel']): string[] => {
  const seen = graphFunctions(events)
  return parallelPaths
    .filter(({ entry }) => seen.has(entry))
    .flatMap(({ functions, suffix }) => functions.flatMap((name) => [name, `${name}_${suffix}`]))
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
  const cannotBeShown = (name: string) => symbols.has(name) && !functions.has(name)
  const called = new Set(firedAt(lines).filter(cannotBeShown))
  return graphText(
    callGraphs(events, (pid) => processes.comm(pid)),
    {
      functions: of(lines, 'graph-function').map((line) => line.function),
      called: [...called],
      unknown: inPath(events, kernel).filter((name) => cannotBeShown(name) && !called.has(name)),
      traceable: functions.size - 1,
    },
  )
}
