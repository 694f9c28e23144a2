/** `lab bisect`: which commit of a kernel tree made an experiment fail, or a number of it worse. */
import { join } from 'node:path'
import { arms, onlyArms, overridesOf } from '../config/arms.ts'
import { named } from '../config/open.ts'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'
import { EXIT, userError } from '../engine/error.ts'
import { hashText } from '../engine/fingerprint.ts'
import { sayWhenInterrupted } from '../engine/interruption.ts'
import { lock } from '../engine/lock.ts'
import { makeDirectory } from '../engine/directory.ts'
import { printable } from '../engine/printable.ts'
import { fitTable } from '../engine/fit-table.ts'
import { plural } from '../engine/text.ts'
import { needWritable } from '../engine/writable.ts'
import { BisectTree, type Commit, type Mark } from '../host/git-bisect.ts'
import { bisect, type BisectResult, type Known, type Looked } from '../run/bisect/bisect.ts'
import { endsOf, summaryText, type Judgement } from '../run/bisect/judge.ts'
import { Prober } from '../run/bisect/prober.ts'
import { ready, treeFor } from '../build/artefacts.ts'
import { needsBuild, prebuiltSource } from '../build/kernel/prebuilt/identity.ts'
import { openApp } from './shared/app.ts'
import { choicesFor } from './shared/choices.ts'
import { commandLine, optionWords } from './shared/command-line.ts'
import { ACCEL, KERNEL, SOURCE } from './shared/options.ts'
import { repeated, wholeNumber } from './shared/values.ts'
import { defineCommand, type OptionRow, type OptionsOf, type Outcome } from './command.ts'

const runs = (what: string) => wholeNumber(what, 1, 99_999)

const OPTIONS = [
  SOURCE,
  ['--metric <name>', 'decide by this number of the experiment instead of by the verdicts of its runs'],
  ['-p, --param <name=value>', 'this value instead of the declared ones (repeatable)', repeated],
  ['--only <values>', 'only arms with these values'],
  ['-r, --repeat <n>', 'repeats of each arm at each commit, to begin with', runs('a number of repeats')],
  [
    '--most <n>',
    'runs at one commit before a number that does not decide is skipped (default: 40)',
    runs('a number of runs'),
  ],
  KERNEL,
  ACCEL,
] as const satisfies readonly OptionRow[]
type Options = OptionsOf<typeof OPTIONS>

/** Runs of one commit for a number: an interval needs some, and a clear difference needs no more. */
const FIRST_RUNS = 5
const MOST_RUNS = 40

const short = (id: string): string => id.slice(0, 12)
const commitText = ({ id, subject }: Commit): string => `${short(id)} (${printable(subject, 100)})`

/** @throws a user's Failure for a metric that the experiment does not have, or that several arms have */
function needOneArm(experiment: ResolvedExperiment, metric: string, options: Options): void {
  const known = Object.keys(experiment.metrics)
  if (!known.includes(metric))
    throw userError({
      place: `--metric ${printable(metric, 60)}`,
      fact: `experiment ${experiment.name} has no metric of this name`,
      wayOut: known.length === 0 ? 'add `metrics:` to it, or let the verdicts decide' : `one of ${known.join(', ')}`,
    })
  const list = onlyArms(arms(experiment, overridesOf(options.param ?? [])), options.only)
  if (list.length > 1)
    throw userError({
      place: `--metric ${metric}`,
      fact: `experiment ${experiment.name} has ${list.length} arms, and a number of which is meant is not known`,
      lines: list.slice(0, 8).map(({ name }) => printable(name, 100)),
      wayOut: 'choose one with --only or --param',
    })
}

/** @throws a user's Failure for a kernel that is not built from a tree: no commit of one would be any better */
function needBuilt({ kernels }: ResolvedLab, name: string): void {
  const kernel = named(kernels, 'kernel', name)
  const source = prebuiltSource(kernel)
  if (source !== undefined) throw needsBuild(kernel, source, '`lab bisect`')
}

type End = Exclude<Mark, 'skip'>

const untestable = (commit: Commit, end: End, why: string) =>
  userError({
    place: commitText(commit),
    fact: `this end cannot be tested: ${why}`,
    wayOut: `take another commit for the ${end} end, one that builds and boots`,
  })

/** @throws a user's Failure for an end that is not what it is said to be */
function needMark(commit: Commit, end: End, { mark, why }: Judgement, metrics: readonly string[]): void {
  if (mark === end) return
  if (mark === 'skip') throw untestable(commit, end, why)
  const hint = metrics.length > 0 && end === 'bad' ? `; --metric decides by a number (${metrics.join(', ')})` : ''
  throw userError({
    place: commitText(commit),
    fact: `it is to be the ${end} end, and it is ${mark}: ${why}`,
    wayOut: `take another commit for the ${end} end, or check the experiment${hint}`,
  })
}

/** Both ends of a metric. @throws a user's Failure where one cannot be tested, or where it is the same at both */
async function measuredEnds(prober: Prober, tree: BisectTree, metric: string, good: Commit, bad: Commit) {
  const valuesAt = async (commit: Commit, end: End) => {
    await tree.checkout(commit.id)
    const values = await prober.values()
    if (typeof values === 'string') throw untestable(commit, end, values)
    return values
  }
  const atBad = await valuesAt(bad, 'bad')
  const atGood = await valuesAt(good, 'good')
  const ends = endsOf(atGood, atBad)
  if (ends !== undefined) return ends
  throw userError({
    place: `--metric ${metric}`,
    fact: `it is not known to differ between the two ends, after ${plural(atGood.length, 'run')} of each`,
    lines: [`good: ${prober.described(atGood)}`, `bad: ${prober.described(atBad)}`],
    wayOut: '--repeat makes more runs; or take ends that lie further apart',
  })
}

function answerOf(
  found: BisectResult,
  description: string,
  subjects: readonly Commit[],
  width: number | undefined,
): Outcome {
  const { first, looked, known } = found
  const columns = [{ head: 'COMMIT' }, { head: 'FOUND' }, { head: 'WHY', least: 20 }]
  const rows = looked.map(({ id, mark, why }) => [short(id), mark, printable(why, 200)])
  const lastOf = (mark: Mark) => looked.findLast((look) => look.mark === mark)?.run
  const [before, after] = [lastOf('good'), lastOf('bad')]
  const [only] = first
  const head =
    first.length === 1 && only !== undefined
      ? [`first bad commit: ${only}`, '', description]
      : [
          `the first bad commit is one of these ${first.length}; the others could not be tested:`,
          ...subjects.map((subject) => `  ${commitText(subject)}`),
        ]
  return {
    text: [
      ...head,
      '',
      fitTable(columns, rows, width),
      ...(before && after ? [`\`lab diff ${before} ${after}\` shows what differs`] : []),
    ].join('\n'),
    data: { first, looked, known },
    status: first.length === 1 ? EXIT.done : EXIT.experiment,
  }
}

export const command = defineCommand({
  usage: 'bisect <experiment> <good> <bad>',
  about: 'find the first commit of a kernel tree that makes an experiment fail, or a number of it worse',
  options: OPTIONS,
  note: `
GOOD and BAD are commits of the tree that --source names. git bisect works in a checkout of its own: yours is not touched, and nothing is left in
your repository. Both ends are tested first. What does not build, does not boot or cannot be probed is skipped. With --metric a commit is run until
the interval of its median lies on one side of the middle between the ends.`,
  examples: [
    ['lab bisect fsync v5.10 v5.11 --source ../linux', 'by the verdicts of its runs'],
    ['lab bisect cost v5.10 HEAD --source ../linux --metric read_ns --only probe=none', 'by a number'],
  ],
  work: async (session, [name, goodName, badName], options) => {
    const { source, metric } = options
    if (source === undefined)
      throw userError({ fact: 'which tree is bisected?', wayOut: 'name a clone of the kernel with --source DIR' })
    const { lab, context, places } = openApp(session)
    const experiment = named(lab.experiments, 'experiment', name)
    if (metric !== undefined) needOneArm(experiment, metric, options)
    for (const place of [places.vms, places.results]) needWritable(place)
    const overrides = overridesOf(options.param ?? [])
    const dir = join(context.cache, 'bisect', hashText(source).slice(0, 16))
    const choices = choicesFor(lab, experiment, { ...options, source: dir }, overrides)
    needBuilt(lab, choices.sourceKernel ?? choices.kernel ?? named(lab.vms, 'vm', experiment.vm).kernel.use)
    makeDirectory(join(context.cache, 'bisect'), 0o700)
    await using _lock = await lock(`${dir}.lock`, context.signal, () =>
      context.emit({
        type: 'notice',
        level: 'info',
        place: 'bisect',
        text: 'waits for another bisection of this tree',
      }),
    )
    await using tree = await BisectTree.open(source, dir, context.signal)
    const [good, bad] = [await tree.commit(goodName), await tree.commit(badName)]
    const prober = new Prober(
      {
        lab,
        experiment,
        prepare: (kernel, probes) =>
          ready(lab, experiment, kernel === undefined ? choices : { ...choices, kernel }, context, probes),
        overrides,
        only: options.only,
        treeOf: (kernel) => treeFor(choices, kernel),
        repeat: options.repeat ?? (metric === undefined ? undefined : FIRST_RUNS),
      },
      { metric, most: options.most ?? MOST_RUNS },
      places,
      context,
    )
    let known: Known = { good: good.id, bad: bad.id }
    const isDone = sayWhenInterrupted(() => ({
      wayOut: `\`${commandLine(['bisect', name, short(known.good), short(known.bad), ...optionWords(OPTIONS, options)])}\` goes on from here`,
      lines: [`good so far: ${short(known.good)}, bad: ${short(known.bad)}`],
    }))
    const say = (text: string) => context.emit({ type: 'notice', level: 'info', place: 'bisect', text })
    const noted = ({ mark, why, ...commit }: Looked, left?: number) =>
      say(
        `${commitText(commit)} is ${mark === 'skip' ? 'skipped' : mark}: ${why}${left === undefined ? '' : `; ${plural(left, 'commit')} left`}`,
      )
    let test: (commit: Commit) => Promise<Judgement>
    if (metric === undefined) {
      test = () => prober.verdict()
      for (const [commit, wanted] of [
        [bad, 'bad'],
        [good, 'good'],
      ] as const) {
        await tree.checkout(commit.id)
        const found = await test(commit)
        noted({ ...commit, ...found })
        needMark(commit, wanted, found, Object.keys(experiment.metrics))
      }
    } else {
      const ends = await measuredEnds(prober, tree, metric, good, bad)
      say(`${metric} is ${summaryText(ends.good)} at the good end and ${summaryText(ends.bad)} at the bad end`)
      test = () => prober.side(ends)
    }
    const found = await bisect({
      tree,
      good: good.id,
      bad: bad.id,
      test,
      note: (looked, now, left) => {
        known = now
        noted(looked, left)
      },
    })
    isDone()
    const subjects: Commit[] = []
    for (const id of found.first) subjects.push({ id, subject: await tree.subject(id) })
    return answerOf(found, await tree.describe(found.first[0] ?? bad.id), subjects, session.view.width)
  },
})
