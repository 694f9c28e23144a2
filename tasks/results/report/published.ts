/**
 * Published results beside measured ones: a verdict for each claim, a table of values, and a figure that draws both.
 */
import { plural } from '../../engine/text.ts'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import type { Manifest } from '../manifest.ts'
import { publishedReports, type ComparedArm, type ComparedRun, type PublishedReport } from '../published/evaluate.ts'
import { countText, decidingText, wordOf } from '../published/text.ts'
import type { VerdictWord } from '../published/verdict.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import { besideFigure } from './published-figure.ts'
import type { ExperimentRuns, Group } from './runs.ts'
import type { Cell } from './table.ts'

/** Runs of a group with the facts of its newest manifest. */
function comparedRuns(
  { label, counted }: Group,
  newest: readonly { label: string; manifest: Manifest }[],
): ComparedRun[] {
  const manifest = newest.find((run) => run.label === label)?.manifest
  return counted
    .filter(({ verdict }) => verdict === 'passed')
    .map(({ arm, kernel, accel, metrics, node }) => ({
      arm,
      node,
      kernel: manifest?.kernel.name ?? kernel,
      accel,
      clocksource: manifest?.guest.clocksource ?? 'unknown',
      deterministic: manifest?.guest.deterministic === true,
      metrics,
    }))
}

/** What is compared of one experiment's runs. */
export const reportsOf = (
  experiment: ResolvedExperiment,
  { groups }: ExperimentRuns,
  newest: readonly { readonly label: string; readonly manifest: Manifest }[],
): PublishedReport[] =>
  publishedReports(
    experiment,
    groups.flatMap((group) => comparedRuns(group, [...newest])),
  )

const CLASSES: Readonly<Record<VerdictWord, string>> = {
  holds: 'good',
  'does not hold': 'bad',
  'cannot tell': 'warn',
  'not comparable': 'plain',
}

const valueCells = ({
  arm,
  published,
  count,
  median,
  low,
  high,
  ratio,
  publishedShape,
  measuredShape,
}: ComparedArm): Cell[] => [
  arm,
  published?.value ?? null,
  published?.spread ?? null,
  median,
  low,
  high,
  count,
  ratio,
  publishedShape,
  measuredShape,
]

const SPREADS = {
  sd: 'the standard deviation',
  se: 'the standard error',
  ci95: 'half of the 95 % interval',
  unknown: 'of a kind that the source does not name',
}

/** What is known of how the values were published. */
function sourceText({ spread, runs, arms }: PublishedReport): string {
  const hasSpread = arms.some(({ published }) => typeof published?.spread === 'number')
  if (hasSpread) return ` The published spread is ${SPREADS[spread]}${runs === null ? '' : ` of ${runs} runs`}.`
  return runs === null ? '' : ` The source made ${plural(runs, 'run')} of each arm.`
}

/** Arms that have both values; what was published and not measured is counted, where anything was measured. */
function valueTable(report: PublishedReport, exhibits: Exhibits): Html {
  const { experiment, source, metric, unit, arms } = report
  const all = arms.filter(({ published }) => published !== null)
  const measured = all.filter(({ count }) => count > 0)
  const shown = measured.length > 0 ? measured : all
  const left = all.length - shown.length
  if (shown.length === 0) return html``
  const inUnit = unit === '' ? {} : { unit }
  return exhibits.table([experiment, metric, 'published'], {
    caption: `${experiment}: ${metric} as published (${source}) and as measured, with 95 % bootstrap intervals of the median.${sourceText(report)} Shares are of the geometric mean of each series.${left === 0 ? '' : ` Not measured: ${plural(left, 'published arm')}.`}`,
    columns: [
      { head: 'arm', kind: 'text' },
      { head: 'published', ...inUnit, kind: 'number' },
      { head: 'spread', kind: 'number' },
      { head: 'measured', ...inUnit, kind: 'number' },
      { head: '95 % from', kind: 'number' },
      { head: 'to', kind: 'number' },
      { head: 'runs', kind: 'number' },
      { head: 'ratio', kind: 'number' },
      { head: 'share published', kind: 'number' },
      { head: 'share measured', kind: 'number' },
    ],
    rows: shown.map(valueCells),
  })
}

function claimTable({ experiment, source, metric, claims }: PublishedReport, exhibits: Exhibits): Html {
  if (claims.length === 0) return html``
  return exhibits.table(
    [experiment, metric, 'claims'],
    {
      notInPaper: true,
      caption: `${experiment}: claims of ${source}: ${countText(claims)}.`,
      columns: [
        { head: 'claim', kind: 'text' },
        { head: 'verdict', kind: 'text' },
        { head: 'measured', kind: 'text' },
        { head: 'note', kind: 'text' },
      ],
      rows: claims.map((claim) => [claim.claim, wordOf(claim.verdict), decidingText(claim), claim.why ?? '']),
    },
    (cell, column, row) =>
      column === 1
        ? html`<span class="badge ${CLASSES[claims[row]?.verdict ?? 'cannot tell']}">${cell ?? ''}</span>`
        : undefined,
  )
}

/** Everything about published results of one experiment; nothing where nothing is published. */
export async function publishedHtml(reports: readonly PublishedReport[], exhibits: Exhibits): Promise<Html> {
  if (reports.length === 0) return html``
  const parts: Html[] = []
  for (const report of reports) {
    const { experiment, metric, source, setup, kernel, accel, arms } = report
    const both = arms.filter(({ published, median }) => published !== null && median !== null)
    parts.push(html`<h4>${metric}, ${source}</h4>
      <p class="soft">
        ${setup === null ? '' : `Published values are from ${setup}. `}Measured on ${kernel}, ${accel.toUpperCase()}.
      </p>
      ${claimTable(report, exhibits)} ${valueTable(report, exhibits)}`)
    if (both.length > 0)
      parts.push(
        await exhibits.figure(
          [experiment, metric, 'published beside measured'],
          `${experiment}: ${metric} as published (${source}; bars are its spread) and as measured (bars are 95 % bootstrap intervals), each divided by the geometric mean of its series, so that one machine being slower than the other does not show.`,
          besideFigure(both),
        ),
      )
  }
  return html`<h3>Published beside measured</h3>
    ${parts}`
}
