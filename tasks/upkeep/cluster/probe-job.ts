/** Asks a node: a short job with the options of a task, whose answer is waited for. */
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StepHandle } from '../../engine/context.ts'
import { makeDirectory } from '../../engine/directory.ts'
import { codeOf, interrupted } from '../../engine/error.ts'
import { removeAtForcedEnd } from '../../engine/interruption.ts'
import { moment, secondsSince } from '../../engine/moment.ts'
import { partialIn } from '../../engine/process.ts'
import { cancel, phaseOf, queued, submit, waitsForEver, type JobState } from '../../host/slurm.ts'
import { profileOptions, type Profile } from '../../run/cluster/profile.ts'
import { scriptText, type Program } from '../../run/cluster/script.ts'
import { FILES, NodeAnswer, type Asked } from './on-node.ts'

/** What is asked for. */
export interface ProbeRequest {
  readonly program: Program
  readonly profile: Profile
  /** CPUs and memory that a task asks for, as options of sbatch. */
  readonly needs: readonly string[]
  readonly cache: string
  /** Of the lab. */
  readonly directory: string
  /** Seconds for which the job may wait in the queue. */
  readonly patience: number
  /** Minutes that a job may ask for. */
  readonly longest: number
}

/** What came of the job. */
export type Probed = { readonly job: string; readonly waited: number } & (
  | {
      readonly answer: NodeAnswer
      /** When the sign was put there and when the answer was seen. */
      readonly sign: { readonly at: number; readonly answered: number }
    }
  /** It still waits in the queue. */
  | { readonly waits: JobState }
  /** It ended, or is gone, without an answer. */
  | { readonly ended: string; readonly node?: string; readonly log: string }
)

/** Seconds between two looks at the directory, and between two questions to Slurm. */
const LOOK = 0.3
const ASK = 3
/** Seconds for which the answer of a job that has ended is looked for: file servers show files late. */
const LATE = 60
/** Minutes of the job, where the partition gives so many. */
const TIME = 10

export const PROBE_JOB = 'lab-doctor'

const textOf = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for what is no answer: a file server may show a part of it, and a node may have another lab. */
export function answerFrom(text: string): NodeAnswer | undefined {
  try {
    return NodeAnswer.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

async function submitProbe(dir: string, request: ProbeRequest, signal: AbortSignal): Promise<string> {
  const { program, profile, needs, cache, directory, longest } = request
  const script = join(dir, 'probe.sh')
  await writeFile(script, scriptText(program, cache, profile.scratch, profile.prologue ?? []))
  await chmod(script, 0o700)
  const options = [
    `--job-name=${PROBE_JOB}`,
    '--comment=lab doctor --on slurm',
    '--export=NONE',
    `--chdir=${directory}`,
    '--nodes=1',
    '--ntasks=1',
    `--output=${join(dir, FILES.log)}`,
    ...needs,
    ...profileOptions({ ...profile, time: `${Math.min(TIME, Math.floor(longest))}m` }),
  ]
  return await submit([...options, script, 'doctor', '--as-node', dir], signal)
}

/** Waits for the answer of a job that was submitted. */
async function answerOf(
  dir: string,
  job: string,
  { patience }: ProbeRequest,
  { progress }: StepHandle,
  signal: AbortSignal,
): Promise<Probed> {
  const begun = moment()
  let [nextQuestion, signAt, waited] = [0, 0, 0]
  let [state, endedAt]: [JobState | undefined, number | undefined] = [undefined, undefined]
  for (;;) {
    // Listed, since a file server may remember that a file was not there.
    const names = new Set(await readdir(dir))
    if (names.has(FILES.answer)) {
      const answered = Date.now()
      const answer = answerFrom((await textOf(join(dir, FILES.answer))) ?? '')
      if (answer !== undefined) return { job, waited, answer, sign: { at: signAt, answered } }
    }
    if (signAt === 0 && names.has(FILES.ready)) {
      signAt = Date.now()
      await writeFile(join(dir, FILES.sign), '')
    }
    const now = secondsSince(begun)
    if (now >= nextQuestion) {
      nextQuestion = now + ASK
      state = (await queued(PROBE_JOB, signal)).find((other) => other.job === job)
      const phase = state === undefined ? 'ended' : phaseOf(state.state)
      const waits = phase === 'waiting'
      if (waits) waited = now
      progress(waits ? `job ${job} waits (${state?.reason ?? ''})` : `job ${job}`)
      if (waits && state && (now >= patience || waitsForEver(state.reason))) return { job, waited, waits: state }
      endedAt = phase === 'ended' ? (endedAt ?? now) : undefined
    }
    if (endedAt !== undefined) {
      const log = await textOf(join(dir, FILES.log))
      const failed = log !== undefined && log !== '' && state?.state !== 'COMPLETED'
      if (failed || now - endedAt >= LATE)
        return { job, waited, ended: state?.state ?? 'gone', log: log ?? '', ...(state?.node && { node: state.node }) }
    }
    await sleep(LOOK * 1000, undefined, { signal }).catch(() => {
      throw interrupted()
    })
  }
}

/**
 * Submits the job and waits for what it says; it is cancelled where nobody waits any more.
 * @throws a user's Failure for what Slurm refuses
 */
export async function probeNode(
  state: string,
  request: ProbeRequest,
  handle: StepHandle,
  signal: AbortSignal,
): Promise<Probed> {
  makeDirectory(state, 0o700)
  const dir = partialIn(state)
  const removed = removeAtForcedEnd(dir)
  const inCache = join(request.cache, basename(dir))
  const removedInCache = removeAtForcedEnd(inCache)
  let job: string | undefined
  try {
    makeDirectory(dir, 0o700)
    await writeFile(inCache, dir)
    const asked: Asked = { tokens: { [inCache]: dir } }
    await writeFile(join(dir, FILES.asked), JSON.stringify(asked))
    job = await submitProbe(dir, request, signal)
    const probed = await answerOf(dir, job, request, handle, signal)
    if (!('waits' in probed)) job = undefined
    return probed
  } finally {
    // Not with the signal: an interrupted command takes its job back, too.
    if (job !== undefined) await cancel(job).catch(() => undefined)
    await rm(dir, { recursive: true, force: true })
    await rm(inCache, { force: true })
    removed()
    removedInCache()
  }
}
