/** Step: report. One HTML file about runs, experiments or the whole lab, and its figures and tables as files. */
import { join } from 'node:path'
import { step, type Context } from '../../engine/context.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { printable } from '../../engine/printable.ts'
import { withScratch } from '../../engine/scratch.ts'
import { indexRuns } from '../run-index.ts'
import { environmentHtml } from './environment.ts'
import { Exhibits, type Figure } from './exhibits.ts'
import { experimentHtml, type ExperimentFacts } from './experiment.ts'
import { writeWhole } from './files.ts'
import { gather } from './gather.ts'
import { html, idOf, type Html } from './html.ts'
import { Kept } from './kept.ts'
import { Material } from './material.ts'
import { experimentsTable, runsTable } from './overview.ts'
import { pageText } from './page.ts'
import { byExperiment, reportRuns } from './runs.ts'
import { scopeOf, type Scope } from './scope.ts'
import type { Table } from './table.ts'
import { completenessText, problems, verdictBadges } from './verdict.ts'

export interface ReportWanted {
  /** Names of experiments and runs; none: the whole lab. */
  readonly words: readonly string[]
  readonly since: string | undefined
  readonly results: string
  /** Of the lab, for titles. */
  readonly labName: string
  /** The file to write; beside the results when left out. */
  readonly output: string | undefined
}

export interface ReportOutcome {
  readonly file: string
  readonly bytes: number
  readonly runs: number
  readonly experiments: number
  readonly figures: readonly Figure[]
  readonly tables: readonly Table[]
}

/** Runs of each arm whose events are read: all there are, within reason, or a look at each arm of a whole lab. */
const MOST_RUNS = { one: 1000, lab: 20 } as const
/** Directories that are no runs and are named. */
const MOST_SAID = 10

/** "41 runs of 3 experiments, 23 November 2026 to ..., made ...". */
function subtitle({ runs }: Scope, experiments: number, now: Date): string {
  const day = (text: string) => text.slice(0, 16).replace('T', ' ')
  const [first, last] = [runs[0]?.started ?? '', runs.at(-1)?.started ?? '']
  const when = day(first) === day(last) ? day(first) : `${day(first)} to ${day(last)}`
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${count(runs.length, 'run')} of ${count(experiments, 'experiment')}, ${when} UTC. Report made ${day(now.toISOString())} UTC.`
}

const tool = (): string => `made by lab ${ownVersion()} with Node ${process.version}`

/** What went wrong in all of it, for the head of a page about many experiments. */
function head(scope: Scope, facts: readonly ExperimentFacts[], exhibits: Exhibits): Html {
  const { runs, kind } = scope
  const bad = facts.flatMap((one) => one.bad).toSorted((a, b) => (a.run.started < b.run.started ? 1 : -1))
  const failed = runs.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'imported').length
  return html`<section id="summary">
    <p class="verdicts">${verdictBadges(runs)}</p>
    ${completenessText(runs)} ${kind === 'summary' ? problems(bad, failed) : ''}
    ${experimentsTable(
      facts.map((one) => one.runs),
      kind !== 'summary',
      exhibits,
    )}
  </section> `
}

/** @throws Failure (user) where there is nothing to report */
export async function reportStep(wanted: ReportWanted, context: Context): Promise<ReportOutcome> {
  const { words, since, results, labName } = wanted
  const now = new Date()
  const index = await indexRuns(results)
  for (const { name, why } of index.skipped.slice(0, MOST_SAID))
    context.emit({
      type: 'notice',
      level: 'warning',
      place: `results/${printable(name, 200)}`,
      text: `left out: ${printable(why, 200)}`,
    })
  const scope = scopeOf(reportRuns(index), words, since, labName, now)
  const file = wanted.output ?? join(results, `${scope.name}.html`)
  const title = `report ${printable(scope.title, 80)}`
  return await step(context, title, title, async (handle) => {
    const experiments = byExperiment(scope.runs)
    return await withScratch('report', async (temp) => {
      const kept = new Kept(results, context.toolRoot)
      const [material, exhibits] = [new Material(kept), new Exhibits()]
      const mostRuns = scope.kind === 'lab' ? MOST_RUNS.lab : MOST_RUNS.one
      const facts: ExperimentFacts[] = []
      for (const [done, one] of experiments.entries()) {
        handle.progress(printable(one.name, 60), done, experiments.length)
        context.signal.throwIfAborted()
        facts.push(await gather(one, scope.kind !== 'summary', { results, kept, temp, mostRuns, emit: context.emit }))
      }
      const many = experiments.length > 1 || scope.kind === 'summary'
      const sections: Html[] = []
      if (many) sections.push(head(scope, facts, exhibits))
      if (scope.kind !== 'summary')
        for (const one of facts) sections.push(await experimentHtml(one, kept, material, exhibits, !many))
      const text = pageText({
        title: scope.title,
        subtitle: subtitle(scope, experiments.length, now),
        parts: [
          ...(many && scope.kind !== 'summary'
            ? experiments.map(({ name }) => ({ id: idOf('experiment', name), title: name }))
            : []),
          { id: 'runs', title: 'Runs' },
          ...(scope.kind === 'summary' ? [] : [{ id: 'environment', title: 'Environment and provenance' }]),
        ],
        body: html`${sections}${runsTable(scope.runs, scope.kind === 'summary', exhibits)}${
          scope.kind === 'summary'
            ? ''
            : environmentHtml(
                facts.flatMap(({ newest }) => newest.map(({ manifest }) => manifest)),
                scope.runs,
                tool(),
              )
        }`,
      })
      await writeWhole(file, text, context)
      for (const warning of exhibits.warnings)
        context.emit({ type: 'notice', level: 'warning', place: 'report', text: printable(warning, 300) })
      const value = {
        ...{ file, bytes: Buffer.byteLength(text), runs: scope.runs.length, experiments: experiments.length },
        ...{ figures: exhibits.figures, tables: exhibits.tables },
      }
      return { outcome: 'done', detail: file, value }
    })
  })
}
