/** `control: cold`: whether runs that start from a snapshot are like runs that boot. */
import { holm, leastP, rankTest } from '../data/rank-test.ts'
import { median } from '../data/statistics.ts'
import { printable } from '../engine/printable.ts'
import type { Manifest } from './manifest.ts'

/** A difference that chance makes less often than this is called one. */
const LEVEL = 0.05

export interface Agreement {
  /** Name of the arm without the axis `start`. */
  readonly arm: string
  readonly runs: { readonly warm: number; readonly cold: number }
  /** Digests of sequences of messages, with the number of runs that had them. */
  readonly sequences: readonly { readonly id: string; readonly warm: number; readonly cold: number }[]
  readonly numbers: readonly {
    readonly name: string
    readonly warm: number
    readonly cold: number
    /** Cliff's delta: 0 where neither is above. */
    readonly delta: number
    /** Two-sided, corrected for all numbers of all arms. */
    readonly p: number
  }[]
  readonly agrees: boolean
  /** Whether so few runs could show a difference of numbers at all. */
  readonly tellable: boolean
}

const START = /(^|,)start=(warm|cold)$/

/** What is compared of each run beside its sequence: the declared metrics, and how long the workload took. */
const numbersOf = ({ metrics, workload }: Manifest): Record<string, number | null> => ({
  ...metrics,
  'workload ms': workload.ms,
})

function valuesOf(runs: readonly Manifest[], name: string): number[] {
  return runs.map((one) => numbersOf(one)[name]).filter((value) => typeof value === 'number')
}

function sequencesOf(warm: readonly Manifest[], cold: readonly Manifest[]): Agreement['sequences'] {
  const ids = new Set([...warm, ...cold].flatMap(({ sequence }) => sequence ?? []))
  const count = (runs: readonly Manifest[], id: string) => runs.filter(({ sequence }) => sequence === id).length
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
    const names = new Set([...warm, ...cold].flatMap((one) => Object.keys(numbersOf(one))))
    return [...names].flatMap((name) => {
      const [a, b] = [valuesOf(warm, name), valuesOf(cold, name)]
      const test = rankTest(a, b)
      return test === undefined ? [] : [{ pair, name, warm: median(a), cold: median(b), test }]
    })
  })
  const corrected = holm(tests.map(({ test }) => test.p))
  return pairs.map(({ arm, warm, cold }, index) => {
    const numbers = tests.flatMap(({ pair, name, test, ...medians }, at) =>
      pair === index ? [{ name, ...medians, delta: test.delta, p: corrected[at] ?? 1 }] : [],
    )
    const sequences = sequencesOf(warm, cold)
    const agrees = sequences.every((one) => one.warm > 0 && one.cold > 0) && numbers.every(({ p }) => p >= LEVEL)
    const tellable = numbers.every(
      ({ name }) => leastP([valuesOf(warm, name).length, valuesOf(cold, name).length]) * tests.length < LEVEL,
    )
    return { arm, runs: { warm: warm.length, cold: cold.length }, sequences, numbers, agrees, tellable }
  })
}

const shown = (value: number): string => Number(value.toPrecision(4)).toString()

function sequenceText({ sequences }: Agreement): string {
  const only = (which: 'warm' | 'cold') => sequences.filter((one) => one[which] === 0).length
  const [notWarm, notCold] = [only('warm'), only('cold')]
  if (notWarm + notCold > 0)
    return `sequences of messages: ${notCold} only warm, ${notWarm} only cold, of ${sequences.length}`
  return sequences.length === 1 ? 'the same sequence of messages' : `the same ${sequences.length} sequences of messages`
}

/** A paragraph for people; nothing where no arm has a control. */
export function controlText(runs: readonly Manifest[]): string[] {
  return agreements(runs).flatMap((one) => [
    `warm and cold ${one.agrees ? (one.tellable ? 'agree' : 'do not differ, as far as so few runs can show') : 'differ'}${one.arm === '' ? '' : `, ${printable(one.arm)}`} (${one.runs.warm} and ${one.runs.cold} runs): ${sequenceText(one)}`,
    ...one.numbers.map(
      ({ name, warm, cold, delta, p }) =>
        `    ${name}: warm ${shown(warm)}, cold ${shown(cold)}; ${p < LEVEL ? 'a difference' : 'no difference seen'} (delta ${delta.toFixed(2)}, p ${p < 0.001 ? '< 0.001' : p.toFixed(3)})`,
    ),
  ])
}
