/**
 * What a cluster is like, for those who use it: partition, account, longest time. A file beside lab.yaml
 * (`slurm/NAME.yaml`) or in `~/.config/lab/slurm`, so that a lab file says nothing about a cluster.
 */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ResolvedExperiment, ResolvedVm } from '../../config/resolved.ts'
import { render } from '../../config/text/diagnostic.ts'
import { readYaml } from '../../config/text/read-yaml.ts'
import { shapeProblems } from '../../config/text/shape.ts'
import { locate } from '../../config/text/yaml-location.ts'
import { codeOf, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'
import { megabytes, memoryOf } from './script.ts'
import { limitText, partitionNamed, timeIn, type Partition } from '../../host/slurm-partitions.ts'

const WORDS = {
  name: 'profile',
  top: 'a profile (keys such as "partition:" and "time:")',
  start: 'docs/cluster.md has an example',
}

/** A word of an option of sbatch: no blank, no quote, nothing that begins a second option. */
const word = z.string().regex(/^[\w.:,&|[\]*+/-]+$/, 'a name as Slurm writes it')
const minutes = z.string().regex(/^[1-9]\d{0,4}(m|h|d)$/, 'a time is a whole number with m, h or d, for example 4h')

const Profile = z.strictObject({
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /** Features that a node must have: "kvm", "zen4&kvm". */
  constraint: word.optional(),
  /** Nodes that are not taken. */
  exclude: word.optional(),
  /** The longest that a task may take. */
  time: minutes.optional(),
  /** Tasks at a time, where the command line does not say. */
  tasks: z.int().min(1).max(100_000).optional(),
  /** Memory of a task, where the VM's and 768M are not enough. */
  memory: z
    .string()
    .regex(/^[1-9]\d{0,6}[MG]$/, 'a size is a whole number with M or G, for example 4G')
    .optional(),
  /** A directory on the node's own disk; variables of the node are put in. */
  scratch: z
    .string()
    .regex(/^[\w./${}-]+$/, 'a path, for example /scratch/$USER')
    .optional(),
  /** Lines of a shell that come first on each node: "module load qemu". */
  prologue: z.array(z.string()).optional(),
})
export type Profile = z.infer<typeof Profile>

const MINUTES = { m: 1, h: 60, d: 1440 } as const

/** Minutes of "4h". */
export const minutesOf = (time: string): number =>
  Number.parseInt(time, 10) * MINUTES[time.at(-1) as keyof typeof MINUTES]

/** The places where profiles are looked for, the lab's own first. */
const profileDirs = (directory: string, env: NodeJS.ProcessEnv): string[] => [
  join(directory, 'slurm'),
  join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'lab', 'slurm'),
]

/**
 * A profile by its name. Without a name it is `default`, which need not exist.
 * @throws a user's Failure if there is none, or something in it is wrong
 */
export async function readProfile(
  directory: string,
  name: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Profile> {
  const files = profileDirs(directory, env).map((dir) => join(dir, `${name ?? 'default'}.yaml`))
  for (const file of files) {
    try {
      return profileOf(file, await readFile(file))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  if (name === undefined) return {}
  throw userError({
    place: `--on slurm:${printable(name, 60)}`,
    fact: 'there is no such profile',
    wayOut: `write ${files.map((file) => printable(file, 200)).join(' or ')}; docs/cluster.md has an example`,
  })
}

/** @throws a user's Failure with everything that is wrong in a profile */
export function profileOf(file: string, bytes: Uint8Array): Profile {
  const { yaml, data, diagnostics } = readYaml(file, bytes, WORDS)
  const parsed = Profile.safeParse(data, { reportInput: true })
  const shape = yaml && data !== undefined && !parsed.success ? shapeProblems(parsed.error.issues, data, yaml) : []
  const wrong = [...diagnostics, ...(yaml ? shape.map((problem) => locate(yaml, problem)) : [])]
  if (wrong.length === 0 && parsed.success) return parsed.data
  throw userError({
    fact: `${plural(wrong.length, 'problem')} in ${printable(file, 200)}`,
    lines: wrong.flatMap(render),
  })
}

/**
 * The partition that jobs of a profile go to; undefined where Slurm chooses one of a list, or has no default.
 * @throws a user's Failure for one that is not there, before anything is built for it
 */
export function needPartition(
  { partition }: Pick<Profile, 'partition'>,
  all: readonly Partition[],
): Partition | undefined {
  const found = partitionNamed(all, partition)
  if (found !== undefined || partition === undefined || partition.includes(',')) return found
  throw userError({
    place: `partition: ${printable(partition, 60)}`,
    fact: 'the cluster has no such partition, or you may not see it',
    wayOut: `name one of these in the profile: ${printable(all.map(({ name }) => name).join(', '), 300)}`,
  })
}

/** Minutes that a task needs at least: the longest that one run may take, and a minute to end. */
export const minutesFor = ({ timeout }: Pick<ResolvedExperiment, 'timeout'>): number => Math.ceil(timeout / 60_000) + 1

/**
 * A task must have the time that its longest run may take, and a minute to end.
 * @param partition where the jobs go, if that is known
 * @throws a user's Failure for a limit that stops a run in the middle, and one above that of the partition: Slurm would
 *   take the job and never start it
 */
export function needTime(
  { time }: Pick<Profile, 'time'>,
  experiment: Pick<ResolvedExperiment, 'name' | 'timeout'>,
  partition: Partition | undefined,
): void {
  const needed = minutesFor(experiment)
  const asked = time === undefined ? undefined : minutesOf(time)
  const longest = partition?.longest ?? Number.POSITIVE_INFINITY
  const run = `one run of experiment ${experiment.name} may take ${experiment.timeout / 1000} s (timeout), and a task needs a minute to end`
  if (partition !== undefined && longest < needed)
    throw userError({
      place: `partition ${partition.name}`,
      fact: `it gives a job ${limitText(longest)}; ${run}`,
      wayOut: 'name another `partition:` in the profile (`sinfo -s` shows their limits), or set a shorter timeout',
    })
  if (asked !== undefined && asked > longest)
    throw userError({
      place: `time: ${time}`,
      fact: `partition ${partition?.name} gives a job ${limitText(longest)}: Slurm would let it wait for ever`,
      wayOut: `write \`time: ${Math.floor(longest)}m\` or less in the profile, or name another \`partition:\``,
    })
  const limit = partition === undefined ? asked : timeIn(partition, asked)
  if (limit === undefined || limit >= needed) return
  throw userError({
    place: time === undefined ? `partition ${partition?.name}` : `time: ${time}`,
    fact: time === undefined ? `a job that asks for no time gets ${limitText(limit)}; ${run}` : run,
    wayOut: `write \`time: ${needed}m\` or more in the profile, or a shorter timeout`,
  })
}

/**
 * A task must have the memory of its guest, and what QEMU and lab need beside it: the kernel would kill it as soon as the
 * guest has used its own.
 * @throws a user's Failure for a profile that asks for less
 */
export function needMemory({ memory }: Pick<Profile, 'memory'>, vm: Pick<ResolvedVm, 'name' | 'memory'>): void {
  if (memory === undefined) return
  const asked = Number.parseInt(memory, 10) * (memory.endsWith('G') ? 2 ** 30 : 2 ** 20)
  const least = memoryOf(vm)
  if (asked >= least) return
  throw userError({
    place: `memory: ${memory}`,
    fact: `a task of vm ${vm.name} needs ${megabytes(least)}M: ${megabytes(vm.memory)}M of the guest, and ${megabytes(least - vm.memory)}M for QEMU and lab`,
    wayOut: `write \`memory: ${megabytes(least)}M\` or more in the profile, leave it out, or make \`memory:\` of the VM smaller`,
  })
}

/** Options of sbatch. */
export const profileOptions = ({ partition, account, qos, constraint, exclude, time, memory }: Profile): string[] =>
  Object.entries({ partition, account, qos, constraint, exclude, mem: memory })
    .flatMap(([option, value]) => (value === undefined ? [] : [`--${option}=${value}`]))
    .concat(time === undefined ? [] : [`--time=${minutesOf(time)}`])
