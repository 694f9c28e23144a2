/** Every expectation of an experiment against the facts of one run. */
import { concerns, timesOf, type Arm } from '../../config/arms.ts'
import { interpolate, patternOf, regexOf, type Params } from '../../config/interpolate.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import type { Count, Expectation, FailureExpectation, SameSource } from '../../config/schema/schema-expect.ts'
import { matches } from '../../config/text/pattern.ts'
import { callGraphs } from '../../trace/events/call-graph.ts'
import { checkCalls } from '../../trace/expect/expect-calls.ts'
import {
  checkCount,
  checkProgramCounts,
  countRule,
  together,
  type Counted,
  type CountRule,
} from '../../trace/expect/expect-count.ts'
import { checkFailure, type Failed } from '../../trace/expect/expect-failure.ts'
import { captured, checkSame, mapSide, type MapValues, type Side } from '../../trace/expect/expect-same.ts'
import { checkExpectation } from '../../trace/expect/expectation.ts'
import type { Verdict } from '../../trace/expect/match.ts'
import type { Processes } from '../../trace/events/processes.ts'
import { unitOf, unitWord } from '../../config/unit-word.ts'
import { userError } from '../../engine/error.ts'
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'

/** What is known of a run. */
export interface Facts {
  readonly events: readonly TraceEvent[]
  /** The workload and what it started. */
  readonly pids: ReadonlySet<number>
  readonly processes: Processes
  readonly counted: readonly Counted[]
  readonly failed: readonly Failed[]
  readonly stdout: string
  readonly stderr: string
  readonly maps: MapValues
}

type Applicable = Pick<ResolvedExperiment, 'expect' | 'unit'>

/** The expectations of an arm on this kernel. */
export const expectedOn = ({ expect }: Applicable, kernel: string, arm: Pick<Arm, 'probes'>): readonly Expectation[] =>
  expect.filter((expectation) => concerns(expectation, kernel, arm))

/** The failures that are declared for an arm on this kernel. */
export const failuresExpectedOn = (
  experiment: Applicable,
  kernel: string,
  arm: Pick<Arm, 'probes'>,
): readonly FailureExpectation[] =>
  expectedOn(experiment, kernel, arm).filter((expectation) => 'failure' in expectation)

function ruleOf(count: Count, params: Params): CountRule {
  const text = interpolate(String(count), params)
  const rule = countRule(text)
  if (rule !== undefined) return rule
  throw userError({ fact: `"${text}" is not a count`, wayOut: 'give whole numbers, with >=, <=, > or < before them' })
}

function sideOf(source: SameSource, facts: Facts, params: Params): Side {
  const { as } = source
  const texts: Readonly<Record<'stdout' | 'stderr', string>> = facts
  if ('map' in source) return mapSide(interpolate(source.map, params), facts.maps, as)
  if ('value' in source) {
    const value = interpolate(String(source.value), params)
    return { text: value, values: [value], as }
  }
  if ('message' in source) {
    const regex = regexOf(source.message, params)
    const own = facts.events.filter((event) => isPrintk(event) && facts.pids.has(event.pid))
    const values = own.flatMap(({ message }) => captured(message, regex))
    return { text: `message ${source.message}`, values, as, because: `none of ${own.length} messages matches` }
  }
  const kind = 'stdout' in source ? 'stdout' : 'stderr'
  const pattern = 'stdout' in source ? source.stdout : source.stderr
  const values = captured(texts[kind], regexOf(pattern, params))
  return { text: `${kind} ${pattern}`, values, as, because: 'no line matches' }
}

function messageCounts(
  { messages, of = 'workload' }: Extract<Expectation, { messages: unknown }>,
  { events, pids }: Facts,
  params: Params,
): Verdict {
  const wanted = events.filter(
    (event) => isPrintk(event) && (of === 'all' || pids.has(event.pid) === (of === 'workload')),
  )
  return together(
    Object.entries(messages).map(([text, count]) => {
      const pattern = patternOf(text, params)
      const found = wanted.filter(({ message }) => matches(pattern, message)).length
      return checkCount(`messages ${text}`, ruleOf(count, params), found)
    }),
  )
}

function check(expectation: Expectation, unit: string, arm: Arm, params: Params, facts: Facts): Verdict {
  const { events, pids, processes, counted, failed } = facts
  if ('order' in expectation)
    return checkExpectation(
      {
        order: expectation.order.map((text) => patternOf(text, params)),
        texts: expectation.order,
        per: expectation.per === 'run' ? 'run' : 'sequence',
        unit,
        times: timesOf(expectation, arm),
      },
      events,
      pids,
      processes,
    )
  if ('failure' in expectation) {
    const message =
      expectation.message === undefined
        ? undefined
        : { pattern: patternOf(expectation.message, params), text: expectation.message }
    const messages = events.filter(isPrintk).map((event) => event.message)
    return checkFailure({ ...expectation, message }, { failed, counted, messages })
  }
  if ('messages' in expectation) return messageCounts(expectation, facts, params)
  if ('calls' in expectation) {
    const own = events.filter(({ pid }) => pids.has(pid))
    const graphs = callGraphs(own, (id) => processes.comm(id))
    return checkCalls(
      expectation.calls,
      graphs.flatMap(({ roots }) => roots),
    )
  }
  if ('same' in expectation) return checkSame(expectation.same.map((source) => sideOf(source, facts, params)))
  const [kind, counts] =
    'hits' in expectation ? (['hits', expectation.hits] as const) : (['misses', expectation.misses] as const)
  const rules = Object.entries(counts).map(([program, count]) => [program, ruleOf(count, params)] as const)
  return checkProgramCounts(kind, rules, counted)
}

/** Verdicts of the expectations that apply to the kernel, in the order of the file. */
export function checkAll(
  experiment: Applicable,
  arm: Arm,
  kernel: string,
  pid: number | undefined,
  facts: Facts,
): Verdict[] {
  const params = { ...arm.params, ...(pid === undefined ? {} : { 'workload.pid': pid }) }
  const unit = unitOf(experiment) ?? unitWord(undefined, undefined)
  return expectedOn(experiment, kernel, arm).map((expectation) => check(expectation, unit, arm, params, facts))
}
