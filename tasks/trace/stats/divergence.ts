/**
 * Where two runs begin to say something else: the first message that differs, with what stands around it, process by
 * process.
 */
import type { TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { withoutAddresses } from '../events/sequences.ts'
import { kindOfMessage } from '../events/steps.ts'

/** Lines of context before the first difference, and lines from it on. */
const BEFORE = 3
const AFTER = 4

export interface Divergence {
  /** Which process of the run, from 1, in the order of their first messages. */
  readonly process: number
  /** Which message of it differs, from 1. */
  readonly message: number
  /** The messages before it, the same on both sides. */
  readonly before: readonly string[]
  /** From the difference on; empty where a side ends there. */
  readonly first: readonly string[]
  readonly second: readonly string[]
}

export interface KindCount {
  readonly kind: string
  readonly counts: readonly [number, number]
}

export interface Compared {
  /** Messages on each side. */
  readonly messages: readonly [number, number]
  readonly processes: readonly [number, number]
  /** undefined: the same messages in the same order. Addresses differ from boot to boot and are not compared. */
  readonly divergence: Divergence | undefined
  /** Kinds of messages that come more often on one side; only where something differs. */
  readonly kinds: readonly KindCount[]
}

/** Messages by process; pids differ from run to run, the order of the processes does not have to. */
const byProcess = (events: readonly TraceEvent[]): string[][] =>
  [...Map.groupBy(events, ({ pid }) => pid).values()].map((group) =>
    group.map(({ message }) => withoutAddresses(message)),
  )

function firstDifference(first: readonly string[], second: readonly string[]): number | undefined {
  const length = Math.max(first.length, second.length)
  for (let at = 0; at < length; at++) if (first[at] !== second[at]) return at
  return undefined
}

function kindsOf(first: readonly TraceEvent[], second: readonly TraceEvent[]): KindCount[] {
  const counts = new Map<string, [number, number]>()
  for (const [side, events] of [first, second].entries())
    for (const { message } of events) {
      const kind = kindOfMessage(message)
      const count = counts.get(kind) ?? [0, 0]
      count[side === 0 ? 0 : 1]++
      counts.set(kind, count)
    }
  return [...counts]
    .map(([kind, pair]) => ({ kind, counts: pair }))
    .filter(({ counts: [a, b] }) => a !== b)
    .toSorted((a, b) => Math.abs(b.counts[0] - b.counts[1]) - Math.abs(a.counts[0] - a.counts[1]))
}

/** @param first messages of one run's workload, @param second of the other's, both in the order of their traces */
export function compareMessages(first: readonly TraceEvent[], second: readonly TraceEvent[]): Compared {
  const [a, b] = [byProcess(first), byProcess(second)]
  const common = { messages: [first.length, second.length], processes: [a.length, b.length] } as const
  for (let process = 0; process < Math.max(a.length, b.length); process++) {
    const [one = [], other = []] = [a[process], b[process]]
    const at = firstDifference(one, other)
    if (at === undefined) continue
    const divergence = {
      process: process + 1,
      message: at + 1,
      before: one.slice(Math.max(0, at - BEFORE), at),
      first: one.slice(at, at + AFTER),
      second: other.slice(at, at + AFTER),
    }
    return { ...common, divergence, kinds: kindsOf(first, second) }
  }
  return { ...common, divergence: undefined, kinds: [] }
}
