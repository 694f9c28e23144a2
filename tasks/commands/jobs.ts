/** `lab jobs`: how far the plans are that a cluster carries out, and why something is missing. */
import { named } from '../config/open.ts'
import { Failure, userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { fitTable } from '../engine/fit-table.ts'
import { madeOf, openBlocks, submittedJobs, type OpenBlock } from '../run/cluster/progress.ts'
import { listPlans, type PlanHeader } from '../run/cluster/stored-plan.ts'
import { outcomeOf } from '../run/cluster/wait.ts'
import { openApp, type App } from './shared/app.ts'
import { stateOf } from './shared/resumed.ts'
import { runNamed } from './shared/run-each.ts'
import { defineCommand, type Outcome } from './command.ts'

/** Blocks that are named, and the others are counted. */
const NAMED = 10

interface Seen {
  readonly dir: string
  readonly plan: PlanHeader
  readonly runs: number
  readonly open: readonly OpenBlock[]
  readonly jobs: readonly string[]
  /** Why Slurm could not be asked: then nothing is known of blocks without results. */
  readonly unasked?: string
}

/** Slurm is asked only about plans that lack results. */
async function seen({ dir, plan }: Pick<Seen, 'dir' | 'plan'>, signal: AbortSignal): Promise<Seen> {
  const { runs, missing } = await madeOf(dir, plan)
  const jobs = (await submittedJobs(dir)).map(({ job }) => job)
  try {
    return { dir, plan, runs, jobs, open: await openBlocks(dir, plan, missing, signal) }
  } catch (error) {
    if (signal.aborted || !(error instanceof Failure)) throw error
    const unasked = printable(error.parts.fact, 300)
    return {
      dir,
      plan,
      runs,
      jobs,
      open: missing.map((block) => ({ block, state: 'unknown', word: 'not known' })),
      unasked,
    }
  }
}

/** Blocks without all results that no job is at or waits for. */
const lostIn = (open: readonly OpenBlock[]): OpenBlock[] =>
  open.filter(({ state }) => state === 'ended' || state === 'unknown')

const count = (open: readonly OpenBlock[], state: OpenBlock['state']): string => {
  const number = open.filter((block) => block.state === state).length
  return number === 0 ? '' : String(number)
}

const dataOf = ({ dir, plan, runs, open, jobs, unasked }: Seen) => ({
  plan: plan.id,
  experiment: plan.experiment,
  started: plan.started,
  dir,
  jobs,
  runs: { planned: plan.blocks * plan.size, made: runs },
  open,
  ...(unasked !== undefined && { unasked }),
})

/** "block 3: OUT_OF_MEMORY on n1: ...", and how many more there are. */
function openLines(open: readonly OpenBlock[]): string[] {
  const lines = open
    .slice(0, NAMED)
    .map(({ block, state, word, node, job, why, wayOut }) =>
      [
        `block ${block}${job === undefined ? '' : ` (job ${job})`}: ${word ?? (state === 'unknown' ? 'Slurm knows no job for it' : state)}`,
        ...(node === undefined ? [] : [` on ${printable(node, 60)}`]),
        ...(why === undefined ? [] : [`: ${printable(why, 300)}`]),
        ...(wayOut === undefined ? [] : [`\n  → ${printable(wayOut, 300)}`]),
      ].join(''),
    )
  return open.length > NAMED ? [...lines, `and ${open.length - NAMED} more blocks without all of their results`] : lines
}

function listText(all: readonly Seen[], width: number | undefined): string {
  if (all.length === 0) return 'there are no plans: `lab run EXPERIMENT --on slurm` makes one'
  const columns = [
    { head: 'PLAN' },
    { head: 'EXPERIMENT', least: 10 },
    { head: 'RUNS' },
    { head: 'WAITING' },
    { head: 'RUNNING' },
    { head: 'NOT DONE' },
    { head: 'SINCE', spare: 1 },
  ]
  const rows = all.map(({ plan, runs, open, unasked }) => {
    const lost = lostIn(open).length
    return [
      plan.id,
      plan.experiment,
      `${runs}/${plan.blocks * plan.size}`,
      count(open, 'waiting'),
      count(open, 'running'),
      lost === 0 ? '' : unasked === undefined ? String(lost) : '?',
      plan.started,
    ]
  })
  const unfinished = all.filter(({ open, unasked }) => unasked === undefined && lostIn(open).length > 0)
  return [
    fitTable(columns, rows, width),
    ...all
      .flatMap(({ unasked }) => (unasked === undefined ? [] : [`Slurm could not be asked: ${unasked}`]))
      .slice(0, 1),
    ...unfinished.map(({ plan }) => `\`${plan.resume}\` submits what is missing`),
  ].join('\n')
}

/** One plan, with what its runs say together. */
async function onePlan(app: App, entry: Seen): Promise<Outcome> {
  const { plan, dir, open, unasked } = entry
  const experiment = named(app.lab.experiments, 'experiment', plan.experiment)
  const outcome = await runNamed(
    [experiment],
    {
      // Of blocks that Slurm was not asked about, nobody can say that their jobs left no result.
      one: () => outcomeOf(dir, plan, unasked === undefined ? open : []),
      resume: false,
      goOn: plan.resume,
      resumeOf: () => plan.resume,
      places: { state: stateOf(app.lab), results: app.places.results },
      asked: () => Promise.resolve(''),
    },
    app,
  )
  const text = typeof outcome === 'object' ? outcome.text : ''
  return { text: [listText([entry], app.view.width), ...openLines(open), '', text].join('\n'), data: [dataOf(entry)] }
}

export const command = defineCommand({
  usage: 'jobs [plan]',
  about: 'show how far the runs of `lab run --on slurm` are, and why some are missing',
  examples: [
    ['lab jobs', 'every plan of this lab'],
    ['lab jobs 0123456789ab', 'one plan, with what its runs say together'],
  ],
  work: async (session, [wanted]) => {
    const app = openApp(session)
    const plans = await listPlans(stateOf(app.lab))
    if (wanted === undefined) {
      const all: Seen[] = []
      for (const plan of plans) all.push(await seen(plan, app.context.signal))
      return { text: listText(all, app.view.width), data: all.map(dataOf) }
    }
    const found = plans.filter(({ plan }) => plan.id.startsWith(wanted))
    const [only] = found
    if (only === undefined || found.length > 1)
      throw userError({
        place: `plan ${printable(wanted, 60)}`,
        fact: only === undefined ? 'there is no such plan' : `${found.length} plans begin so`,
        wayOut: '`lab jobs` lists them',
      })
    return await onePlan(app, await seen(only, app.context.signal))
  },
})
