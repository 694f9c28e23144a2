/**
 * Checks of `published:`: metrics and arms that exist, units that can be compared, enough runs for a claim, and the CSV
 * files.
 */
import { resolvePath } from '../paths.ts'
import { unitOfMetric } from '../metric-unit.ts'
import { FEWEST_FOR_CLAIM, axesOfName, isChosen, isCsv, pairsOf, seriesOver } from '../published.ts'
import { parsePublishedCsv } from '../published-csv.ts'
import { DEFAULTS } from '../defaults.ts'
import type { Experiment } from '../schema/schema.ts'
import type { Claim, Published } from '../schema/schema-published.ts'
import { nameWayOut } from '../text/suggest.ts'
import type { Path, Problem } from '../text/diagnostic.ts'
import { factorBetween } from '../units.ts'
import type { Check, Context } from './check.ts'
import { armsOf } from './relate-matrix.ts'

interface Place {
  readonly path: Path
  readonly at: Problem['at']
}
interface Names {
  readonly arms: readonly { readonly name: string }[]
}

const problem = ({ path, at }: Place, message: string, wayOut: string): Problem => ({
  severity: 'error',
  path,
  at,
  message,
  wayOut,
})

const pairsIn = (choice: string): string[] => [...axesOfName(choice)].map((pair) => pair.join('='))

/** A choice with its values in the order in which the arms have them, so that it can be compared with their names. */
function inOrderOf(name: string, choice: string): string {
  const order = [...axesOfName(name).keys()]
  const place = (axis: string) => (order.includes(axis) ? order.indexOf(axis) : order.length)
  return [...axesOfName(choice)]
    .toSorted(([one], [other]) => place(one) - place(other))
    .map((pair) => pair.join('='))
    .join(',')
}

/** What names an arm by all of its values. */
function* nameProblems(choice: string, names: readonly string[], place: Place): Iterable<Problem> {
  if (names.some((name) => isChosen(name, choice) && axesOfName(name).size === axesOfName(choice).size)) return
  yield problem(
    place,
    `no arm of the experiment is called "${choice}"`,
    nameWayOut(inOrderOf(names[0] ?? '', choice), names, 'arms', 'declare it under params: or matrix:'),
  )
}

/** What chooses arms by some of their values; of several the first that no arm has is to blame, if there is one. */
function* choiceProblems(choice: string, names: readonly string[], place: Place): Iterable<Problem> {
  if (names.some((name) => isChosen(name, choice))) return
  const parts = [...new Set(names.flatMap(pairsIn))]
  const wrong = pairsIn(choice).find((pair) => !parts.includes(pair)) ?? choice
  yield problem(
    place,
    `no arm of the experiment has ${wrong}`,
    nameWayOut(wrong, parts, 'values', 'declare it under params: or matrix:'),
  )
}

function armProblems(choice: string, { arms }: Names, place: Place, exact: boolean): Iterable<Problem> {
  const names = arms.map(({ name }) => name)
  return exact ? nameProblems(choice, names, place) : choiceProblems(choice, names, place)
}

/** Arms that a claim names, by key. */
function* claimArms(claim: Claim): Iterable<[Path, string]> {
  if ('order' in claim) for (const [index, arm] of claim.order.entries()) yield [['order', index], arm]
  if ('of' in claim) yield* [[['of'], claim.of] as [Path, string], [['to'], claim.to] as [Path, string]]
  if ('arm' in claim && claim.arm !== undefined) yield [['arm'], claim.arm]
}

function* claimProblems(claim: Claim, names: Names, { values }: Published, path: Path): Iterable<Problem> {
  let isKnown = true
  for (const [key, arm] of claimArms(claim))
    for (const problem of armProblems(arm, names, { path: [...path, ...key], at: 'value' }, false)) {
      isKnown = false
      yield problem
    }
  if (!isKnown) return
  if ('order' in claim)
    for (const [index, choice] of claim.order.entries()) {
      const count = names.arms.filter(({ name }) => isChosen(name, choice)).length
      if (count > 1)
        yield problem(
          { path: [...path, 'order', index], at: 'value' },
          `${choice} stands for ${count} arms, and an order is one of single arms`,
          'name a value of every parameter',
        )
    }
  if ('of' in claim && pairsOf(names.arms, claim.of, claim.to).length === 0)
    yield problem(
      { path, at: 'value' },
      `no arm with ${claim.of} differs from one with ${claim.to} in these values alone`,
      'name values of the same parameters on both sides',
    )
  if ('over' in claim) yield* overProblems(claim, names, path)
  if (('shape' in claim || 'equal' in claim) && values === undefined)
    yield problem({ path, at: 'value' }, 'the claim is about published values, and there are none', 'add "values:"')
}

function* overProblems(claim: Extract<Claim, { over: string }>, { arms }: Names, path: Path): Iterable<Problem> {
  const place: Place = { path: [...path, 'over'], at: 'value' }
  const chosen = arms.filter(({ name }) => isChosen(name, claim.arm))
  if (seriesOver(chosen, claim.over).length === 0) {
    const axes = [...new Set(arms.flatMap(({ name }) => [...axesOfName(name).keys()]))]
    yield problem(
      place,
      axes.includes(claim.over)
        ? `${claim.over} has one value only in the arms that the claim is about`
        : `there is no parameter or axis "${claim.over}"`,
      nameWayOut(claim.over, axes, 'axes', 'declare it under params:'),
    )
  } else if ('slope' in claim && chosen.some(({ name }) => Number.isNaN(Number(axesOfName(name).get(claim.over)))))
    yield problem(
      place,
      `the values of ${claim.over} are no numbers: there is no slope`,
      'use monotone: rising, or numbers',
    )
}

function* unitProblems(claimed: Published, experiment: Experiment, path: Path): Iterable<Problem> {
  const metric =
    experiment.metrics && Object.hasOwn(experiment.metrics, claimed.metric)
      ? experiment.metrics[claimed.metric]
      : undefined
  if (metric === undefined) {
    yield problem(
      { path: [...path, 'metric'], at: 'value' },
      `there is no metric "${claimed.metric}"`,
      nameWayOut(claimed.metric, Object.keys(experiment.metrics ?? {}), 'metrics', 'declare it under metrics:'),
    )
    return
  }
  const own = unitOfMetric(metric)
  if (claimed.unit === undefined) return
  const place: Place = { path: [...path, 'unit'], at: 'value' }
  if (own === undefined)
    yield problem(
      place,
      `metric ${claimed.metric} has no unit, and the published values are in ${claimed.unit}`,
      `add "unit:" to the metric`,
    )
  else if (factorBetween(own, claimed.unit) === undefined)
    yield problem(
      place,
      `the published values are in ${claimed.unit}, and metric ${claimed.metric} is in ${own}: they cannot be compared`,
      'correct one of the two units, or compare another metric',
    )
}

function* csvProblems(claimed: Published, names: Names, path: Path, context: Context): Iterable<Problem> {
  if (claimed.values === undefined || !isCsv(claimed.values)) return
  const { csv } = claimed.values
  const bytes = context.files?.read(resolvePath('beside', csv, context))
  if (bytes === undefined) return
  const place: Place = { path: [...path, 'values', 'csv'], at: 'value' }
  const { rows, unit, problems } = parsePublishedCsv(Buffer.from(bytes).toString('utf8'))
  for (const { line, message, wayOut } of problems.slice(0, 10))
    yield problem(place, `${csv}:${line}: ${message}`, wayOut)
  if (unit !== undefined && unit !== claimed.unit)
    yield problem(
      place,
      `${csv} has values in ${unit}, and "unit:" is ${claimed.unit ?? 'left out'}`,
      `write "unit: ${unit}", or convert the values`,
    )
  for (const { arm } of rows) yield* armProblems(arm, names, place, true)
}

function* runProblems({ repeat = DEFAULTS.repeat }: Experiment, claimed: Published, path: Path): Iterable<Problem> {
  const most = typeof repeat === 'number' ? repeat : repeat.until.max
  if (claimed.claims === undefined || most >= FEWEST_FOR_CLAIM) return
  yield problem(
    { path: [...path, 'claims'], at: 'key' },
    `a claim needs ${FEWEST_FOR_CLAIM} runs of each arm, and the experiment makes ${most}`,
    `write "repeat: ${FEWEST_FOR_CLAIM}" or more`,
  )
}

const published: Check = function* (context) {
  for (const [name, experiment] of Object.entries(context.lab.experiments)) {
    const all = experiment.published ?? []
    const arms = all.length === 0 ? undefined : armsOf(name, experiment)
    if (arms === undefined) continue
    for (const [index, published] of all.entries()) {
      const path: Path = ['experiments', name, 'published', index]
      yield* unitProblems(published, experiment, path)
      yield* runProblems(experiment, published, path)
      if (published.values !== undefined && !isCsv(published.values))
        for (const arm of Object.keys(published.values))
          yield* armProblems(arm, { arms }, { path: [...path, 'values', arm], at: 'key' }, true)
      yield* csvProblems(published, { arms }, path, context)
      for (const [at, claim] of (published.claims ?? []).entries())
        yield* claimProblems(claim, { arms }, published, [...path, 'claims', at])
      if (published.values === undefined && published.claims === undefined)
        yield problem({ path, at: 'value' }, 'it has neither values nor claims', 'add "values:" or "claims:"')
    }
  }
}

export const PUBLISHED_CHECKS: readonly Check[] = [published]
