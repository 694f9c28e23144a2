/** Everything that a report says about one experiment, read from its runs. */
import { join } from 'node:path'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { unitWord } from '../../config/unit-word.ts'
import { GaveUp } from '../../config/text/pattern.ts'
import { pathsOf, type PathRun } from '../../trace/stats/read-paths.ts'
import type { Emit } from '../../engine/event.ts'
import { printable } from '../../engine/printable.ts'
import type { Manifest } from '../manifest.ts'
import { readRun } from '../result.ts'
import { isShown } from '../results.ts'
import { orderReport, type OrderedRun } from '../order.ts'
import type { ExperimentFacts } from './experiment.ts'
import { spreadOf } from './histogram.ts'
import type { Kept } from './kept.ts'
import { mapHistograms } from './map-histograms.ts'
import type { RunsOrder } from './order.ts'
import type { GroupPath } from './path.ts'
import { publishedIn } from '../published/kept.ts'
import { reportsOf } from './published.ts'
import { readableTables } from './readable.ts'
import { medianOf, withMetric, type ExperimentRuns, type Group, type ReportRun } from './runs.ts'
import { countedStacks, timedCalls, treeTexts } from './stacks.ts'
import { typedFacts } from './typed-facts.ts'
import { warnUnreadable } from '../unreadable.ts'

/** Runs whose sequences are compared, and events of all of them; the newest. */
const MOST_ORDERED = { runs: 200, events: 300_000 } as const
/** Runs that did not pass and are looked at one by one. */
const MOST_BAD = 60
const TABLE = 'events.parquet'
/** Clocks that count without seconds. */
const TICKS = new Set(['counter', 'x86-tsc'])

export interface GatherOptions {
  readonly results: string
  readonly kept: Kept
  /** A directory for what does not fit in memory. */
  readonly temp: string
  /** Runs of each arm whose events are read; the newest. */
  readonly mostRuns: number
  readonly emit: Emit
  /** Experiments as the lab file has them now, where it can be read. */
  readonly declared?: ((name: string) => ResolvedExperiment | undefined) | undefined
}

async function manifestOf(run: ReportRun, { results, emit }: GatherOptions): Promise<Manifest | undefined> {
  let why: unknown
  try {
    const { manifest } = await readRun(results, run)
    if (isShown(manifest)) return manifest
  } catch (error) {
    // Deleted since the list was made, or edited by hand.
    why = error
  }
  warnUnreadable(
    run,
    { what: 'manifest.json', error: why, so: 'the report has what was known of the run before' },
    emit,
  )
  return undefined
}

/** The newest of a group that can be read; one that counts before one that does not. */
async function newestOf({ counted, runs }: Group, options: GatherOptions): Promise<Manifest | undefined> {
  for (const run of [...counted.toReversed(), ...runs.toReversed()].slice(0, 5)) {
    const manifest = await manifestOf(run, options)
    if (manifest !== undefined) return manifest
  }
  return undefined
}

interface Source extends PathRun {
  readonly run: ReportRun
}

interface GroupPaths {
  readonly paths: readonly GroupPath[]
  readonly notes: readonly string[]
  /** Microseconds, of each run that has whole reads. */
  readonly medians: ReadonlyMap<ReportRun, number>
}

const NO_PATHS: GroupPaths = { paths: [], notes: [], medians: new Map() }

function givenUp(error: unknown): GaveUp {
  if (error instanceof GaveUp) return error
  throw error
}

async function groupPaths(
  { name, groups }: ExperimentRuns,
  newest: readonly (Manifest | undefined)[],
  options: GatherOptions,
): Promise<GroupPaths> {
  const { results, kept, temp, mostRuns } = options
  const notes: string[] = []
  const sources = groups.flatMap(({ counted, label }, group) => {
    const withEvents = counted.filter(({ table, events }) => table && events > 0)
    if (withEvents.length > mostRuns)
      notes.push(`${label}: paths are of the newest ${mostRuns} of ${withEvents.length} runs.`)
    return withEvents.slice(-mostRuns).map((run): Source => ({
      run,
      group,
      file: join(results, run.experiment, run.run, TABLE),
      pid: run.imported === null ? (run.pid ?? -1) : undefined,
    }))
  })
  const orders = newest.map((manifest) => ({ order: manifest && kept.order(manifest) }))
  const tables = await readableTables(sources, options, (there) => pathsOf(there, orders, temp)).catch(givenUp)
  if (tables instanceof GaveUp) {
    const text = `${tables.parts.fact}: its events are in no figure`
    options.emit({ type: 'notice', level: 'warning', place: `experiment ${printable(name, 80)}`, text })
    return { ...NO_PATHS, notes: [`${text}.`] }
  }
  const { list, value: found } = tables
  const medians = new Map<ReportRun, number>()
  for (const path of found)
    for (const [index, durations] of path?.kind.byRun() ?? []) {
      const run = list[index]?.run
      if (run !== undefined && !TICKS.has(run.clock)) medians.set(run, spreadOf(durations).median / 1000)
    }
  const paths = groups.flatMap((group, index): GroupPath[] => {
    const path = found[index]
    if (path === undefined) return []
    const runs = list.filter((source) => source.group === index).map(({ run }) => run)
    const ticks = runs.some(({ clock }) => TICKS.has(clock))
    return [{ path, label: group.label, run: list[path.run]?.run.run ?? '', ticks, runs }]
  })
  return { paths, notes, medians }
}

/** The order of the newest runs' events; undefined where nothing can be compared. */
async function orderOfRuns(
  { name, groups }: ExperimentRuns,
  unit: string,
  options: GatherOptions,
): Promise<RunsOrder | undefined> {
  const runs = groups
    .flatMap(({ counted }) => counted)
    .filter(({ sequence, imported }) => sequence !== null && imported === null)
    .toSorted((a, b) => (a.started > b.started ? -1 : 1))
    .slice(0, MOST_ORDERED.runs)
  const found: { run: ReportRun; ordered: OrderedRun }[] = []
  let events = 0
  for (const run of runs) {
    events += run.events
    if (events > MOST_ORDERED.events) break
    const manifest = await manifestOf(run, options)
    if (manifest === undefined) continue
    found.push({ run, ordered: { dir: join(options.results, run.experiment, run.run), manifest } })
  }
  if (found.length < 2) return undefined
  const oldestFirst = found.toReversed().map(({ ordered }) => ordered)
  return { report: await orderReport(name, oldestFirst, 'sequence', unit), runs: found.map(({ run }) => run) }
}

/**
 * What the lab file publishes beside an experiment: as it is now, also for runs that are older than that, or as it was
 * kept.
 */
function publishedFor(
  { name }: ExperimentRuns,
  newest: readonly { readonly manifest: Manifest }[],
  { results, declared }: GatherOptions,
): ResolvedExperiment | undefined {
  const now = declared?.(name)
  if (now !== undefined) return now.published.length > 0 ? now : undefined
  const manifest = newest.at(-1)?.manifest
  return manifest && publishedIn({ dir: join(results, manifest.experiment, manifest.run), manifest })
}

/** @param events whether the paths of reads are wanted: the one thing that has to look into the traces */
export async function gather(runs: ExperimentRuns, events: boolean, options: GatherOptions): Promise<ExperimentFacts> {
  const newest = await Promise.all(runs.groups.map((group) => newestOf(group, options)))
  const failed = runs.runs.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'imported').toReversed()
  const bad: { run: ReportRun; manifest: Manifest }[] = []
  for (const run of failed.slice(0, MOST_BAD)) {
    const manifest = await manifestOf(run, options)
    if (manifest !== undefined) bad.push({ run, manifest })
  }
  const known = runs.groups.flatMap(({ label }, index) => {
    const manifest = newest[index]
    return manifest === undefined ? [] : [{ label, manifest }]
  })
  const { paths, notes, medians } = events ? await groupPaths(runs, newest, options) : NO_PATHS
  const unit = unitWord(
    options.declared?.(runs.name)?.unit ?? runs.unit ?? known.at(-1)?.manifest.unit,
    paths[0]?.path.typical[0]?.message,
  )
  const order = events ? await orderOfRuns(runs, unit, options) : undefined
  const typed = events ? await typedFacts(runs, options) : []
  const histograms = events ? await mapHistograms(runs, options) : []
  const stacks = events ? await countedStacks(runs, options) : []
  const calls = events ? await timedCalls(runs, newest, options) : []
  const trees = events ? await treeTexts(runs, options) : []
  const declared = runs.runs.some(({ metrics }) => Object.keys(metrics).length > 0)
  const withReads = runs.groups.filter(({ counted }) => counted.some((run) => medians.has(run))).length
  // What only one of several arms has cannot be compared, and one run's reads are in the table of steps.
  const comparable = medians.size > 1 && (withReads > 1 || runs.groups.length === 1)
  const told = declared || !comparable ? runs : withMetric(runs, medianOf(unit), medians)
  const asked = publishedFor(runs, known, options)
  const published = asked === undefined ? [] : reportsOf(asked, runs, known)
  return {
    runs: told,
    unit,
    newest: known,
    bad,
    paths,
    typed,
    histograms,
    stacks,
    calls,
    trees,
    notes,
    order,
    published,
  }
}
