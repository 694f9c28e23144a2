/**
 * Slurm's programs (sbatch(1), squeue(1), sacct(1), scontrol(1)). Nothing of an outer job reaches them: its SBATCH_ and
 * SLURM_ variables would be options of ours.
 */
import { Failure, labError, userError } from '../engine/error.ts'
import { afterSlurmRefused, saysNoAccounts } from '../engine/outside-words.ts'
import { printable } from '../engine/printable.ts'
import { ProgramFailure, run, type RunResult } from './sh.ts'
import { which } from './which.ts'

/** Milliseconds. A controller that is busy answers after half a minute; clients give up after a minute or two. */
const PATIENCE = 180_000

/** Variables of Slurm that say which cluster is meant, and nothing about a job. */
const KEPT = new Set(['SLURM_CONF', 'SLURM_CONF_SERVER', 'SLURM_CLUSTERS'])

/** Takes the variables of an outer job away. */
export const withoutOuterJob = (env: Readonly<Record<string, string | undefined>>): Record<string, undefined> =>
  Object.fromEntries(
    Object.keys(env)
      .filter((name) => /^(SBATCH|SLURM|SLURMD|SALLOC|SRUN)_/.test(name) && !KEPT.has(name))
      .map((name) => [name, undefined]),
  )

async function ask(argv: readonly string[], signal: AbortSignal): Promise<RunResult> {
  const program = argv[0] ?? ''
  if (which(program) === undefined)
    throw userError({
      place: '--on slurm',
      reason: 'not-installed',
      fact: `${program} is not installed here`,
      wayOut: "run it on a login node of the cluster, or leave out '--on slurm' to run on this machine",
    })
  return await run(argv, { signal, timeout: PATIENCE, place: 'slurm', env: withoutOuterJob(process.env) })
}

/** The lines in which a program of Slurm says why it refuses, without its prefixes. */
const reasonOf = (error: ProgramFailure): string =>
  (error.parts.lines ?? [])
    .map((line) => line.replace(/^(\w+: )?(error|fatal): /, ''))
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join('; ')

/**
 * Submits a script. @returns the job's number
 * @throws a user's Failure for what Slurm refuses (a partition that does not exist, a limit), in its own words
 */
export async function submit(argv: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await ask(['sbatch', '--parsable', ...argv], signal)
    const [id = ''] = stdout.trim().split(';')
    if (/^\d+$/.test(id)) return id
    throw labError({ place: 'sbatch', fact: `it printed no job number: ${printable(stdout, 200)}` })
  } catch (error) {
    if (!(error instanceof ProgramFailure) || error.end.reason !== 'exit-status') throw error
    const text = reasonOf(error)
    throw userError(
      {
        place: 'sbatch',
        fact: `Slurm refuses the job: ${printable(text, 300)}`,
        wayOut: afterSlurmRefused(text),
      },
      error,
    )
  }
}

/** A job, or a task of an array, as Slurm knows it. */
export interface JobState {
  readonly job: string
  /** The number in its array; undefined of a job without one. */
  readonly task?: number
  /** In Slurm's words: PENDING, RUNNING, COMPLETED, OUT_OF_MEMORY... */
  readonly state: string
  /** Why it waits. */
  readonly reason?: string
  readonly node?: string
  readonly exit?: string
  /** Bytes that it asked for. */
  readonly memory?: number
}

/**
 * States of jobs that wait, or will be queued again by Slurm itself (squeue(1), JOB STATE CODES). A job that was preempted
 * and is queued again is PENDING; one that stays PREEMPTED is at its end (PreemptMode=CANCEL).
 */
const WAITING = new Set(['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'SUSPENDED'])
const RUNNING = new Set(['RUNNING', 'COMPLETING', 'STAGE_OUT', 'SIGNALING', 'STOPPED'])

/** Where a job stands, by Slurm's word for it. */
export const phaseOf = (word: string): 'waiting' | 'running' | 'ended' =>
  WAITING.has(word) ? 'waiting' : RUNNING.has(word) ? 'running' : 'ended'

/** Numbers of an array in Slurm's short form: `0-3,7,9-11%4` (the part after % is how many run at once). */
export function numbersOf(text: string): number[] {
  const numbers: number[] = []
  for (const part of text.replace(/%\d+$/, '').split(',')) {
    const [, from, to, step = '1'] = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part) ?? []
    if (from === undefined) continue
    for (let at = Number(from); at <= Number(to ?? from); at += Number(step)) numbers.push(at)
  }
  return numbers
}

/** The same the other way round. */
export function rangesOf(numbers: readonly number[]): string {
  const parts: string[] = []
  const sorted = [...new Set(numbers)].toSorted((a, b) => a - b)
  for (let at = 0; at < sorted.length;) {
    const from = sorted[at] ?? 0
    let to = from
    while (sorted[at + 1] === to + 1) to = sorted[++at] ?? to
    parts.push(from === to ? String(from) : `${from}-${to}`)
    at++
  }
  return parts.join(',')
}

/**
 * Reasons to wait that end only when somebody changes the job or the cluster (squeue(1), JOB REASON CODES). Others, such
 * as Priority, Resources and limits of a user, end by themselves.
 */
const NEVER = new Set([
  'PartitionTimeLimit',
  'PartitionNodeLimit',
  'PartitionInactive',
  'PartitionDown',
  'BadConstraints',
  'InvalidAccount',
  'InvalidQOS',
  'JobHeldAdmin',
  'JobHeldUser',
])
export const waitsForEver = (reason: string | undefined): boolean => reason !== undefined && NEVER.has(reason)

const UNITS = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const

/** Bytes of "1792M"; undefined of "0", where a job did not ask, and of what is asked for each CPU ("2Gc"). */
function memoryOf(text: string): number | undefined {
  const [, number, unit = 'M'] = /^([1-9]\d*(?:\.\d+)?)([KMGT])?n?$/.exec(text) ?? []
  return number === undefined ? undefined : Number(number) * UNITS[unit as keyof typeof UNITS]
}

/** A line of squeue or sacct: `JOB_TASKS|STATE|...`; a task that waits is one of many in brackets. */
function jobsOfLine(line: string): JobState[] {
  const [id = '', word = '', reason = '', node = '', exit = '', asked = ''] = line.split('|')
  const [, job, tasks] = /^(\d+)(?:_(?:\[([^\]]*)\]|(\d+)))?/.exec(id) ?? []
  if (job === undefined) return []
  const [state = ''] = word.split(' ')
  const memory = memoryOf(asked)
  const rest = {
    state,
    ...(reason !== '' && reason !== 'None' && { reason }),
    ...(node !== '' && node !== 'None assigned' && { node }),
    ...(exit !== '' && { exit }),
    ...(memory !== undefined && { memory }),
  }
  const single = /^\d+_(\d+)/.exec(id)?.[1]
  if (single !== undefined) return [{ job, task: Number(single), ...rest }]
  if (tasks !== undefined) return numbersOf(tasks).map((task) => ({ job, task, ...rest }))
  return [{ job, ...rest }]
}

/** @param text what squeue or sacct printed, with `|` between the fields */
export const jobsIn = (text: string): JobState[] => text.split('\n').flatMap(jobsOfLine)

/**
 * Jobs by their name: those that wait, run, or ended some minutes ago (MinJobAge of slurm.conf). One question to the
 * controller, however many tasks there are.
 */
export async function queued(name: string, signal: AbortSignal): Promise<JobState[]> {
  const { stdout } = await ask(
    ['squeue', '--noheader', '--all', '--me', '--states=all', `--name=${name}`, '--format=%i|%T|%r|%N||%m'],
    signal,
  )
  return jobsIn(stdout)
}

/**
 * What the accounting remembers of jobs by their name; undefined where the cluster keeps no accounts.
 * @throws a lab's Failure where it keeps some and does not answer
 */
export async function accounted(name: string, since: string, signal: AbortSignal): Promise<JobState[] | undefined> {
  if (which('sacct') === undefined) return undefined
  try {
    const { stdout } = await ask(
      [
        'sacct',
        '--noheader',
        '--parsable2',
        '--delimiter=|',
        '--allocations',
        `--name=${name}`,
        // Clocks of two hosts differ by minutes.
        `--starttime=${since}`,
        '--format=JobID,State,Reason,NodeList,ExitCode,ReqMem',
      ],
      signal,
    )
    return jobsIn(stdout)
  } catch (error) {
    if (!(error instanceof ProgramFailure) || error.end.reason !== 'exit-status') throw error
    const text = reasonOf(error)
    if (saysNoAccounts(text)) return undefined
    throw labError({ place: 'sacct', fact: `the accounting of Slurm does not answer: ${printable(text, 300)}` }, error)
  }
}

/** The state of one job now; undefined where Slurm does not know it any more, or cannot be asked. */
export async function stateOfJob(job: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout } = await ask(['squeue', '--noheader', '--all', '--jobs', job, '--format=%i|%T'], signal)
    return jobsIn(stdout)[0]?.state
  } catch (error) {
    if (error instanceof Failure && error.kind === 'interrupted') throw error
    return undefined
  }
}

/** What a program of Slurm refused, with what helps. */
export async function answered(argv: readonly string[], signal: AbortSignal): Promise<RunResult> {
  try {
    return await ask(argv, signal)
  } catch (error) {
    if (!(error instanceof ProgramFailure) || error.end.reason !== 'exit-status') throw error
    const text = reasonOf(error)
    const wayOut = afterSlurmRefused(text)
    throw labError({ place: argv[0], fact: `Slurm does not answer: ${printable(text, 300)}`, wayOut }, error)
  }
}

/** The most tasks of one array (MaxArraySize of slurm.conf(5) is one more than the greatest number). */
export async function maxArraySize(signal: AbortSignal): Promise<number> {
  const { stdout } = await answered(['scontrol', 'show', 'config'], signal)
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(stdout)?.[1] ?? 1001)
}

/** Takes a job out of the queue, or ends it. */
export async function cancel(job: string): Promise<void> {
  await ask(['scancel', job], AbortSignal.timeout(PATIENCE))
}

/** What `sbatch --version` prints: "slurm-wlm 22.05.8". */
export async function slurmVersion(signal: AbortSignal): Promise<string> {
  return printable((await answered(['sbatch', '--version'], signal)).stdout.trim(), 60)
}
