/** A report as a kernel prints it, and what the reader makes of it. */
import type { Splat } from './reader.ts'

export interface Golden {
  readonly name: string
  readonly text: string
  readonly is: Pick<Splat, 'kind' | 'line'> & Partial<Splat>
}

/** What stands between the first line of most reports and the instruction pointer. */
export const TAIL = `Modules linked in:
CPU: 1 PID: 71 Comm: demo Not tainted 5.10.223 #1
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009)`
