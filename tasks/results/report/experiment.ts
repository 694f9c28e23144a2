/** The part of a report about one experiment: what was asked, what to believe, and then what came out. */
import type { Manifest } from '../manifest.ts'
import { comparisonHtml } from './compare.ts'
import type { Exhibits } from './exhibits.ts'
import { flameGraphsHtml, type ArmStacks } from './flame-graphs.ts'
import { html, idOf, type Html } from './html.ts'
import type { Kept } from './kept.ts'
import { mapHistogramsHtml, type MapHistogram } from './map-histograms.ts'
import type { Material } from './material.ts'
import { metricsHtml } from './metrics.ts'
import { orderHtml, type RunsOrder } from './order.ts'
import type { PublishedReport } from '../published/evaluate.ts'
import { probeTable } from './probe-table.ts'
import { publishedHtml } from './published.ts'
import { pathHtml, type GroupPath } from './path.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'
import { treeTextsHtml, type TreeText } from './stacks.ts'
import { typedHtml } from './typed.ts'
import type { TypedFacts } from './typed-facts.ts'
import { badge, completenessText, expectationList, problems, verdictBadges } from './verdict.ts'
import { plural } from '../../engine/text.ts'

/** All that is known of one experiment's runs. */
export interface ExperimentFacts {
  readonly runs: ExperimentRuns
  /** What one sequence of messages is called. */
  readonly unit: string
  /** Newest manifest of each group that has one that can be read, in the order of the groups. */
  readonly newest: readonly { readonly label: string; readonly manifest: Manifest }[]
  /** Some of those that did not pass, newest first. */
  readonly bad: readonly { readonly run: ReportRun; readonly manifest: Manifest }[]
  readonly paths: readonly GroupPath[]
  readonly typed: readonly TypedFacts[]
  readonly histograms: readonly MapHistogram[]
  readonly stacks: readonly ArmStacks[]
  readonly calls: readonly ArmStacks[]
  readonly trees: readonly TreeText[]
  readonly order: RunsOrder | undefined
  /** Published results of others beside these. */
  readonly published: readonly PublishedReport[]
  /** What the figures of paths leave out, if anything. */
  readonly notes: readonly string[]
}

const distinct = (values: readonly string[]): string[] => [...new Set(values)]

function asked({ runs, newest: known }: ExperimentFacts, kept: Kept): Html {
  const newest = known.map(({ manifest }) => manifest)
  const [first] = newest
  if (first === undefined) return html``
  const about = kept.experiment(first)?.about
  if (first.imported !== undefined) {
    const files = distinct(newest.map(({ imported }) => imported?.file ?? ''))
    return html`<p>
      A trace that was made elsewhere and imported: ${files.map((file) => html`<code>${file}</code> `)}. Nothing was
      expected of it, and what it was recorded on is not known.
    </p>`
  }
  const commands = distinct(
    newest.map(({ workload }) => workload.argv.map((word) => word.replace(/^.*\/bundle[^/]*\//, '')).join(' ')),
  )
  const probes = distinct(newest.flatMap(({ arm }) => arm.probes ?? []))
  const declared = kept.experiment(first)?.probes ?? []
  const kernels = distinct(newest.map(({ kernel }) => `Linux ${kernel.release}`))
  return html`${about === undefined ? '' : html`<p class="about">${about}</p>`}
    <dl class="facts">
      <dt>Workload</dt>
      <dd>
        ${commands.slice(0, 12).map((command) => html`<code>${command}</code><br />`)}${commands.length > 12 ? html`and ${commands.length - 12} more` : ''}
      </dd>
      <dt>Probes</dt>
      <dd>
        ${(probes.length > 0 ? probes : declared).map((probe) => html`<code>${probe}</code> `)}${probes.length + declared.length === 0 ? 'none' : ''}
      </dd>
      <dt>Kernel</dt>
      <dd>${kernels.join(', ')}</dd>
      <dt>Runs</dt>
      <dd>
        ${plural(runs.runs.length, 'run')} in
        ${plural(runs.groups.length, 'arm')}${runs.groups.length > 1 ? html`: ${runs.groups.map(({ label }) => label).join('; ')}` : ''}${notCounted(runs.runs)}
      </dd>
    </dl>`
}

/** The runs that are in no figure, and why. */
function notCounted(runs: readonly ReportRun[]): string {
  const count = (why: ReportRun['notCounted']) => runs.filter((run) => run.notCounted === why).length
  const [failed, warmups, again] = [count('failed'), count('warm-up'), count('tried again')]
  const parts = [
    failed > 0 && `${failed} failed`,
    warmups > 0 && plural(warmups, 'warm-up'),
    again > 0 && `${plural(again, 'attempt')} that came again`,
  ].filter((part) => part !== false)
  if (parts.length === 0) return ''
  return `; ${parts.join(', ')}: ${failed + warmups + again === 1 ? 'it is' : 'they are'} in no figure`
}

/** What the newest run of each arm was expected to show. */
function expected({ newest }: ExperimentFacts): Html {
  const shown = newest.filter(({ manifest }) => manifest.expectations.length + (manifest.remarks ?? []).length > 0)
  if (shown.length === 0) return html``
  const many = newest.length > 1
  return html`<details${many ? '' : html` open`}><summary>What was expected <span class="soft">${many ? `newest run of each of ${newest.length} arms` : 'of the newest run'}</span></summary>
${shown.map(
  ({ label, manifest }) =>
    html`${many ? html`<h4>${label} ${badge(manifest.verdict)}</h4>` : ''}${expectationList(manifest)}`,
)}</details>
`
}

/** @param alone the page is about nothing else, and has its name already */
export async function experimentHtml(
  facts: ExperimentFacts,
  kept: Kept,
  material: Material,
  exhibits: Exhibits,
  alone: boolean,
): Promise<Html> {
  const { runs, unit, newest, bad, paths, notes } = facts
  const own = newest.map(({ manifest }) => manifest).filter(({ imported }) => imported === undefined)
  const kernels = [
    ...new Map(own.map((manifest) => [manifest.inputs?.kernel ?? manifest.kernel.name, manifest])).values(),
  ]
  const failed = runs.runs.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'imported').length
  return html`<section class="experiment" id="${idOf('experiment', runs.name)}" data-experiment="${runs.name}">
    <h2>${alone ? 'Verdict' : runs.name}</h2>
    <p class="verdicts">${verdictBadges(runs.runs)}</p>
    ${completenessText(runs.runs)} ${problems(bad, failed)}
    <h3>What was asked</h3>
    ${asked(facts, kept)} ${expected(facts)} ${kernels.map((manifest) => material.kernel(manifest))}
    ${own.length === 0 ? '' : material.sources(own)} ${await pathHtml(runs.name, unit, paths, exhibits)}
    ${notes.map((note) => html`<p class="soft">${note}</p>`)} ${orderHtml(facts.order)}
${await mapHistogramsHtml(runs.name, facts.histograms, exhibits)}
${flameGraphsHtml(runs.name, { head: 'Stacks', option: '--stacks' }, facts.stacks, exhibits)}
${flameGraphsHtml(runs.name, { head: 'Calls', option: '--graph' }, facts.calls, exhibits)}${treeTextsHtml(facts.trees)}
${await typedHtml(runs.name, facts.typed, exhibits)}
${await publishedHtml(facts.published, exhibits)}
${await metricsHtml(runs, exhibits)}
${comparisonHtml(runs, exhibits)}
    ${probeTable(runs, exhibits)}
  </section> `
}
