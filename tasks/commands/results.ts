/**
 * `lab results`: what was run, one run in full, or one run less. The lab file is not read: results outlive its changes.
 */
import { join } from 'node:path'
import { nameWayOut } from '../config/text/suggest.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { pickListed, pickRun, readRun } from '../results/result.ts'
import type { StoredRun } from '../results/manifest.ts'
import { indexRuns, type IndexedRun, type RunIndex } from '../results/run-index.ts'
import { leftOutText, ofOneDefinition, type LeftOut } from '../results/one-definition.ts'
import { runsTable } from '../results/runs-table.ts'
import { defineCommand, type OptionRow, type OptionsOf, type Outcome } from './command.ts'
import { DEFINITION } from './shared/options.ts'
import { labPlaces } from './shared/places.ts'
import type { Session } from './shared/session.ts'
import { oneWordOf } from './shared/values.ts'

const OPTIONS = [
  ['--experiment <name>', 'only of this experiment'],
  ['--per <what>', 'order: compare by sequence (the default), or by whole run', oneWordOf('unit', ['sequence', 'run'])],
  DEFINITION,
] as const satisfies readonly OptionRow[]

interface Asked {
  readonly session: Session
  readonly results: string
  readonly runs: readonly IndexedRun[]
  readonly skipped: RunIndex['skipped']
  readonly definitions: RunIndex['definitions']
  readonly name: string | undefined
  readonly options: OptionsOf<typeof OPTIONS>
}

const definedBy =
  (definitions: RunIndex['definitions']) =>
  ({ run, started, definition }: IndexedRun) => ({
    run,
    started,
    definition: definition === null ? undefined : definitions.get(definition),
  })

const noDefinition = (wanted: string, runs: readonly IndexedRun[]) =>
  userError({
    place: `--definition ${printable(wanted, 60)}`,
    fact: 'no run has this definition',
    wayOut: `there are ${[...new Set(runs.map(({ definition }) => definition ?? 'none'))].slice(-8).join(', ')}; the name of a run selects the definition of that run`,
  })

function ls({ session, results, runs: all, definitions, options }: Asked): Outcome {
  const wanted = options.definition
  let runs = all
  if (wanted !== undefined) {
    const experiments = [...Map.groupBy(all, ({ experiment }) => experiment)]
    const chosen = experiments.flatMap(
      ([name, list]) => ofOneDefinition(name, list, definedBy(definitions), wanted)?.runs ?? [],
    )
    if (chosen.length === 0) throw noDefinition(wanted, all)
    const isChosen = new Set(chosen)
    runs = all.filter((run) => isChosen.has(run))
  }
  if (session.options.json !== true) return { text: runsTable(runs, session.view.width), data: undefined }
  const data = runs.map(({ details, arm, table: _table, typed: _typed, ...run }) => ({
    ...run,
    dir: join(results, run.experiment, run.run),
    arm: { name: arm, params: details().params },
  }))
  return { text: '', data }
}

async function show({ session, results, runs, skipped, name = 'last' }: Asked): Promise<Outcome> {
  const { isShown, readRunFiles, runDetails } = await import('../results/results.ts')
  const run = await readRun(results, pickListed({ runs, skipped }, name))
  if (!isShown(run.manifest))
    throw userError({ place: run.run, fact: 'this version of lab cannot show its manifest.json' })
  const beside = await readRunFiles(run.dir)
  return {
    text: runDetails(run, beside, session.view.width),
    data: { dir: run.dir, manifest: run.manifest, probes: beside.probes ?? null, files: beside.files },
  }
}

async function remove({ results, runs, name }: Asked): Promise<Outcome> {
  if (name === undefined)
    throw userError({
      fact: 'which run?',
      wayOut: '`lab results rm RUN`; `lab results` lists them, `last` is the newest',
    })
  const { removeRun } = await import('../results/results.ts')
  const { experiment, run } = pickRun(runs, name)
  const dir = join(results, experiment, run)
  await removeRun({ dir })
  return { text: `removed ${printable(experiment)} ${printable(run)}`, data: { removed: dir } }
}

/** The experiment that is meant, by its name or as that of the newest run. */
function experimentOf({ runs, name }: Asked): string {
  const wanted = name === undefined || name === 'last' ? runs.at(-1)?.experiment : name
  if (wanted === undefined) throw userError({ fact: 'there are no runs', wayOut: '`lab run EXPERIMENT` makes one' })
  return wanted
}

interface Chosen {
  readonly definition: string | undefined
  readonly found: readonly StoredRun[]
  readonly leftOut: readonly LeftOut[]
}

/** An experiment's runs of one definition: the newest, or that of `--definition`. */
async function ofDefinition({ results, runs, definitions, options }: Asked, experiment: string): Promise<Chosen> {
  const wanted = options.definition
  const all = ofExperiment(runs, experiment)
  const chosen = ofOneDefinition(experiment, all, definedBy(definitions), wanted)
  if (chosen === undefined) throw noDefinition(wanted ?? '', all)
  const found = await Promise.all(chosen.runs.map((run) => readRun(results, run)))
  return { definition: chosen.definition, found, leftOut: chosen.leftOut }
}

const leftOutLines = (leftOut: readonly LeftOut[]): string[] =>
  leftOut.length === 0 ? [] : ['', ...leftOut.map(leftOutText), '--definition NAME takes these runs instead']

/** What the probes of an experiment with `observer: yes` cost. */
async function observer(asked: Asked): Promise<Outcome> {
  const { observerReports, observerText } = await import('../results/observer.ts')
  const wanted = experimentOf(asked)
  const { definition, found, leftOut } = await ofDefinition(asked, wanted)
  const reports = await observerReports(found)
  if (reports.length === 0)
    throw userError({
      place: `experiment ${printable(wanted)}`,
      fact: ['its runs have no arms to compare', ...leftOut.map(leftOutText)].join('\n'),
      wayOut: '`observer: yes` in lab.yaml makes them, and `lab run` runs them',
    })
  return {
    text: [...reports.flatMap(observerText), ...leftOutLines(leftOut)].join('\n'),
    data: reports.map((report) => ({ ...report, definition, leftOut })),
  }
}

/** Whether events came in the same order, over the runs of an experiment that count. */
async function order(asked: Asked): Promise<Outcome> {
  const { session, options } = asked
  const { per = 'sequence' } = options
  const { orderReport, orderText } = await import('../results/order.ts')
  const wanted = experimentOf(asked)
  const { definition, found, leftOut } = await ofDefinition(asked, wanted)
  const report = await orderReport(wanted, found, per)
  const data = session.options.json === true ? { ...report, definition, leftOut } : undefined
  return { text: [orderText(report), ...leftOutLines(leftOut)].join('\n'), data }
}

/** Published results beside those of the experiment's runs, with a verdict for each claim. */
async function claims(asked: Asked): Promise<Outcome> {
  const { publishedIn } = await import('../results/published/kept.ts')
  const { publishedReportsOf } = await import('../results/published/runs.ts')
  const { publishedLines } = await import('../results/published/text.ts')
  const wanted = experimentOf(asked)
  const { definition, found, leftOut } = await ofDefinition(asked, wanted)
  const newest = found.at(-1)
  const experiment = newest && publishedIn(newest)
  if (experiment === undefined)
    throw userError({
      place: `experiment ${printable(wanted)}`,
      fact: 'its runs were made without published results to compare them with',
      wayOut: '`published:` in lab.yaml declares them, and `lab report` takes them from there also for older runs',
    })
  const reports = publishedReportsOf(experiment, found)
  return {
    text: [...reports.flatMap(publishedLines), ...leftOutLines(leftOut)].join('\n'),
    data: reports.map((report) => ({ ...report, definition, leftOut })),
  }
}

export const ACTIONS: Readonly<Record<string, (asked: Asked) => Outcome | Promise<Outcome>>> = {
  ls,
  show,
  rm: remove,
  order,
  observer,
  claims,
}

/** By the directory that a run is in; a name that comes from outside is never made part of a path. */
function ofExperiment(runs: readonly IndexedRun[], experiment: string | undefined): readonly IndexedRun[] {
  if (experiment === undefined) return runs
  const found = runs.filter((run) => run.experiment === experiment)
  if (found.length > 0) return found
  const known = [...new Set(runs.map((run) => run.experiment))]
  throw userError({
    fact: `there are no runs of "${printable(experiment)}"`,
    wayOut: nameWayOut(experiment, known, 'experiments with runs', '`lab run EXPERIMENT` makes one'),
  })
}

export const command = defineCommand({
  usage: 'results [action] [run]',
  about:
    'ls, show RUN, rm RUN, order EXPERIMENT (did its events come in the same order each time?), observer EXPERIMENT (what do its probes cost?), claims EXPERIMENT (do published results hold?)',
  options: OPTIONS,
  examples: [
    ['lab results', 'every run with its verdict'],
    ['lab results show last', 'one run'],
  ],
  work: async (session, [action = 'ls', name], options) => {
    const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
    if (act === undefined)
      throw userError({
        fact: `lab results has no subcommand "${printable(action)}"`,
        wayOut: 'ls, show RUN, order EXPERIMENT, observer EXPERIMENT, claims EXPERIMENT or rm RUN',
      })
    if (options.definition !== undefined && (action === 'show' || action === 'rm'))
      throw userError({
        place: '--definition',
        fact: `lab results ${action} takes one run, which has one definition`,
        wayOut: 'leave it out; it is for ls, order, observer and claims',
      })
    const { results } = labPlaces(session)
    const { runs, skipped, definitions } = await indexRuns(results)
    if (skipped.length > 0)
      session.view.emit({
        type: 'notice',
        level: 'warning',
        place: 'results',
        text: `left out: ${printable(skipped.map(({ name: run, why }) => `${run} (${why})`).join(', '), 400)}`,
      })
    const chosen = ofExperiment(runs, options.experiment)
    return await act({
      session,
      results,
      skipped,
      runs: chosen,
      definitions,
      name,
      options,
    })
  },
})
