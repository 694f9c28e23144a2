/** The one script of a plan's jobs, and the options that they are submitted with. */
import { join } from 'node:path'
import type { ResolvedVm } from '../../config/resolved.ts'
import { quoteWord } from '../../linux/kbuild/shell-commands.ts'
import type { PlanHeader } from './stored-plan.ts'

/** What a job of a plan asks Slurm for, besides what the profile says. */
export interface JobRequest {
  readonly plan: Pick<PlanHeader, 'id' | 'experiment'>
  /** Directory of the plan. */
  readonly dir: string
  /** Of the lab. */
  readonly directory: string
  readonly labFile: string
  /** Tasks at a time. */
  readonly atATime?: number | undefined
}

/** By this name squeue(1), sacct(1) and scancel(1) find a plan's jobs. */
export const jobName = ({ id }: Pick<PlanHeader, 'id'>): string => `lab-${id}`

/** Node and the program, as they run here: nothing is installed on a node. */
export interface Program {
  readonly node: string
  readonly entry: string
}

/** Stops the job where a variable that `scratch:` names is not set or empty: "$SLURM_TMPDIR/lab" would be /lab. */
const needVariables = (scratch: string): string[] =>
  [...scratch.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(
    ([, braced, plain]) =>
      `: "\${${braced ?? plain}:?scratch of the profile names it, and it is not set on this node}"`,
  )

/**
 * A script whose arguments are those of `lab`. The shell is a login shell, so that `module` and the user's PATH are
 * there; it becomes `lab` itself, so that Slurm's signals reach it.
 * @param prologue lines of the profile, each run as it is
 */
export const scriptText = (
  { node, entry }: Program,
  cache: string,
  scratch: string | undefined,
  prologue: readonly string[],
): string =>
  [
    '#!/bin/bash -l',
    '# Written by lab. A task does what is due of its block and ends; it can be started as often as you like.',
    ...prologue,
    `export LAB_CACHE_DIR=${quoteWord(cache)}`,
    // A user's PATH has no sbin, where mke2fs is.
    'export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" NODE_USE_ENV_PROXY=1',
    'export NODE_COMPILE_CACHE="$LAB_CACHE_DIR/node-compile"',
    // As the user wrote it: it may name a variable that only the node has ($SLURM_TMPDIR).
    ...(scratch === undefined
      ? []
      : [...needVariables(scratch), `export TMPDIR="${scratch}"`, 'mkdir -p -m 700 "$TMPDIR"']),
    `[ -z "\${SLURM_ARRAY_TASK_ID:-}" ] || set -- "$@"${scratch === undefined ? '' : ' --scratch "$TMPDIR"'} "$SLURM_ARRAY_TASK_ID"`,
    `exec ${quoteWord(node)} ${quoteWord(entry)} "$@"`,
    '',
  ].join('\n')

/** Memory that QEMU and lab itself take beside the guest's. Bytes. */
const BESIDE_GUEST = 768 * 2 ** 20

/** Whole MiB that hold so many bytes. */
export const megabytes = (bytes: number) => Math.ceil(bytes / 2 ** 20)

/** Bytes that a task of a VM's experiment asks for. */
export const memoryOf = ({ memory }: Pick<ResolvedVm, 'memory'>): number => memory + BESIDE_GUEST

/** What a task of a VM's experiment needs of a node. */
export const needsOf = (vm: Pick<ResolvedVm, 'cpus' | 'memory'>): string[] => [
  `--cpus-per-task=${vm.cpus}`,
  `--mem=${megabytes(memoryOf(vm))}M`,
]

/** Options of every job of a plan. `--export=NONE`: what a user's shell happens to hold decides nothing. */
export const commonOptions = ({ plan, dir, directory }: JobRequest): string[] => [
  `--job-name=${jobName(plan)}`,
  `--comment=lab run ${plan.experiment}`,
  '--export=NONE',
  `--chdir=${directory}`,
  '--nodes=1',
  '--ntasks=1',
  `--output=${join(dir, 'logs', '%A_%a.log')}`,
]

/** Options of an array of tasks. @param tasks numbers of blocks, as Slurm writes them */
export const arrayOptions = ({ atATime }: JobRequest, tasks: string): string[] => [
  `--array=${tasks}${atATime === undefined ? '' : `%${atATime}`}`,
  '--requeue',
  // What a job said before it was queued again stays.
  '--open-mode=append',
  // A minute before its time is over, and when it makes room for another job: the run at hand is dropped whole.
  '--signal=B:TERM@60',
]
