/** What of this host may change the numbers of a run: read from Linux's own files, null where they do not say. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, hostname, release } from 'node:os'
import { bootId } from '../engine/process.ts'
import { memoryLimit } from './memory-group.ts'

const textOf = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** What `LAB_NODE` says, which a container with a random host name may set; else the host's name. */
const machineName = (env: Environment): string => env['LAB_NODE'] || hostname()

/** A job of Slurm, by the variables that it gives to a job's processes (sbatch(1), OUTPUT ENVIRONMENT VARIABLES). */
export interface SlurmJob {
  readonly job: string
  readonly array?: string
  readonly task?: string
  /** How often the job was queued again. */
  readonly restart: number
  /** What `LAB_NODE` calls the node, or else its name in Slurm, which need not be the host's. */
  readonly node: string
  readonly partition?: string
}

/** The job of Slurm that this process belongs to, if any. */
export function slurmJob(env: Environment = process.env): SlurmJob | undefined {
  const job = env['SLURM_JOB_ID']
  if (job === undefined || job === '') return undefined
  const [array, task, partition] = ['SLURM_ARRAY_JOB_ID', 'SLURM_ARRAY_TASK_ID', 'SLURM_JOB_PARTITION'].map(
    (name) => env[name],
  )
  return {
    job,
    ...(array && { array }),
    ...(task && { task }),
    restart: Number(env['SLURM_RESTART_COUNT'] ?? 0),
    node: env['LAB_NODE'] || env['SLURMD_NODENAME'] || hostname(),
    ...(partition && { partition }),
  }
}

/** The name of the machine in results: that of a job's node, or else of the host. */
export const nodeName = (env: Environment = process.env): string => slurmJob(env)?.node ?? machineName(env)

/** @param root where /proc and /sys are; given in tests */
export function thisHost(root = '/') {
  const job = slurmJob()
  return {
    kernel: release(),
    cpu: cpus()[0]?.model ?? '',
    cpus: cpus().length,
    node: process.version,
    name: machineName(process.env),
    bootId: bootId(),
    microcode: /^microcode\s*:\s*(\S+)/m.exec(textOf(`${root}proc/cpuinfo`) ?? '')?.[1] ?? null,
    governor: textOf(`${root}sys/devices/system/cpu/cpu0/cpufreq/scaling_governor`),
    smt: textOf(`${root}sys/devices/system/cpu/smt/control`),
    limits: { cpus: availableParallelism(), memory: memoryLimit() },
    ...(job && { slurm: job }),
  }
}
