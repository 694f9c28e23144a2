/**
 * Flame graphs of a report: stacks that probes counted, and calls that the function_graph tracer timed, each added up
 * over the runs of an arm, and the first arm beside each other one.
 */
import { scaleOf } from '../../config/units.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import type { FoldedStack } from '../../trace/stacks/folded.ts'
import { differenceOf, flameOf, type Flame } from '../../trace/stacks/flame-boxes.ts'
import { flameSvg, type FlameColours } from '../../trace/export/flame-svg.ts'
import { stackTree } from '../../trace/stacks/stack-tree.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import type { ReportRun } from './runs.ts'
import { numberText } from './table.ts'
import { colour } from './theme.ts'
import { mark } from './verdict.ts'

/** What the runs of one arm have of one thing that was counted. */
export interface ArmStacks {
  readonly arm: string
  /** Of the map that counts, or what the tracer measured. */
  readonly name: string
  readonly unit: string | undefined
  readonly stacks: readonly FoldedStack[]
  /** Those that have it. */
  readonly runs: readonly ReportRun[]
  /** Runs of the arm that were read, the newest ones, and all of them. */
  readonly read: number
  readonly of: number
  /** What is not in it, one sentence each. */
  readonly notes: readonly string[]
}

/** Graphs of one thing; a reader compares no more. */
const MOST_ARMS = 6
const MOST_DIFFERENCES = 4
/** Functions in the table of differences. */
const MOST_FUNCTIONS = 15

const COLOURS: FlameColours = {
  ink: colour('ink'),
  soft: colour('soft'),
  kernel: colour('s2'),
  program: colour('s1'),
  task: colour('s6'),
  lost: colour('bad'),
  more: colour('s2'),
  less: colour('s1'),
}

const totalOf = ({ stacks }: ArmStacks): number => stacks.reduce((sum, { weight }) => sum + weight, 0)

/** As numbers of tables are: "28 879", "3.421 ms". */
function shown(weight: number, unit: string | undefined): string {
  const scale = scaleOf(unit, weight)
  return [numberText(weight * scale.factor), scale.unit ?? []].flat().join(' ')
}

const narrow = ({ left }: Flame): string =>
  left === 0 ? '' : ` ${plural(left, 'box')} too narrow or too deep to be drawn ${left === 1 ? 'is' : 'are'} left out.`

/** What one arm counted. */
export function flameFigure(experiment: string, armStacks: ArmStacks, exhibits: Exhibits): Html {
  const { arm, name, unit, stacks, runs, read, of, notes } = armStacks
  const flame = flameOf(stackTree(stacks))
  const part = read < of ? `the newest ${read} of ${of} runs` : plural(Math.max(1, runs.length), 'run')
  const what = `${experiment}, ${arm}: ${printable(name, 60)}, ${shown(totalOf(armStacks), unit)} in ${plural(stacks.length, 'stack')} of ${part}`
  const said = notes.map((note) => ` ${note}.`).join('')
  return exhibits.picture(
    [experiment, 'flame', name, arm],
    `${what}. Each function lies below the one that called it, and is as wide as its share.${narrow(flame)}${said}${mark(runs)}`,
    flameSvg(flame, what, { colours: COLOURS, show: (weight) => shown(weight, unit) }),
  )
}

/** The share of all that passes through each function, however often it is in a stack. */
function sharesOf(armStacks: ArmStacks): Map<string, number> {
  const total = totalOf(armStacks)
  const sums = new Map<string, number>()
  for (const { frames, weight } of armStacks.stacks)
    for (const name of new Set(frames.map((frame) => frame.name)))
      sums.set(name, (sums.get(name) ?? 0) + weight / total)
  return sums
}

function differenceTable(experiment: string, before: ArmStacks, after: ArmStacks, exhibits: Exhibits): Html {
  const [a, b] = [sharesOf(before), sharesOf(after)]
  const rows = [...new Set([...a.keys(), ...b.keys()])]
    .map((name): [string, number, number, number] => {
      const [first, second] = [100 * (a.get(name) ?? 0), 100 * (b.get(name) ?? 0)]
      return [name, first, second, second - first]
    })
    .filter(([, , , change]) => Math.abs(change) >= 0.05)
    .toSorted(([one, , , x], [other, , , y]) => Math.abs(y) - Math.abs(x) || (one < other ? -1 : 1))
  if (rows.length === 0) return html``
  return exhibits.table([experiment, 'flame', 'difference', before.name, after.arm, 'table'], {
    caption: `${experiment}: functions whose share of ${printable(before.name, 60)} differs most between ${before.arm} and ${after.arm}${rows.length > MOST_FUNCTIONS ? ` (the first ${MOST_FUNCTIONS} of ${rows.length})` : ''}.`,
    columns: [
      { head: 'function', kind: 'code' },
      { head: before.arm, unit: '%', kind: 'number' },
      { head: after.arm, unit: '%', kind: 'number' },
      { head: 'difference', unit: 'points', kind: 'number' },
    ],
    rows: rows.slice(0, MOST_FUNCTIONS),
  })
}

function difference(experiment: string, before: ArmStacks, after: ArmStacks, exhibits: Exhibits): Html {
  const flame = differenceOf(stackTree(before.stacks), stackTree(after.stacks))
  const what = `${experiment}: ${printable(before.name, 60)}, what is different in ${after.arm} from ${before.arm}`
  const sides = [before.arm, after.arm] as const
  return html`${exhibits.picture(
    [experiment, 'flame', 'difference', before.name, after.arm],
    `${what}. The width of a function is the mean of its two shares; the stronger the colour, the larger the difference.${narrow(flame)}${mark([...before.runs, ...after.runs])}`,
    flameSvg(flame, what, { colours: COLOURS, show: (weight) => shown(weight, before.unit), sides }),
  )}${differenceTable(experiment, before, after, exhibits)}`
}

/** A part of the report: its heading, and the option of `lab trace` that shows what is not drawn. */
export interface FlamePart {
  readonly head: string
  readonly option: string
}

/** Graphs of each thing that was counted; nothing where nothing was. */
export function flameGraphsHtml(
  experiment: string,
  { head, option }: FlamePart,
  all: readonly ArmStacks[],
  exhibits: Exhibits,
): Html {
  const parts = [
    ...Map.groupBy(
      all.filter((armStacks) => totalOf(armStacks) > 0),
      ({ name }) => name,
    ),
  ].map(([name, arms]) => {
    const [first, ...others] = arms
    const drawn = arms.slice(0, MOST_ARMS)
    const compared = others.slice(0, MOST_DIFFERENCES)
    const [leftArms, leftDifferences] = [arms.length - drawn.length, others.length - compared.length]
    const left = [
      ...(leftArms > 0 ? [plural(leftArms, 'more arm')] : []),
      ...(leftDifferences > 0 ? [plural(leftDifferences, 'more difference')] : []),
    ]
    return html`${drawn.map((armStacks) => flameFigure(experiment, armStacks, exhibits))}${
      left.length > 0
        ? html`<p class="soft">
            Not drawn of ${printable(name, 60)}: ${left.join(' and ')}. <code>lab trace RUN ${option}</code> shows what
            a run counted.
          </p>`
        : ''
    }${first === undefined ? '' : compared.map((armStacks) => difference(experiment, first, armStacks, exhibits))}`
  })
  return parts.length === 0 ? html`` : html`<h3>${head}</h3>\n${parts}`
}
