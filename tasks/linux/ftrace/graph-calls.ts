/**
 * Calls in the text of the function_graph tracer, as `trace-cmd report` prints it: which of them the trace has only one
 * end of.
 */
import type { TraceEvent } from './trace-line.ts'

/**
 * Counts, per process, calls without a return and returns without a call: a capture begins and ends in the middle of
 * what a CPU does. A call that returns at once is one line ("0.1 us | f();") and has both.
 */
export class GraphCalls {
  readonly #open = new Map<number, number>()
  /** Returns whose call came before the capture. */
  unopened = 0
  /** Calls and returns of any kind; 0: no such trace. */
  seen = 0

  take({ event, message, pid }: TraceEvent): void {
    const enters = event === 'funcgraph_entry'
    if (!enters && event !== 'funcgraph_exit') return
    this.seen++
    const open = this.#open.get(pid) ?? 0
    // "--> f (0)": without its plugins, trace-cmd prints the two ends of each call as they were recorded.
    if (enters && (message.endsWith('{') || message.startsWith('--> '))) this.#open.set(pid, open + 1)
    else if (enters) return
    else if (open > 0) this.#open.set(pid, open - 1)
    else this.unopened++
  }

  /** Calls that did not return before the end of the capture. */
  get unclosed(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0)
  }
}
