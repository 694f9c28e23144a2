/** Arms against the first one (no probe, where there is such an arm): how many times as much, and whether that could be chance. */
import { holm, rankTest, sizeOf } from '../data/rank-test.ts'
import { medianRatio } from '../data/statistics.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import { metricsOf, valuesOf, type ExperimentRuns } from './runs.ts'
import { numberText, type Cell } from './table.ts'
import { mark } from './verdict.ts'

const pText = (p: number): string => (p < 0.001 ? '< 0.001' : numberText(Number(p.toFixed(3))))

/** Nothing where there is one arm only, or no number. */
export function comparisonHtml(one: ExperimentRuns, exhibits: Exhibits): Html {
  const [base, ...others] = one.groups
  if (base === undefined || others.length === 0) return html``
  const asked = metricsOf(one).flatMap((metric) =>
    others.flatMap((group) => {
      const [values, first] = [valuesOf(group, metric), valuesOf(base, metric)]
      const [ratio, test] = [medianRatio(values, first), rankTest(values, first)]
      return ratio && test ? [{ metric, label: group.label, ratio, test }] : []
    }),
  )
  if (asked.length === 0) return html``
  const corrected = holm(asked.map(({ test }) => test.p))
  const table = exhibits.table([one.name, 'comparison'], {
    caption: `${one.name}: each arm against ${base.label}. Ratio of the medians with its 95 % bootstrap interval; Cliff's delta (-1: every value is below, 1: above) in words; p of the rank-sum test, corrected for ${asked.length} ${asked.length === 1 ? 'question' : 'questions'} (Holm).${mark(one.groups.flatMap(({ counted }) => counted))}`,
    columns: [
      { head: 'arm', kind: 'text' },
      { head: 'metric', kind: 'code' },
      { head: 'ratio', kind: 'number' },
      { head: '95 % from', kind: 'number' },
      { head: 'to', kind: 'number' },
      { head: 'delta', kind: 'number' },
      { head: 'effect', kind: 'text' },
      { head: 'p', kind: 'text' },
    ],
    rows: asked.map(({ metric, label, ratio, test }, index): Cell[] => [
      ...[label, metric, ratio.ratio, ratio.low, ratio.high],
      ...[Number(test.delta.toFixed(3)), sizeOf(test.delta), pText(corrected[index] ?? 1)],
    ]),
  })
  return html`<h3>Compared with ${base.label}</h3>
${table}`
}
