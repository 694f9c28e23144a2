/** `control: cold`: whether runs that start from a snapshot are like runs that boot. */
import { labelTest } from '../../trace/stats/label-test.ts'
import { holm, leastP, rankTest } from '../../trace/stats/rank-test.ts'
import { median } from '../../trace/stats/quantiles.ts'
import { sizesOf, valuesIn, type Placed, type Sample } from '../../trace/stats/sample.ts'
import { printable } from '../../engine/printable.ts'
import { shortNumber } from '../../engine/text.ts'
import type { Manifest } from '../../results/manifest.ts'
import { nodeOf } from '../../results/node.ts'

/** A difference that chance makes less often than this is called one. */
const LEVEL = 0.05

export interface Agreement {
  /** Name of the arm without the axis `start`. */
  readonly arm: string
  readonly runs: { readonly warm: number; readonly cold: number }
  /** Digests of sequences of messages, with the number of runs that had them. */
  readonly sequences: readonly { readonly id: string; readonly warm: number; readonly cold: number }[]
  /** That chance alone deals the sequences out so unevenly, corrected as `p` below; undefined where a side has none. */
  readonly sequenceP: number | undefined
  readonly numbers: readonly {
    readonly name: string
    readonly warm: number
    readonly cold: number
    /** Cliff's delta: 0 where neither is above. */
    readonly delta: number
    /** Two-sided, corrected for everything that is asked of all arms. */
    readonly p: number
  }[]
  readonly agrees: boolean
  /** Whether so few runs could show a difference at all. */
  readonly tellable: boolean
}

const START = /(^|,)start=(warm|cold)$/

/** What is compared of each run beside its sequence: the declared metrics, and how long the workload took. */
const numbersOf = ({ metrics, workload }: Manifest): Record<string, number | null> => ({
  ...metrics,
  'workload ms': workload.ms,
})

function samplesOf(runs: readonly Manifest[], name: string): Placed[] {
  return runs.flatMap((run) => {
    const value = numbersOf(run)[name]
    return typeof value === 'number' ? [{ value, node: nodeOf(run) }] : []
  })
}

const idsOf = (runs: readonly Manifest[]): string[] => runs.flatMap(({ sequence }) => sequence ?? [])

/** The same with their nodes. */
const placedIds = (runs: readonly Manifest[]): Placed<string>[] =>
  runs.flatMap((run) => (run.sequence === undefined ? [] : [{ value: run.sequence, node: nodeOf(run) }]))

function sequencesOf(warm: readonly Manifest[], cold: readonly Manifest[]): Agreement['sequences'] {
  const ids = new Set([...idsOf(warm), ...idsOf(cold)])
  const count = (runs: readonly Manifest[], id: string) => idsOf(runs).filter((other) => other === id).length
  return [...ids].map((id) => ({ id, warm: count(warm, id), cold: count(cold, id) }))
}

/** Each arm that was run both ways, in the order of the runs; none where there is nothing to compare. */
export function agreements(runs: readonly Manifest[]): Agreement[] {
  const arms = Map.groupBy(
    runs.filter(({ arm }) => START.test(arm.name)),
    ({ arm }) => arm.name.replace(START, ''),
  )
  const pairs = [...arms].flatMap(([arm, list]) => {
    const of = (start: string) => list.filter(({ plan }) => plan?.start === start)
    const [warm, cold] = [of('warm'), of('cold')]
    return warm.length === 0 || cold.length === 0 ? [] : [{ arm, warm, cold }]
  })
  const tests = pairs.flatMap(({ warm, cold }, pair) => {
    const names = new Set([...warm, ...cold].flatMap((run) => Object.keys(numbersOf(run))))
    return [...names].flatMap((name) => {
      const [a, b] = [samplesOf(warm, name), samplesOf(cold, name)]
      const test = rankTest(a, b)
      return test === undefined ? [] : [{ pair, name, warm: median(valuesIn(a)), cold: median(valuesIn(b)), test }]
    })
  })
  const orders = pairs.map(({ warm, cold }) => labelTest(placedIds(warm), placedIds(cold)))
  const corrected = holm([...tests.map(({ test }) => test.p), ...orders.flatMap((p) => p ?? [])])
  const ofOrders = corrected.slice(tests.length)
  /** Whether values that are as far apart as can be would show it. */
  const tellable = (warm: readonly Sample<number | string>[], cold: readonly Sample<number | string>[]) =>
    leastP(sizesOf(warm, cold)) * corrected.length < LEVEL
  return pairs.map(({ arm, warm, cold }, index) => {
    const numbers = tests.flatMap(({ pair, name, test, ...medians }, at) =>
      pair === index ? [{ name, ...medians, delta: test.delta, p: corrected[at] ?? 1 }] : [],
    )
    const sequenceP = orders[index] === undefined ? undefined : ofOrders.shift()
    return {
      arm,
      runs: { warm: warm.length, cold: cold.length },
      sequences: sequencesOf(warm, cold),
      sequenceP,
      numbers,
      agrees: [sequenceP ?? 1, ...numbers.map(({ p }) => p)].every((p) => p >= LEVEL),
      tellable:
        (sequenceP === undefined || tellable(placedIds(warm), placedIds(cold))) &&
        numbers.every(({ name }) => tellable(samplesOf(warm, name), samplesOf(cold, name))),
    }
  })
}

const probability = (p: number): string => `p ${p < 0.001 ? '< 0.001' : p.toFixed(3)}`

function sequenceText({ sequences, sequenceP = 1 }: Agreement): string {
  if (sequences.length === 0) return 'no sequences of messages'
  if (sequences.length === 1) return 'the same sequence of messages'
  if (sequences.every(({ warm, cold }) => warm + cold === 1))
    return `no two runs have the same sequence of messages: they say nothing`
  const only = (which: 'warm' | 'cold') => sequences.filter((sequence) => sequence[which] === 0).length
  const [notWarm, notCold] = [only('warm'), only('cold')]
  const which = notWarm + notCold === 0 ? 'all in both' : `${notCold} only warm, ${notWarm} only cold`
  const verdict = sequenceP < LEVEL ? 'a difference' : 'no difference seen'
  return `${sequences.length} sequences of messages, ${which}; ${verdict} (${probability(sequenceP)})`
}

/** A paragraph for people; nothing where no arm has a control. */
export function controlText(runs: readonly Manifest[]): string[] {
  return agreements(runs).flatMap((agreement) => [
    `warm and cold ${agreement.agrees ? (agreement.tellable ? 'agree' : 'do not differ, as far as so few runs can show') : 'differ'}${agreement.arm === '' ? '' : `, ${printable(agreement.arm)}`} (${agreement.runs.warm} and ${agreement.runs.cold} runs): ${sequenceText(agreement)}`,
    ...agreement.numbers.map(
      ({ name, warm, cold, delta, p }) =>
        `    ${name}: warm ${shortNumber(warm)}, cold ${shortNumber(cold)}; ${p < LEVEL ? 'a difference' : 'no difference seen'} (delta ${delta.toFixed(2)}, ${probability(p)})`,
    ),
  ])
}
