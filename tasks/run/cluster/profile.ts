/**
 * What a cluster is like, for those who use it: partition, account, longest time. A file beside lab.yaml
 * (`slurm/NAME.yaml`) or in `~/.config/lab/slurm`, so that a lab file says nothing about a cluster.
 */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { render } from '../../config/text/diagnostic.ts'
import { readYaml } from '../../config/text/read-yaml.ts'
import { shapeProblems } from '../../config/text/shape.ts'
import { locate } from '../../config/text/yaml-location.ts'
import { codeOf, userError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { plural } from '../../engine/text.ts'

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

/** A task must have the time that its longest run may take, and a minute to end. */
export function needTime(
  { time }: Pick<Profile, 'time'>,
  { name, timeout }: Pick<ResolvedExperiment, 'name' | 'timeout'>,
): void {
  const needed = Math.ceil(timeout / 60_000) + 1
  if (time === undefined || minutesOf(time) >= needed) return
  throw userError({
    place: `time: ${time}`,
    fact: `one run of experiment ${name} may take ${timeout / 1000} s (timeout), and a task needs a minute to end`,
    wayOut: `write \`time: ${needed}m\` or more in the profile, or a shorter timeout`,
  })
}

/** Options of sbatch. */
export const profileOptions = ({ partition, account, qos, constraint, exclude, time, memory }: Profile): string[] =>
  Object.entries({ partition, account, qos, constraint, exclude, mem: memory })
    .flatMap(([option, value]) => (value === undefined ? [] : [`--${option}=${value}`]))
    .concat(time === undefined ? [] : [`--time=${minutesOf(time)}`])
