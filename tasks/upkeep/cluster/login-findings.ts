/** What can be said of a cluster before any job: its programs, its accounts, partitions and their limits. */
import type { ResolvedLab } from '../../config/resolved.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import { accounted, maxArraySize, slurmVersion } from '../../host/slurm.ts'
import { limitText, partitionNamed, partitions, timeIn, type Partition } from '../../host/slurm-partitions.ts'
import { which } from '../../host/which.ts'
import { minutesOf, minutesFor, type Profile } from '../../run/cluster/profile.ts'
import type { Finding } from '../doctor/finding.ts'
import { PROBE_JOB } from './probe-job.ts'

const PROGRAMS = ['sbatch', 'squeue', 'scontrol', 'scancel'] as const

/** Without these nothing else can be asked. */
export async function programsFinding(signal: AbortSignal): Promise<Finding> {
  const name = 'Slurm'
  const lacking = PROGRAMS.filter((program) => which(program) === undefined)
  if (lacking.length > 0)
    return {
      name,
      status: 'problem',
      fact: `${lacking.join(', ')} not installed here`,
      wayOut: 'call it on a login node of the cluster',
    }
  return { name, status: 'ok', fact: await slurmVersion(signal) }
}

export async function accountsFinding(signal: AbortSignal): Promise<Finding> {
  const name = 'accounting'
  const today = new Date().toISOString().slice(0, 10)
  const known = await accounted(PROBE_JOB, today, signal)
  if (known !== undefined) return { name, status: 'ok', fact: 'sacct answers' }
  return {
    name,
    status: 'warning',
    fact: 'this cluster keeps no accounts: why a job left no result is known for a few minutes only (MinJobAge)',
    wayOut: 'call `lab jobs` soon after the jobs end; results and --resume do not depend on accounts',
  }
}

/** Whether jobs of the profile can go to a partition at all. */
export function partitionFinding(all: readonly Partition[], profile: Profile): Finding {
  const name = 'partition'
  const names = all
    .map((partition) => (partition.isDefault ? `${partition.name} (the default)` : partition.name))
    .join(', ')
  const wanted = profile.partition
  const found = partitionNamed(all, profile.partition)
  if (found === undefined)
    return {
      name,
      status: 'problem',
      fact: wanted === undefined ? 'the cluster has no default partition' : `there is no partition ${wanted}`,
      wayOut: `name one as \`partition:\` in the profile; there are: ${printable(names, 300)}`,
    }
  const fact = `${found.name}: ${plural(found.nodes, 'node')}, ${limitText(found.longest)}`
  if (found.state === 'UP') return { name, status: 'ok', fact }
  return {
    name,
    status: 'problem',
    fact: `${fact}; it is ${found.state}: no job starts there`,
    wayOut: `name another one as \`partition:\`; there are: ${printable(names, 300)}`,
  }
}

/** Experiments whose longest run does not fit into the time that a job gets. */
export function timeFinding(
  partition: Partition,
  { time }: Pick<Profile, 'time'>,
  { experiments }: ResolvedLab,
): Finding {
  const name = 'time limit'
  const asked = time === undefined ? undefined : minutesOf(time)
  if (asked !== undefined && asked > partition.longest)
    return {
      name,
      status: 'problem',
      fact: `the profile asks for ${time}, and jobs of ${partition.name} have ${limitText(partition.longest)}: they would wait for ever`,
      wayOut: 'set a shorter `time:`, or another `partition:`',
    }
  const limit = timeIn(partition, asked)
  const tooLong = Object.values(experiments).filter((experiment) => minutesFor(experiment) > limit)
  if (tooLong.length === 0)
    return { name, status: 'ok', fact: `${limitText(limit)} for a job; every run of the lab fits` }
  const longest = Math.max(...tooLong.map(minutesFor))
  return {
    name,
    status: 'warning',
    fact: `${limitText(limit)} for a job, and one run may take longer: ${printable(tooLong.map((experiment) => experiment.name).join(', '), 200)}`,
    wayOut: `write \`time: ${longest}m\` or more in the profile${longest > partition.longest ? ', with another `partition:`' : ''}, or a shorter \`timeout:\``,
  }
}

export async function loginFindings(profile: Profile, lab: ResolvedLab, signal: AbortSignal): Promise<Finding[]> {
  const all = await partitions(signal)
  const found = partitionNamed(all, profile.partition)
  return [
    // `partition: a,b` leaves the choice to Slurm, which says itself what it does not know.
    ...(profile.partition?.includes(',') === true ? [] : [partitionFinding(all, profile)]),
    ...(found === undefined ? [] : [timeFinding(found, profile, lab)]),
    { name: 'arrays', status: 'ok', fact: `up to ${await maxArraySize(signal)} jobs in one` },
  ]
}
