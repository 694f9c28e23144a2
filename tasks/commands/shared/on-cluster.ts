/** `lab run --on slurm`: experiments are planned here, and jobs of the cluster carry them out. */
import { join } from 'node:path'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { userError } from '../../engine/error.ts'
import type { ExperimentWanted } from '../../run/request.ts'
import { submitExperiment, type Submitted } from '../../run/cluster/submit.ts'
import type { Outcome, Parse } from '../command.ts'
import { TOOL_ROOT, type App } from './app.ts'

/** `--on`: which cluster, and which of the profiles for it. */
export interface OnCluster {
  readonly profile?: string
}

export const onCluster: Parse<OnCluster> = (texts, flag) => {
  const text = texts.at(-1) ?? ''
  const [, profile] = /^slurm(?::([\w.-]+))?$/.exec(text) ?? []
  if (text === 'slurm') return {}
  if (profile !== undefined) return { profile }
  throw userError({
    place: flag,
    fact: `${JSON.stringify(text)} is not a place to run on`,
    wayOut: 'slurm, or slurm:PROFILE',
  })
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`

const submittedText = ({ plan, jobs, tasks }: Submitted): string =>
  [
    `${plan.experiment}: ${counted(plan.blocks * plan.size, 'run')} in ${counted(tasks, 'task')}, ${counted(plan.size, 'run')} each; job ${jobs.join(', ')}, called lab-${plan.id}`,
  ].join('\n')

/** Submits experiments one after the other. */
export async function runOnCluster(
  experiments: readonly ResolvedExperiment[],
  wantedOf: (experiment: ResolvedExperiment) => ExperimentWanted,
  atATime: number | undefined,
  { places, context }: App,
): Promise<Outcome> {
  const program = { node: process.execPath, entry: process.argv[1] ?? join(TOOL_ROOT, 'tasks/cli.ts') }
  const all: Submitted[] = []
  for (const experiment of experiments)
    all.push(await submitExperiment({ wanted: wantedOf(experiment), program, atATime }, places, context))
  return {
    text: [...all.map(submittedText), 'the terminal may be closed: results come to results/ as on this machine'].join(
      '\n',
    ),
    data: all.map(({ plan, jobs, tasks, dir }) => ({
      experiment: plan.experiment,
      plan: plan.id,
      dir,
      jobs,
      tasks,
      runs: plan.blocks * plan.size,
    })),
  }
}
