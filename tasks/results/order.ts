/**
 * `lab results order`, and what `lab run` says of it: whether events came in the same order, over the runs of one
 * experiment.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dependences, NODE_FACTOR, SIGNIFICANT, type Dependence } from '../trace/stats/dependence.ts'
import { orderOf, type DistinctSequence, type Order, type Unit } from '../trace/stats/order.ts'
import { SEQUENCE_FILE, unitsOf } from '../trace/events/sequence-file.ts'
import { unitWord } from '../config/unit-word.ts'
import { counted } from './counted.ts'
import type { Manifest } from './manifest.ts'
import { nodeOf } from './node.ts'
import { plural } from '../engine/text.ts'
import { safe } from './runs-table.ts'

export type Per = 'sequence' | 'run'

export interface OrderReport extends Order {
  readonly experiment: string
  readonly per: Per
  /** What one sequence is called, in the singular: `read`, `call`, or `run` where a run is one. */
  readonly unit: string
  /** Runs that keep no sequence: made by an earlier version, or without messages. */
  readonly without: number
  readonly depends: readonly Dependence[]
}

type Facts = Pick<Manifest, 'run' | 'experiment' | 'arm' | 'kernel' | 'guest' | 'plan' | 'trace' | 'unit'> &
  Partial<Pick<Manifest, 'host'>>
/** What the order is computed from: a result's manifest and where it is. */
export interface OrderedRun {
  readonly dir: string
  readonly manifest: Facts
}

/** Sequences that differ in every unit say nothing about factors: the rare ones count as one. */
const MOST_CATEGORIES = 20
/** Reads of a run that are told apart by their number. */
const MOST_NUMBERS = 10

/** What may make a difference; only what differs is looked at. */
function factorsOf(
  { arm, kernel, guest, plan, trace }: Facts,
  { number }: Unit,
  per: Per,
  word: string,
): Record<string, string> {
  const params = Object.entries(arm.params).map(([name, value]) => [name, String(value)] as const)
  return {
    kernel: kernel.name,
    ...(arm.probes && { probe: arm.probes.join('+') || 'none' }),
    accelerator: guest.accel.accel,
    clock: trace.clock,
    ...(plan && { start: plan.start, 'VMs at a time': String(plan.parallel) }),
    ...(per !== 'run' && {
      [`${word} of the run`]: number > MOST_NUMBERS ? `after ${MOST_NUMBERS}` : String(number),
    }),
    // Last: a parameter that is called `clock` or `start` is what the experiment varies.
    ...Object.fromEntries(params),
  }
}

/**
 * The order of those runs of one experiment that count.
 * @param per a sequence for each read, or for each run
 * @param declared what a sequence is called; what the newest run says of it when left out
 */
export async function orderReport(
  experiment: string,
  runs: readonly OrderedRun[],
  per: Per,
  declared = runs.at(-1)?.manifest.unit,
): Promise<OrderReport> {
  const found: { readonly unit: Unit; readonly facts: Facts }[] = []
  let without = 0
  for (const { dir, manifest } of counted(runs)) {
    const text = await readFile(join(dir, SEQUENCE_FILE), 'utf8').catch(() => '')
    const units = unitsOf(text, manifest.run, per)
    if (units.length === 0) without++
    found.push(...units.map((unit) => ({ unit, facts: manifest })))
  }
  const order = orderOf(found.map(({ unit }) => unit))
  const unit = per === 'run' ? 'run' : unitWord(declared, order.distinct[0]?.labels[0])
  const depends = dependences(
    found.map(({ unit: sequence, facts }, index) => ({
      run: sequence.run,
      node: nodeOf(facts),
      category: Math.min(order.of[index] ?? 0, MOST_CATEGORIES - 1),
      factors: factorsOf(facts, sequence, per, unit),
    })),
  )
  return { experiment, per, unit, without, ...order, depends }
}

/** Sequences that are shown, and events of one. */
const SHOWN = 6
const EVENTS = 24

const percent = (count: number, of: number): string => `${((100 * count) / of).toFixed(count === of ? 0 : 1)} %`
const letter = (index: number): string =>
  index < 26 ? String.fromCharCode('A'.charCodeAt(0) + index) : `#${index + 1}`

const listed = (labels: readonly string[]): string => {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  const shown = [...counts].slice(0, 4).map(([label, count]) => `${safe(label)}${count > 1 ? ` (${count} times)` : ''}`)
  return [...shown, ...(counts.size > 4 ? [`${counts.size - 4} more`] : [])].join(', ')
}

function sequenceLines(sequence: DistinctSequence, index: number, report: OrderReport): string[] {
  const { units, per } = report
  const { labels, count, runs, inversions, missing, added, first } = sequence
  const differs = [
    ...(inversions > 0 ? [`${plural(inversions, 'pair')} the other way round`] : []),
    ...(missing.length > 0 ? [`without ${listed(missing)}`] : []),
    ...(added.length > 0 ? [`also ${listed(added)}`] : []),
  ]
  const where = per === 'sequence' ? `${safe(first.run)}, ${report.unit} ${first.number}` : safe(first.run)
  return [
    `  ${letter(index)}  ${count} of ${units} (${percent(count, units)}), in ${plural(runs, 'run')}${index === 0 ? '' : `; first in ${where}`}`,
    ...(index === 0 ? [] : [`     ${differs.join('; ')}`]),
    ...labels.slice(0, EVENTS).map((label) => `       ${safe(label)}`),
    ...(labels.length > EVENTS ? [`       ... ${labels.length - EVENTS} more`] : []),
  ]
}

/** Values of a factor that are listed. */
const MOST_VALUES = 8

/** "bytes 16: A 10; 64: B 9, A 1". */
function valuesText({ values }: Dependence): string {
  const more = values.length - MOST_VALUES
  const shown = values.slice(0, MOST_VALUES).map(({ value, counts }) => {
    const seen = counts.flatMap((count, index) => (count > 0 ? [`${letter(index)} ${count}`] : []))
    return `${safe(value)}: ${seen.slice(0, 4).join(', ')}${seen.length > 4 ? ', ...' : ''}`
  })
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join('; ')
}

const pText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p ${p.toFixed(p < 0.1 ? 3 : 2)}`)

function dependsLines(depends: readonly Dependence[]): string[] {
  return depends.map((dependence) => {
    const { factor, explains, p, ofNodes } = dependence
    const word = ofNodes
      ? 'cannot be told from the node, since each node has one value of it only'
      : p > SIGNIFICANT
        ? `no dependence shown (${pText(p)})`
        : `explains ${(100 * explains).toFixed(0)} % of it (${pText(p)}): ${valuesText(dependence)}`
    return `  ${safe(factor)}: ${word}`
  })
}

const withinLines = (depends: readonly Dependence[]): string[] => {
  const node = depends.find(({ factor }) => factor === NODE_FACTOR)
  return node && depends.length > 1
    ? [`  the other factors are compared within the ${plural(node.values.length, 'node')}`]
    : []
}

/** Everything, for people. */
export function orderText(report: OrderReport): string {
  const { experiment, distinct, unstable, stablePairs, depends, units, runs, without, notCompared, unit: word } = report
  if (units === 0) return `${safe(experiment)}: no run has a sequence of messages`
  const what = report.per === 'sequence' ? `${plural(units, word)} of ${plural(runs, 'run')}` : plural(runs, 'run')
  return [
    `${safe(experiment)}: ${what}, ${distinct.length === 1 ? 'always the same sequence' : `${distinct.length} different sequences`}`,
    ...distinct.slice(0, SHOWN).flatMap((sequence, index) => sequenceLines(sequence, index, report)),
    ...(distinct.length > SHOWN ? [`  ... ${distinct.length - SHOWN} more: --json has all`] : []),
    '',
    `${plural(stablePairs, 'pair')} of events always in one order${unstable.length === 0 ? '' : `, ${unstable.length} not:`}`,
    ...unstable.slice(0, 12).map(({ a, b, before, after, mixed, example }) => {
      const where = `${safe(example.run)}${report.per === 'sequence' ? `, ${word} ${example.number}` : ''}`
      return `  "${safe(a)}" before "${safe(b)}" in ${before} of ${before + after + mixed}; after it in ${after}${mixed > 0 ? `, alternating in ${mixed}` : ''} (${where})`
    }),
    ...(unstable.length > 12 ? [`  ... ${unstable.length - 12} more: --json has all`] : []),
    ...(notCompared > 0 ? [`  ${plural(notCompared, 'kind')} of events not compared: too many`] : []),
    ...(depends.length > 0
      ? [
          '',
          `what ${/^[aeiou]/i.test(word) ? 'an' : 'a'} ${word}'s sequence depends on:`,
          ...dependsLines(depends),
          ...withinLines(depends),
        ]
      : []),
    ...(without > 0 ? ['', `${plural(without, 'run')} without a sequence, not counted`] : []),
  ].join('\n')
}

/**
 * With one sequence a run, runs are what was counted: a probe that prints once for many calls has one "call" a run, and
 * only the lab file says that it is called so.
 */
const unitsText = ({ units, runs, unit, per }: OrderReport): string =>
  per === 'sequence' && units === runs && unit !== 'sequence' && unit !== 'read'
    ? `${plural(runs, 'run')} (one ${unit} in each)`
    : plural(units, unit)

/**
 * The message by which the last sequence of every run differs from all others, and nothing else does: often one that is
 * printed once, when the workload ends. Nobody can tell that from a last read that really is another one, so the
 * sequences stay two.
 */
function closingMessage({ distinct, runs, per }: OrderReport): string | undefined {
  const [usual, last] = distinct
  if (per !== 'sequence' || distinct.length !== 2 || usual === undefined || last === undefined) return undefined
  const { labels, count, missing, added, inversions } = last
  const isOncePerRun = count === runs && last.runs === runs && usual.runs === runs
  const isAtTheEnd = missing.length === 0 && inversions === 0 && added.length === 1 && labels.at(-1) === added[0]
  return isOncePerRun && isAtTheEnd ? added[0] : undefined
}

/** One or two lines for the end of `lab run`; none where there is nothing to compare. */
export function orderSummary(report: OrderReport): string[] {
  const { distinct, unstable, units, depends, unit: word } = report
  if (units < 2) return []
  const closing = closingMessage(report)
  if (closing !== undefined)
    return [
      `order: the same in all ${plural(units, word)}, except that "${safe(closing)}" ends one ${word} of ${report.runs === 1 ? 'the run' : `each of the ${report.runs} runs`}`,
    ]
  const [first] = distinct
  const rare = unstable[0]
  const on = depends.filter(({ p }) => p <= SIGNIFICANT).map(({ factor }) => safe(factor))
  return [
    distinct.length === 1
      ? `order: the same in all ${unitsText(report)}${word === 'sequence' ? ` (each begins at "${safe(first?.labels[0] ?? '')}")` : ''}`
      : `order: ${distinct.length} ${word === 'sequence' ? 'kinds of sequences among' : 'different sequences in'} ${plural(units, word)}; the most common in ${first?.count ?? 0} (${percent(first?.count ?? 0, units)})${on.length > 0 ? `; depends on ${on.join(', ')}` : ''}`,
    ...(rare
      ? [
          `  "${safe(rare.a)}" before "${safe(rare.b)}" in ${rare.before} of ${rare.before + rare.after + rare.mixed}: \`lab results order ${report.experiment}\` says more`,
        ]
      : []),
  ]
}
