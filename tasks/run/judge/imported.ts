/**
 * A trace that was made elsewhere, looked at as a run of an experiment: its messages as reads, partial ones named, and
 * those expectations that a trace alone can answer.
 */
import { basename } from 'node:path'
import { arms, type Arm } from '../../config/arms.ts'
import { patternOf } from '../../config/interpolate.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { GaveUp, inTime, matches } from '../../config/text/pattern.ts'
import { argvOf } from '../../config/text/words.ts'
import { isPerSequence, unitOf, unitWord } from '../../config/unit-word.ts'
import { userError } from '../../engine/error.ts'
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { COMM_LENGTH, Processes } from '../../trace/events/processes.ts'
import { sequencesOf, type Matches } from '../../trace/events/sequences.ts'
import type { Verdict } from '../../trace/expect/match.ts'
import { checkAll, expectedOn } from './expectations.ts'

const NO_MAPS = {
  stdout: '',
  stderr: '',
  maps: { maps: [] },
} as const

export interface ImportedArm {
  readonly arm: string
  /** Whole reads of the declared order; undefined where no order is declared for reads. */
  readonly reads?: {
    readonly whole: number
    readonly partial: Readonly<Record<string, number>>
    readonly other: number
  }
  readonly verdicts: readonly Verdict[]
}

export interface JudgedImport {
  /** What the processes were chosen by. */
  readonly processes: { readonly comm: string; readonly count: number; readonly all: boolean }
  /** What one of the `reads` is called. */
  readonly unit: string
  readonly arms: readonly ImportedArm[]
  /** Kinds of expectations that a trace alone cannot answer. */
  readonly unanswered: readonly string[]
}

/** Expectations whose facts are in a trace; the others need the run itself (its counters, maps, output). */
const answerable = (expectation: ResolvedExperiment['expect'][number]): boolean =>
  'order' in expectation || 'messages' in expectation || 'calls' in expectation

const kindOf = (expectation: ResolvedExperiment['expect'][number]): string =>
  ['failure', 'same', 'hits', 'misses'].find((kind) => kind in expectation) ?? 'other'

function readsOf(
  experiment: ResolvedExperiment,
  arm: Arm,
  kernel: string,
  facts: { readonly events: readonly TraceEvent[]; readonly pids: ReadonlySet<number>; readonly processes: Processes },
): ImportedArm['reads'] {
  const declared = expectedOn(experiment, kernel, arm).find(isPerSequence)
  if (declared === undefined) return undefined
  const order = declared.order.map((text): Matches => {
    const pattern = patternOf(text, { ...arm.params, 'workload.pid': -1 })
    return (message) => matches(pattern, message)
  })
  const { sequences } = sequencesOf(facts.events, facts.pids, facts.processes, order)
  const partial: Record<string, number> = {}
  for (const { partialBecause } of sequences)
    if (partialBecause !== undefined) partial[partialBecause] = (partial[partialBecause] ?? 0) + 1
  return {
    whole: sequences.filter(({ complete }) => complete).length,
    partial,
    other: sequences.filter(({ complete, partialBecause }) => !complete && partialBecause === undefined).length,
  }
}

/** An arm whose regular expressions are never done meets none of its expectations. */
function judgedArm(arm: string, judge: () => ImportedArm): ImportedArm {
  try {
    return inTime(judge)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    return { arm, verdicts: [{ ok: false, lines: [error.parts.fact] }] }
  }
}

/**
 * The workload's processes are those with the name of its program; where the trace has none of them, every process that
 * a probe printed for.
 * @param kernel the lab's name of the kernel that the trace is of: some expectations hold on some kernels only
 * @throws Failure (user) where the experiment has an arm less than one
 */
export function judgeImported(
  experiment: ResolvedExperiment,
  events: readonly TraceEvent[],
  kernel: string,
): JudgedImport {
  const all = arms(experiment)
  const [first] = all
  if (first === undefined)
    throw userError({ place: `experiment ${experiment.name}`, fact: 'it has no arm', wayOut: 'look at its params' })
  const comm = basename(argvOf(experiment.workload.run, first.params)[0] ?? '').slice(0, COMM_LENGTH)
  const processes = new Processes(events)
  const named = new Set(events.flatMap((event) => (event.comm === comm ? [event.pid] : [])))
  const printing = new Set(events.filter(isPrintk).map(({ pid }) => pid))
  const pids = named.size > 0 ? named : printing
  const asked = { ...experiment, expect: experiment.expect.filter(answerable) }
  const facts = { events, pids, processes }
  return {
    processes: { comm, count: pids.size, all: named.size === 0 },
    unit: unitOf(experiment) ?? unitWord(undefined, undefined),
    arms: all.map((arm) =>
      judgedArm(arm.name, () => {
        const reads = readsOf(experiment, arm, kernel, facts)
        return {
          arm: arm.name,
          ...(reads !== undefined && { reads }),
          verdicts: checkAll(asked, arm, kernel, -1, { ...facts, ...NO_MAPS, counted: [], failed: [] }),
        }
      }),
    ),
    unanswered: [...new Set(experiment.expect.filter((expectation) => !answerable(expectation)).map(kindOf))],
  }
}
