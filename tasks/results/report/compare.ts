/**
 * Arms against the first one of the lab file: how many times as much, and whether that could be chance. Where no lab
 * file was kept, the first is the one without probes, if there is one.
 */
import { holm, rankTest, sizeOf, type RankTest } from '../../trace/stats/rank-test.ts'
import { medianDifference, medianRatio } from '../../trace/stats/statistics.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import { metricsOf, nodesOf, samplesOf, type ExperimentRuns } from './runs.ts'
import { shownMetric } from './scale.ts'
import { numberText, type Cell } from './table.ts'
import { mark } from './verdict.ts'

const pText = (p: number): string => (p < 0.001 ? '< 0.001' : numberText(Number(p.toFixed(3))))

/**
 * Values of each side from which on a difference can be asked for: of one value nobody knows how far the next would be.
 */
const ENOUGH = 2

/** In words: how large it is, and whether it may be that of the nodes. */
function effectOf({ delta, apart }: RankTest, p: number): string {
  const words = p > LEVEL ? 'none shown' : sizeOf(delta)
  return apart ? `${words}, on other nodes` : words
}
/** The level of a difference that is called one. */
const LEVEL = 0.05

/** Nothing where there is one arm only, or no number. */
export function comparisonHtml(experiment: ExperimentRuns, exhibits: Exhibits): Html {
  const [base, ...others] = experiment.groups
  if (base === undefined || others.length === 0) return html``
  const asked = metricsOf(experiment).flatMap((metric) => {
    const shown = shownMetric(experiment, metric)
    return others.flatMap((group) => {
      const [values, first] = [samplesOf(group, metric), samplesOf(base, metric)]
      const ratio = medianRatio(values, first)
      const enough = values.length >= ENOUGH && first.length >= ENOUGH
      const runs = `${values.length} and ${first.length}`
      const difference = ratio ? undefined : medianDifference(shown.samplesOf(group), shown.samplesOf(base))
      const comparable = ratio !== undefined || difference !== undefined
      const test = comparable && enough ? rankTest(values, first) : undefined
      const why =
        values.length === 0 || first.length === 0 ? 'no values' : comparable ? 'too few runs' : 'no common node'
      return first.length + values.length === 0
        ? []
        : // A ratio has no unit, and a difference has that of its metric.
          [{ metric: difference ? shown.title : metric, label: group.label, runs, ratio, difference, test, why }]
    })
  })
  if (asked.length === 0) return html``
  const tested = asked.filter(({ test }) => test !== undefined)
  const corrected = new Map(holm(tested.map(({ test }) => test?.p ?? 1)).map((p, index) => [tested[index], p] as const))
  const ratio = 'Ratio of the medians with its 95 % bootstrap interval'
  const effect = `Cliff's delta (-1: every value is below, 1: above) in words, where p of the rank-sum test is at most ${LEVEL}; p corrected for ${tested.length} ${tested.length === 1 ? 'question' : 'questions'} (Holm)`
  const noRatio = asked.some(({ difference }) => difference !== undefined)
  const few = 'An arm with one run has neither.'
  const nodes = nodesOf(experiment.groups).length
  const within =
    nodes < 2
      ? ''
      : ` Runs are of ${nodes} nodes and are compared within nodes: the ratio is that of the means of the nodes' medians, delta and p are of ranks on each node (van Elteren); runs on a node that the other arm lacks are not compared.`
  const table = exhibits.table([experiment.name, 'comparison'], {
    caption: `${experiment.name}: each arm against ${base.label}. ${
      tested.length === 0
        ? 'Ratio of the medians; nothing was tested, because every arm has too few runs.'
        : `${ratio}; ${effect}. ${few}${within}`
    }${noRatio ? ` Where the median of ${base.label} is 0 there is no ratio; the interval is that of the difference of the medians.` : ''}${mark(experiment.groups.flatMap(({ counted }) => counted))}`,
    columns: [
      { head: 'arm', kind: 'text' },
      { head: 'metric', kind: 'code' },
      { head: 'runs', kind: 'text' },
      { head: 'ratio', kind: 'number' },
      ...(noRatio ? [{ head: 'difference', kind: 'number' } as const] : []),
      { head: '95 % from', kind: 'number' },
      { head: 'to', kind: 'number' },
      { head: 'delta', kind: 'number' },
      { head: 'effect', kind: 'text' },
      { head: 'p', kind: 'text' },
    ],
    rows: asked.map((row): Cell[] => {
      const { metric, label, runs, ratio, difference, test, why } = row
      const p = corrected.get(row)
      const estimates = [ratio?.ratio ?? null, ...(noRatio ? [difference?.estimate ?? null] : [])]
      if (test === undefined || p === undefined) return [label, metric, runs, ...estimates, null, null, null, why, null]
      const { low, high } = ratio ?? difference ?? { low: null, high: null }
      return [label, metric, runs, ...estimates, low, high, Number(test.delta.toFixed(3)), effectOf(test, p), pText(p)]
    }),
  })
  return html`<h3>Compared with ${base.label}</h3>
${table}`
}
