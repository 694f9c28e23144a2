/**
 * The time between one message of a process and its next one, by what the two messages are: what "where does the time
 * go" asks for.
 */
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { withoutAddresses } from './sequences.ts'

/** Different pairs of messages that are kept apart; a program that prints random text would have one for each. */
const MOST_STEPS = 2000

/** A message without what differs from hit to hit: addresses and numbers that stand alone. `ext4` keeps its 4. */
export const kindOfMessage = (message: string): string =>
  withoutAddresses(message).replaceAll(/(?<![\w.…])-?\d+(?:\.\d+)?(?![\w.])/g, 'N')

export interface Step {
  readonly from: string
  readonly to: string
  /** Nanoseconds (ticks, where the clock counts), in the order of the trace. */
  readonly gaps: readonly number[]
}

export interface Steps {
  /** In the order in which each pair first came. */
  readonly steps: readonly Step[]
  /** Gaps of pairs beyond the first 2000. */
  readonly others: number
}

/** Gaps between neighbouring messages of each process. Times that go backwards count as they are. */
export function stepsOf(events: Iterable<TraceEvent>): Steps {
  const last = new Map<number, { readonly kind: string; readonly timeNs: bigint }>()
  const found = new Map<string, { from: string; to: string; gaps: number[] }>()
  let others = 0
  for (const event of events) {
    if (!isPrintk(event)) continue
    const { pid, timeNs, message } = event
    const kind = kindOfMessage(message)
    const before = last.get(pid)
    last.set(pid, { kind, timeNs })
    if (before === undefined) continue
    const key = `${before.kind}\n${kind}`
    let step = found.get(key)
    if (step === undefined && found.size < MOST_STEPS)
      found.set(key, (step = { from: before.kind, to: kind, gaps: [] }))
    if (step === undefined) others++
    else step.gaps.push(Number(timeNs - before.timeNs))
  }
  return { steps: [...found.values()], others }
}
