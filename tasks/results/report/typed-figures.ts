/** Figures of the fields of typed events: numbers as distributions, names and kinds as bars. */
import { unitOfName } from '../../config/metric-unit.ts'
import { scaleOf, withUnit } from '../../config/units.ts'
import { quantile } from '../../trace/stats/quantiles.ts'
import type { FieldSummary } from '../../trace/events/typed-summary.ts'
import type { Exhibits } from './exhibits.ts'
import { FIT, spreadFigure } from './figures.ts'
import { label, scales } from './series-look.ts'
import type { Html } from './html.ts'
import type { TypedFacts } from './typed-facts.ts'
import type { FigureSpec } from './vega.ts'
import { mark } from './verdict.ts'

/** Bars of one figure at most. */
const MOST_BARS = 60
/** Values that are named, whatever the number of arms. */
const FEWEST_NAMED = 4
const MOST_NAMED = 16
const BAR = 11
interface Arm extends Pick<FieldSummary, 'values' | 'counts' | 'different'> {
  readonly label: string
  readonly runs: number
}

const shown = (value: string): string => (value === '' ? '(empty)' : label(value))

interface Bars {
  readonly rows: readonly { readonly value: string; readonly arm: string; readonly records: number }[]
  readonly names: readonly string[]
  /** Values that have no bar. */
  readonly left: number
  /** Arms in which one of the names is so rare that it was not counted: it has no bar there, and need not be 0. */
  readonly uncounted: readonly string[]
}

/** Every value of some arms with how often it comes in a run, the most frequent first. */
function rowsOf(arms: readonly Arm[]): Bars {
  const sums = new Map<string, number>()
  for (const { counts, runs } of arms)
    for (const [value, records] of counts) sums.set(value, (sums.get(value) ?? 0) + records / runs)
  const all = [...sums].toSorted(([, a], [, b]) => b - a).map(([value]) => value)
  const most = Math.min(MOST_NAMED, Math.max(FEWEST_NAMED, Math.floor(MOST_BARS / arms.length)))
  const names = all.slice(0, most)
  const uncounted = new Set<string>()
  const rows = arms.flatMap(({ label: arm, counts, different, runs }) => {
    const known = new Map(counts)
    return names.flatMap((value) => {
      const records = known.get(value) ?? (different > counts.length ? undefined : 0)
      if (records !== undefined) return [{ value: shown(value), arm: label(arm), records: records / runs }]
      uncounted.add(arm)
      return []
    })
  })
  return { rows, names, left: all.length - names.length, uncounted: [...uncounted] }
}

/** How often each value comes in a run, for each arm. */
export function barsFigure(
  field: string,
  arms: readonly Arm[],
): Pick<Bars, 'left' | 'uncounted'> & { readonly spec: FigureSpec } {
  const { rows, names, left, uncounted } = rowsOf(arms)
  const { color } = scales(arms.map((arm) => arm.label))
  return {
    left,
    uncounted,
    spec: {
      ...FIT,
      height: Math.max(1, names.length) * (arms.length * BAR + 10),
      data: { values: rows },
      mark: { type: 'bar' },
      encoding: {
        y: {
          field: 'value',
          type: 'nominal',
          title: label(field),
          sort: names.map(shown),
          axis: { ticks: false, domain: false },
        },
        yOffset: { field: 'arm', type: 'nominal', sort: color.domain },
        x: { field: 'records', type: 'quantitative', title: 'records of one run' },
        color: {
          field: 'arm',
          type: 'nominal',
          scale: color,
          title: null,
          ...(arms.length < 2 ? { legend: null } : {}),
        },
      },
    } as FigureSpec,
  }
}

const middleOf = (values: Float32Array): number =>
  values.length === 0 ? 0 : quantile(values.toSorted() as unknown as readonly number[], 0.5)

async function fieldFigure(
  name: string,
  channel: string,
  field: string,
  facts: readonly TypedFacts[],
  exhibits: Exhibits,
): Promise<Html[]> {
  const arms = facts.flatMap(({ label: arm, runs, fields }): Arm[] => {
    const found = fields.find((summary) => summary.field === field)
    return found === undefined ? [] : [{ ...found, label: arm, runs: runs.length }]
  })
  const marked = mark(facts.flatMap(({ runs }) => runs))
  const words = [name, channel, field]
  const numbers = arms.filter(({ values, counts }) => values.length > 0 && counts.length === 0)
  if (numbers.length > 0) {
    const { unit, factor } = scaleOf(unitOfName(field), Math.max(...arms.map(({ values }) => middleOf(values))))
    const figure = spreadFigure(
      arms.map((arm) => ({ step: arm.label, series: arm.label, gaps: arm.values })),
      [],
      { title: withUnit(field, unit), divisor: 1 / factor },
    )
    if (figure === undefined) return []
    const caption = `${name}: ${field} of the ${channel} events, over all records of an arm; the axis is logarithmic, the dashed line is the median, each row is scaled to its own height.${figure.left}${marked}`
    return [await exhibits.figure(words, caption, figure.spec)]
  }
  const named = arms.filter(({ counts }) => counts.length > 0)
  // One value in every record says nothing.
  if (new Set(named.flatMap(({ counts }) => counts.map(([value]) => value))).size < 2) return []
  const { spec, left, uncounted } = barsFigure(field, named)
  // Only the most frequent values of each arm are known.
  const least = named.some(({ counts, different }) => different > counts.length) ? 'At least ' : ''
  const rest = left > 0 ? ` ${least}${left} less frequent ${left === 1 ? 'value is' : 'values are'} not drawn.` : ''
  const missing = uncounted
    .map(
      (arm) => ` ${arm}: a name without a bar is rarer there than its most frequent values, which alone are counted.`,
    )
    .join('')
  const caption = `${name}: ${channel} events of one run by ${field}, mean over the runs of an arm.${rest}${missing}${marked}`
  return [await exhibits.figure(words, caption, spec)]
}

/** A figure for each field whose values differ. */
export async function typedFigures(name: string, facts: readonly TypedFacts[], exhibits: Exhibits): Promise<Html[]> {
  const figures: Html[] = []
  for (const [channel, list] of Map.groupBy(facts, (fact) => fact.channel))
    for (const field of new Set(list.flatMap(({ fields }) => fields.map((summary) => summary.field))))
      figures.push(...(await fieldFigure(name, channel, field, list, exhibits)))
  return figures
}
