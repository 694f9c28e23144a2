/** `lab run --on slurm`: experiments are planned here, and jobs of the cluster carry them out. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ResolvedExperiment, ResolvedLab } from '../../config/resolved.ts'
import type { Context } from '../../engine/context.ts'
import { userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import type { ExperimentRequest } from '../../run/request.ts'
import { readProfile, type Profile } from '../../run/cluster/profile.ts'
import type { Program } from '../../run/cluster/script.ts'
import { submitExperiment, type Submitted } from '../../run/cluster/submit.ts'
import type { Outcome, Parse } from '../command.ts'
import { TOOL_ROOT, type App } from './app.ts'

const ON = /^slurm(?::([\w-][\w.-]*))?$/

/** `--on`: which cluster, and which of the profiles for it. */
export const onCluster: Parse<string> = (texts, flag) => {
  const text = texts.at(-1) ?? ''
  if (ON.test(text)) return text
  throw userError({
    place: flag,
    fact: `${printable(JSON.stringify(text), 60)} is not a place to run on`,
    wayOut: 'slurm, or slurm:PROFILE',
  })
}

function submittedText({ plan, jobs, tasks, made, queued }: Submitted): string {
  const all = plan.blocks * plan.size
  const before = [
    ...(made > 0 ? [`${made} have a result`] : []),
    ...(queued > 0 ? [`jobs are at ${plural(queued, 'repeat')}`] : []),
  ]
  const what = `${plan.experiment}: ${plural(all, 'run')}${before.length > 0 ? ` (${before.join(', ')})` : ''}`
  if (tasks === 0 && queued === 0) return `${what}; nothing is missing: nothing was submitted`
  if (tasks === 0) return `${what}; everything that is missing is in the queue already: nothing was submitted`
  return `${what}; submitted ${plural(tasks, 'task')} of ${plural(plan.size, 'run')} as job ${jobs.join(', ')}, called lab-${plan.id}`
}

const dataOf = ({ plan, jobs, tasks, dir, made, queued }: Submitted) => ({
  experiment: plan.experiment,
  plan: plan.id,
  dir,
  jobs,
  tasks,
  runs: plan.blocks * plan.size,
  made,
  queued,
})

/** What `lab run --on slurm` was asked for. */
export interface OnSlurm {
  /** As `onCluster` takes it. */
  readonly on: string
  /** Tasks at a time. */
  readonly atATime: number | undefined
  readonly requestOf: (experiment: ResolvedExperiment) => ExperimentRequest
  /** The command that submits what is missing of an experiment. */
  readonly resumeOf: (experiment: string) => string
}

/**
 * Node and `lab` as they run here: jobs call them by the same paths. Of a checkout it is the sources, not what `lab`
 * joined of them today: jobs start later, perhaps on other hosts, when the sources may have changed.
 */
export function ownProgram(): Program {
  const sources = join(TOOL_ROOT, 'tasks/cli.ts')
  const entry = existsSync(sources) ? sources : (process.argv[1] ?? join(TOOL_ROOT, 'dist/cli.js'))
  return { node: process.execPath, entry }
}

/** The profile that `--on` names. */
export const profileFor = async (on: string, { directory }: Pick<ResolvedLab, 'directory'>): Promise<Profile> =>
  await readProfile(directory, ON.exec(on)?.[1])

/** `until:` looks at all runs of an experiment as they come in, and a job of a cluster knows those of its block alone. */
export function sayAllRepeats(
  { name, until, repeat }: Pick<ResolvedExperiment, 'name' | 'until' | 'repeat'>,
  emit: Context['emit'],
): void {
  if (until === undefined) return
  emit({
    type: 'notice',
    level: 'warning',
    place: `experiment ${name}`,
    text: `\`repeat: { until: ... }\` ends no arm early on a cluster: each arm gets all ${plural(repeat, 'repeat')} of its \`max:\``,
    wayOut: 'a smaller `max:`, or `--repeat N`, submits fewer',
  })
}

/** Submits one experiment at a time. */
export async function submitter({ on, atATime, requestOf, resumeOf }: OnSlurm, { lab, places, context }: App) {
  const program = ownProgram()
  const profile = await profileFor(on, lab)
  return async (experiment: ResolvedExperiment, resume: boolean): Promise<Submitted> => {
    const request = requestOf(experiment)
    if (request.repeat === undefined) sayAllRepeats(experiment, context.emit)
    return await submitExperiment(
      { request, program, profile, atATime, again: resumeOf(experiment.name) },
      resume,
      places,
      context,
    )
  }
}

/** Submits experiments and does not wait for them. */
export async function submitAll(
  experiments: readonly ResolvedExperiment[],
  asked: OnSlurm,
  resume: boolean,
  app: App,
): Promise<Outcome> {
  const submit = await submitter(asked, app)
  const all: Submitted[] = []
  for (const experiment of experiments) all.push(await submit(experiment, resume))
  const last =
    'the terminal may be closed; `lab jobs` shows how far it is, and results come to results/ as on this machine'
  return { text: [...all.map(submittedText), last].join('\n'), data: all.map(dataOf) }
}
