/**
 * What looking costs: the same workload without probes, with empty ones, and with the full ones, round by round.
 * Differences are taken within a round, because a drift of the host meets all arms of a round alike, and
 * on one node.
 */
import { NO_NODE } from './sample.ts'
import { summary, type Summary } from './statistics.ts'
import { OBSERVERS, type Observer } from '../../config/observers.ts'

export interface ObservedProgram {
  readonly program: string
  readonly hits: number
  /** The kernel's own count of its runs and their nanoseconds, where it was asked to count. */
  readonly runs?: number | undefined
  readonly runNs?: number | undefined
}

export interface ObservedRun {
  readonly observer: Observer
  /** Runs of one round have the same number. */
  readonly round: number
  /** The machine that made it. */
  readonly node?: string
  /** How long the workload ran, from its start to its end. */
  readonly ns: number
  readonly programs: readonly ObservedProgram[]
}

export interface OverheadOf {
  readonly observer: Exclude<Observer, 'none'>
  /** Hits of all programs in a run, the median. */
  readonly hits: number
  /** Nanoseconds that a hit adds to the workload. */
  readonly perHit: Summary
  /** By what the workload becomes longer: 1 is as long as without. */
  readonly slowdown: Summary
}

export interface KernelCount {
  readonly program: string
  readonly runs: number
  /** Nanoseconds of one run, over all runs that were counted. */
  readonly nsPerRun: number
}

export interface ObserverEffect {
  /** Rounds in which the workload ran without probes. */
  readonly rounds: number
  /** Nanoseconds of the workload without probes. */
  readonly alone: Summary
  readonly overhead: readonly OverheadOf[]
  /** By the kernel's own count; empty where it cannot count (before 5.1). */
  readonly kernel: readonly KernelCount[]
}

const hitsOf = ({ programs }: ObservedRun) => programs.reduce((sum, { hits }) => sum + Math.max(0, hits), 0)

function kernelCount(runs: readonly ObservedRun[]): KernelCount[] {
  const counted = runs.flatMap(({ programs }) =>
    programs.flatMap(({ program, runs: times, runNs }) =>
      times !== undefined && runNs !== undefined && times > 0 ? [{ program, times, runNs }] : [],
    ),
  )
  return [...Map.groupBy(counted, ({ program }) => program)].map(([program, list]) => {
    const times = list.reduce((sum, program) => sum + program.times, 0)
    return { program, runs: times, nsPerRun: list.reduce((sum, program) => sum + program.runNs, 0) / times }
  })
}

/** Undefined where no run was without probes, or none with them belongs to the same round. */
export function observerEffect(runs: readonly ObservedRun[]): ObserverEffect | undefined {
  const place = ({ node = NO_NODE }: ObservedRun) => node
  // A round that was begun on one node and ended on another is two.
  const key = (run: ObservedRun) => `${run.round}\0${place(run)}`
  const alone = new Map(runs.filter(({ observer }) => observer === 'none').map((run) => [key(run), run]))
  const overhead = OBSERVERS.flatMap((observer): OverheadOf[] => {
    if (observer === 'none') return []
    const pairs = runs.flatMap((run) => {
      const without = alone.get(key(run))
      return run.observer === observer && without !== undefined && hitsOf(run) > 0 ? [{ run, without }] : []
    })
    if (pairs.length === 0) return []
    return [
      {
        observer,
        hits: summary(pairs.map(({ run }) => hitsOf(run))).median,
        perHit: summary(
          pairs.map(({ run, without }) => ({ value: (run.ns - without.ns) / hitsOf(run), node: place(run) })),
        ),
        slowdown: summary(pairs.map(({ run, without }) => ({ value: run.ns / without.ns, node: place(run) }))),
      },
    ]
  })
  if (overhead.length === 0) return undefined
  const kernel = kernelCount(runs.filter(({ observer }) => observer === 'counted'))
  const times = [...alone.values()].map((run) => ({ value: run.ns, node: place(run) }))
  return { rounds: alone.size, alone: summary(times), overhead, kernel }
}
