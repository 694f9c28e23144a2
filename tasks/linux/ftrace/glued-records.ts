/** Records of ftrace text that run into one another, and what of their layout both readers of lines know. */

/**
 * trace_print_lat_fmt() of kernel/trace/trace_output.c: three characters, then the preempt count in hexadecimal (up to
 * two digits in 5.4); migrate-disable depth (5.18) or libtraceevent's lock depth may follow. Kernels with the
 * PREEMPT_RT patches have a fourth character (need-resched-lazy) in front of the third, and the lazy preempt count
 * behind the other.
 */
export const FLAGS = String.raw`[.A-Za-z]{3,4}[.0-9a-f]{1,4}`
/** The option record-tgid adds "(  77)" or "(-----)". */
export const TGID = String.raw`(?:\( *[-\d]+\) +)?`

/**
 * Where a further record or marker begins inside a line. Before 5.9 a printk without "\n" in its format ends no line,
 * so that trace_pipe runs records together; the 16 columns of the comm tell exactly where the text ends.
 */
const GLUED = new RegExp(
  String.raw`.{16}-\d+ +${TGID}\[\d{3,}\] +${FLAGS} +\d+\.\d{6}: |CPU:\d+ \[LOST (?:\d+ )?EVENTS\]$`,
  'gs',
)
/**
 * Only a printed text without an event's name in front can have swallowed its neighbours. In two steps: one pattern
 * would be quadratic.
 */
const MAY_HAVE_SWALLOWED = /: 0(?:x[0-9a-f]+)?: /
const SWALLOWED = /\[\d{3,}\] |\[LOST /

function mayBeGlued(line: string): boolean {
  const start = line.search(MAY_HAVE_SWALLOWED)
  return start >= 0 && SWALLOWED.test(line.slice(start))
}

/** The records of a line, in their order; mostly the line itself. */
export function recordsOf(line: string): string[] {
  if (!mayBeGlued(line)) return [line]
  const starts = Array.from(line.matchAll(GLUED), ({ index }) => index).filter((index) => index > 0)
  return [0, ...starts].map((start, index) => line.slice(start, starts[index]))
}
