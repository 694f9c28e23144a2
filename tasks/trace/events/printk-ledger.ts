/** Programs that ran and printed nothing. */

/** A program that calls bpf_trace_printk. */
export interface Printer {
  readonly program: string
  readonly hits: number
}

const times = (count: number): string => `${count} time${count === 1 ? '' : 's'}`

/** The kernel's check of a format (kernel/trace/bpf_trace.c); a rewrite in 5.15 takes %c. */
const REFUSED =
  'bpf_trace_printk refuses a format that it does not know with -EINVAL, silently (%c on kernels before 5.15)'

/**
 * Programs that were hit while the trace has no line of any program. Only worth saying of a trace that lost nothing:
 * otherwise the lines may have been printed and lost.
 */
export function silentPrinters(printers: readonly Printer[], printed: number): string[] {
  if (printed > 0) return []
  return printers
    .filter(({ hits }) => hits > 0)
    .map(
      ({ program, hits }) =>
        `${program} fired ${times(hits)} and printed nothing: either no run got as far as its bpf_trace_printk, or ${REFUSED}`,
    )
}
