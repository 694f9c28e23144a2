/**
 * Who is at a block of a plan. Slurm starts a task once at a time, but a task that is queued again, one that was
 * submitted twice and one whose node is out of reach may be at the same block.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeDirectory } from '../../engine/directory.ts'
import { codeOf } from '../../engine/error.ts'
import { keepBeating } from '../../engine/heartbeat.ts'
import { partialIn, thisProcess } from '../../engine/process.ts'
import { phaseOf, stateOfJob } from '../../host/slurm.ts'
import { slurmJob } from '../../host/this-host.ts'
import { fateOf, Owner } from '../plan/unfinished.ts'

const Claim = z.object({
  owner: Owner,
  /** Its job in Slurm, and how often that had been queued again. */
  job: z.string().optional(),
  restart: z.int().default(0),
})
type Claim = z.infer<typeof Claim>

const claimsDir = (plan: string) => join(plan, 'claims')

async function claimIn(file: string): Promise<Claim | undefined> {
  try {
    return Claim.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Whether a job may still do something. One that is suspended goes on where it was. */
const isAlive = (state: string): boolean => phaseOf(state) === 'running' || state === 'SUSPENDED'

/**
 * Whether the process that claimed a block is gone. A job that Slurm has queued again is gone as it was: that needs no
 * waiting for a heartbeat to stop.
 */
async function isGone(claim: Claim | undefined, file: string, signal: AbortSignal): Promise<boolean> {
  if (claim === undefined) return true
  const fate = await fateOf(claim.owner, file)
  if (fate !== 'elsewhere') return fate === 'gone'
  const own = slurmJob()
  if (claim.job === undefined || own === undefined) return false
  if (claim.job === own.job) return claim.restart < own.restart
  const state = await stateOfJob(claim.job, signal)
  return state !== undefined && !isAlive(state)
}

/** The job that is at a block, for people. */
const whose = ({ owner, job }: Claim): string =>
  job === undefined ? `process ${owner.pid} of host ${owner.host ?? 'unknown'}` : `job ${job}`

export type Claimed = { readonly taken: AsyncDisposable } | { readonly by: string }

/** Takes a block, or says who is at it. The claim ends when `taken` is disposed of. */
export async function claimBlock(plan: string, block: number, signal: AbortSignal): Promise<Claimed> {
  const dir = claimsDir(plan)
  makeDirectory(dir, 0o700)
  const file = join(dir, `${block}.json`)
  const own = slurmJob()
  const claim: Claim = { owner: thisProcess(), restart: own?.restart ?? 0, ...(own && { job: own.job }) }
  const written = partialIn(dir)
  const text = `${JSON.stringify(claim)}\n`
  await writeFile(written, text)
  try {
    for (;;) {
      try {
        // A link is made or not, on NFS as well; opening with O_EXCL leaves an empty file for a moment.
        await link(written, file)
        const beating = keepBeating(file)
        const end = async () => {
          beating[Symbol.dispose]()
          // A claim whose heartbeat stopped for too long may be somebody else's by now.
          if ((await readFile(file, 'utf8').catch(() => '')) === text) await rm(file, { force: true })
        }
        return { taken: { [Symbol.asyncDispose]: end } }
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      const other = await claimIn(file)
      if (other !== undefined && !(await isGone(other, file, signal))) return { by: whose(other) }
      await removeGone(dir, file, signal)
    }
  } finally {
    await rm(written, { force: true })
  }
}

/** Removes the claim of a process that is gone; one that somebody else has made meanwhile is put back. */
async function removeGone(dir: string, file: string, signal: AbortSignal): Promise<void> {
  const aside = partialIn(dir)
  try {
    await rename(file, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const moved = await claimIn(aside)
  if (moved !== undefined && !(await isGone(moved, aside, signal))) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}
