/** Step: report. One HTML file about runs, experiments or the whole lab, and its figures and tables as files. */
import { join } from 'node:path'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { step, type Context } from '../../engine/context.ts'
import { interrupted, userError } from '../../engine/error.ts'
import { ownVersion } from '../../engine/own-version.ts'
import { printable } from '../../engine/printable.ts'
import { withScratch } from '../../engine/scratch.ts'
import { indexRuns } from '../run-index.ts'
import { readRun } from '../result.ts'
import { isShown } from '../results.ts'
import { asDeclared } from './declared.ts'
import { environmentHtml } from './environment.ts'
import { Exhibits, type Figure } from './exhibits.ts'
import { experimentHtml, type ExperimentFacts } from './experiment.ts'
import { writeWhole } from './files.ts'
import { gather } from './gather.ts'
import { html, type Html } from './html.ts'
import { Kept } from './kept.ts'
import { leftOutHtml, leftOutNote } from './left-out.ts'
import { Material } from './material.ts'
import { experimentsTable, runsTable } from './overview.ts'
import { methodsOf } from './methods.ts'
import type { Paper } from './paper.ts'
import { pageText } from './page.ts'
import { byExperiment, reportRuns, type ExperimentRuns, type ReportRun } from './runs.ts'
import { scopeOf, type Scope } from './scope.ts'
import type { Table } from './table.ts'
import { leftOutText, type LeftOut } from '../one-definition.ts'
import { completenessText, problems, verdictBadges } from './verdict.ts'

export interface ReportRequest {
  /** Names of experiments and runs; none: the whole lab. */
  readonly words: readonly string[]
  readonly since: string | undefined
  /**
   * A definition's name, or its beginning, or the name of a run that has it; the newest of each experiment when left
   * out.
   */
  readonly definition?: string | undefined
  readonly results: string
  /** Of the lab, for titles. */
  readonly labName: string
  /** Experiments of the lab file as it is now: what it publishes is shown also beside older runs. */
  readonly declared?: ((name: string) => ResolvedExperiment | undefined) | undefined
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
  /** The same as a paper. */
  readonly paper: Paper
  /** Runs of other definitions. */
  readonly leftOut: readonly LeftOut[]
}

/** Runs of each arm whose events are read: all there are, within reason, or a look at each arm of a whole lab. */
const MOST_RUNS = { one: 1000, lab: 20 } as const
/** How runs that were left out can be had. */
const ANOTHER = '--definition NAME shows them; `lab diff RUN RUN` shows what differs'
/** Directories that are no runs and are named. */
const MOST_SAID = 10

/** "41 runs of 3 experiments, 23 November 2026 to ..., made ...". */
function subtitle(runs: readonly ReportRun[], experiments: number, leftOut: number, now: Date): string {
  const day = (text: string) => text.slice(0, 16).replace('T', ' ')
  const [first, last] = [runs[0]?.started ?? '', runs.at(-1)?.started ?? '']
  const when = day(first) === day(last) ? day(first) : `${day(first)} to ${day(last)}`
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  const others = leftOut === 0 ? '' : ` ${count(leftOut, 'run')} of other definitions left out.`
  return `${count(runs.length, 'run')} of ${count(experiments, 'experiment')}, ${when} UTC.${others} Report made ${day(now.toISOString())} UTC.`
}

const tool = (): string => `made by lab ${ownVersion()} with Node ${process.version}`

/** What went wrong in all of it, for the head of a page about many experiments. */
function head({ kind }: Scope, facts: readonly ExperimentFacts[], exhibits: Exhibits): Html {
  const runs = facts.flatMap((fact) => fact.runs.runs)
  const bad = facts.flatMap((fact) => fact.bad).toSorted((a, b) => (a.run.started < b.run.started ? 1 : -1))
  const failed = runs.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'imported').length
  return html`<section id="summary">
    <p class="verdicts">${verdictBadges(runs)}</p>
    ${completenessText(runs)} ${kind === 'summary' ? problems(bad, failed) : ''}
    ${experimentsTable(
      facts.map((fact) => fact.runs),
      kind !== 'summary',
      exhibits,
    )}
  </section> `
}

/**
 * The experiments of a report, each with the runs of one definition. @throws Failure (user) if none has the definition
 * that is wanted
 */
function experimentsOf({ runs, kind }: Scope, definition: string | undefined): ExperimentRuns[] {
  const experiments = byExperiment(runs, { definition, all: kind === 'runs' && definition === undefined })
  const found = experiments.filter((experiment) => experiment.runs.length > 0)
  if (found.length > 0) return found
  throw userError({
    place: `--definition ${printable(definition ?? '', 60)}`,
    fact: 'no run has this definition',
    wayOut:
      '`lab query "SELECT DISTINCT experiment, definition FROM runs"` lists them; the name of a run selects the definition of that run',
  })
}

/** The experiment as the lab file had it at its newest run that can be read. */
async function declaredIn(
  { runs }: ExperimentRuns,
  kept: Kept,
  results: string,
): Promise<ResolvedExperiment | undefined> {
  const newest = runs.at(-1)
  const result = newest === undefined ? undefined : await readRun(results, newest).catch(() => undefined)
  return result === undefined || !isShown(result.manifest) ? undefined : kept.experiment(result.manifest)
}

function paperOf(
  title: string,
  under: string,
  facts: readonly ExperimentFacts[],
  kept: Kept,
  { figures, tables, subjects }: Exhibits,
): Paper {
  const manifests = facts.flatMap(({ newest }) => newest.map(({ manifest }) => manifest))
  return {
    title,
    subtitle: under,
    methods: methodsOf(
      manifests,
      facts.flatMap(({ runs }) => runs.runs),
    ),
    parts: facts.map(({ runs: { name: experiment }, newest, published }) => {
      const first = newest[0]?.manifest
      return {
        experiment,
        about: first && kept.experiment(first)?.about,
        figures: figures.filter(({ name }) => subjects.get(name) === experiment),
        tables: tables.filter(({ name }) => subjects.get(name) === experiment),
        published,
      }
    }),
  }
}

/** @throws Failure (user) where there is nothing to report */
export async function reportStep(request: ReportRequest, context: Context): Promise<ReportOutcome> {
  const { words, since, results, labName, definition } = request
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
  const file = request.output ?? join(results, `${scope.name}.html`)
  const title = `report ${printable(scope.title, 80)}`
  return await step(context, title, title, async (handle) => {
    const kept = new Kept(results, context.toolRoot)
    const experiments = await Promise.all(
      experimentsOf(scope, definition).map(async (experiment) =>
        asDeclared(experiment, await declaredIn(experiment, kept, results)),
      ),
    )
    const runs = experiments
      .flatMap((experiment) => experiment.runs)
      .toSorted((a, b) => (a.started < b.started ? -1 : 1))
    const leftOut = experiments.flatMap((group) => group.leftOut)
    const others = leftOut.reduce((sum, group) => sum + group.runs.length, 0)
    const used = new Set(runs)
    const listed = scope.runs
      .filter(({ experiment }) => experiments.some(({ name }) => name === experiment))
      .map((run): ReportRun => (used.has(run) ? run : { ...run, notCounted: 'another definition' }))
    for (const group of leftOut)
      context.emit({ type: 'notice', level: 'warning', place: 'report', text: leftOutText(group), wayOut: ANOTHER })
    return await withScratch('report', async (temp) => {
      const [material, exhibits] = [new Material(kept), new Exhibits()]
      const mostRuns = scope.kind === 'lab' ? MOST_RUNS.lab : MOST_RUNS.one
      for (const experiment of experiments) {
        exhibits.note(experiment.name, leftOutNote(experiment))
        if (experiment.groups.length > 1) exhibits.hasSeveralArms(experiment.name)
      }
      const facts: ExperimentFacts[] = []
      for (const [done, experiment] of experiments.entries()) {
        handle.progress(printable(experiment.name, 60), done, experiments.length)
        if (context.signal.aborted) throw interrupted()
        facts.push(
          await gather(experiment, scope.kind !== 'summary', {
            results,
            kept,
            temp,
            mostRuns,
            emit: context.emit,
            declared: request.declared,
          }),
        )
      }
      const many = experiments.length > 1 || scope.kind === 'summary'
      const sections: Html[] = []
      if (many) sections.push(head(scope, facts, exhibits))
      if (scope.kind !== 'summary')
        for (const fact of facts) sections.push(await experimentHtml(fact, kept, material, exhibits, !many))
      const under = subtitle(runs, experiments.length, others, now)
      const text = pageText({
        title: scope.title,
        subtitle: under,
        body: html`${sections}${leftOutHtml(experiments, exhibits)}${runsTable(listed, scope.kind === 'summary', exhibits)}${
          scope.kind === 'summary'
            ? ''
            : environmentHtml(
                facts.flatMap(({ newest }) => newest.map(({ manifest }) => manifest)),
                runs,
                tool(),
              )
        }`,
      })
      await writeWhole(file, text, context)
      for (const warning of exhibits.warnings)
        context.emit({ type: 'notice', level: 'warning', place: 'report', text: printable(warning, 300) })
      const value = {
        file,
        bytes: Buffer.byteLength(text),
        runs: runs.length,
        experiments: experiments.length,
        figures: exhibits.figures,
        tables: exhibits.tables,
        paper: paperOf(scope.title, under, facts, kept, exhibits),
        leftOut,
      }
      return { outcome: 'done', detail: file, value }
    })
  })
}
