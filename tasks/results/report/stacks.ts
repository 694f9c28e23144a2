/** Stacks that probes counted, and calls that the function_graph tracer timed, of the runs of a report. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../engine/error.ts'
import { plural } from '../../engine/text.ts'
import { callGraphs } from '../../trace/events/call-graph.ts'
import { Processes } from '../../trace/events/processes.ts'
import { readEvents } from '../../trace/events/read-events.ts'
import { callStacks } from '../../trace/stacks/call-stacks.ts'
import { addedUp, type FoldedStack } from '../../trace/stacks/folded.ts'
import type { Manifest } from '../manifest.ts'
import { stacksIn } from '../stacks.ts'
import type { ArmStacks } from './flame-graphs.ts'
import { html, type Html } from './html.ts'
import type { TableOptions } from './readable.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'
import { warnUnreadable } from '../unreadable.ts'
import { unitOfName } from '../../config/metric-unit.ts'

type Options = TableOptions & { readonly mostRuns: number }

/** Runs of each arm whose calls are added up; each can have a million. */
const MOST_TREES = 5
const MOST_EVENTS = 300_000
/** Bytes of a call tree in the page. */
const MOST_TEXT = 60_000

const dirOf = ({ experiment, run }: ReportRun, { results }: Options): string => join(results, experiment, run)

interface Sum {
  readonly lists: (readonly FoldedStack[])[]
  readonly runs: ReportRun[]
  readonly notes: Set<string>
}

/** Notes below a graph; of more, how many there are. */
const MOST_NOTES = 3

const someOf = (notes: readonly string[]): string[] =>
  notes.length > MOST_NOTES
    ? [...notes.slice(0, MOST_NOTES), `${plural(notes.length - MOST_NOTES, 'more note')} of this kind`]
    : [...notes]

/** The stacks in the maps and typed events of every arm. */
export async function countedStacks({ groups }: ExperimentRuns, options: Options): Promise<ArmStacks[]> {
  const found: ArmStacks[] = []
  for (const { label: arm, counted } of groups) {
    const sums = new Map<string, Sum>()
    const newest = counted.slice(-options.mostRuns)
    for (const run of newest)
      try {
        for (const { name, stacks, notes } of (await stacksIn(dirOf(run, options), run.typed)) ?? []) {
          const sum = sums.get(name) ?? { lists: [], runs: [], notes: new Set() }
          sums.set(name, sum)
          sum.lists.push(stacks)
          sum.runs.push(run)
          for (const note of notes) sum.notes.add(`${run.run}: ${note}`)
        }
      } catch (error) {
        warnUnreadable(run, { what: 'stacks', error, so: 'the run is in no flame graph of them' }, options.emit)
      }
    const [read, of] = [newest.length, counted.length]
    for (const [name, { lists, runs, notes }] of sums)
      found.push({
        arm,
        name,
        unit: unitOfName(name),
        stacks: addedUp(lists.flat()),
        runs,
        read,
        of,
        notes: someOf([...notes]),
      })
  }
  return found
}

/** @returns with `cut` where a run has more events than are read */
async function callsOf(
  run: ReportRun,
  options: Options,
): Promise<{ readonly stacks: readonly FoldedStack[]; readonly cut: boolean }> {
  const file = join(dirOf(run, options), 'events.parquet')
  const events = ['funcgraph_entry', 'funcgraph_exit']
  const { events: list, more: cut } = await readEvents(file, { events }, MOST_EVENTS, false)
  const processes = new Processes([])
  const comm = (pid: number) => list.find((event) => event.pid === pid)?.comm ?? processes.comm(pid)
  return { stacks: callStacks(callGraphs(list, comm)), cut }
}

/** The time of each call of the newest runs of every arm. @param newest of each arm, in the order of the arms */
export async function timedCalls(
  { groups }: ExperimentRuns,
  newest: readonly (Manifest | undefined)[],
  options: Options,
): Promise<ArmStacks[]> {
  const found: ArmStacks[] = []
  for (const [index, { label: arm, counted }] of groups.entries()) {
    if (newest[index]?.sha256['graph.txt'] === undefined) continue
    const newestRuns = counted.slice(-MOST_TREES)
    const [lists, runs, cutRuns]: [FoldedStack[], ReportRun[], string[]] = [[], [], []]
    for (const run of newestRuns)
      try {
        const { stacks, cut } = await callsOf(run, options)
        lists.push(...stacks)
        runs.push(run)
        if (cut) cutRuns.push(`${run.run}: only its first ${MOST_EVENTS.toLocaleString('en')} events are in it`)
      } catch (error) {
        warnUnreadable(run, { what: 'calls', error, so: 'the run is in no flame graph of them' }, options.emit)
      }
    if (lists.length > 0)
      found.push({
        arm,
        name: 'time of calls',
        unit: 'ns',
        stacks: addedUp(lists),
        runs,
        read: newestRuns.length,
        of: counted.length,
        notes: ['Times have the cost of tracing in them', ...someOf(cutRuns)],
      })
  }
  return found
}

/** The text of a call tree, as `lab trace --graph` prints it. */
export interface TreeText {
  readonly arm: string
  readonly run: string
  readonly text: string
  readonly cut: boolean
}

/** The beginning of a file, whole lines of it: a call tree can have hundreds of megabytes. */
async function beginningOf(file: string, most: number): Promise<Pick<TreeText, 'text' | 'cut'>> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(most + 1), 0, most + 1, 0)
  const cut = bytesRead > most
  const end = cut ? buffer.lastIndexOf('\n', most - 1) + 1 : bytesRead
  return { text: buffer.toString('utf8', 0, end), cut }
}

/** The call tree of the newest run of every arm that has one. */
export async function treeTexts({ groups }: ExperimentRuns, options: Options): Promise<TreeText[]> {
  const found: TreeText[] = []
  for (const { label: arm, counted } of groups) {
    const run = counted.at(-1)
    if (run === undefined) continue
    try {
      found.push({ arm, run: run.run, ...(await beginningOf(join(dirOf(run, options), 'graph.txt'), MOST_TEXT)) })
    } catch (error) {
      // Not every run keeps calls.
      if (codeOf(error) !== 'ENOENT')
        warnUnreadable(run, { what: 'graph.txt', error, so: 'its call tree is left out' }, options.emit)
    }
  }
  return found
}

export const treeTextsHtml = (texts: readonly TreeText[]): Html =>
  html`${texts.map(
    ({ arm, run, text, cut }) =>
      html`<details class="long">
        <summary>The call tree of ${arm} <span class="soft">run ${run}</span></summary>
        <pre tabindex="0">${text}</pre>
        ${cut ? html`<p class="soft">It goes on: <code>lab trace ${run} --graph</code> shows all of it.</p>` : ''}
      </details>`,
  )}`
