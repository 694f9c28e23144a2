/** The options of `lab run`, and how they are kept for `lab run --resume`. */
import { z } from 'zod'
import { STARTS } from '../../config/schema/schema.ts'
import type { OptionRow, OptionsOf, Parse } from '../command.ts'
import { KERNEL, SOURCE, ACCEL, DRY_RUN } from './options.ts'
import { onCluster } from './on-cluster.ts'
import { oneWordOf, repeated, wholeNumber } from './values.ts'

/** `--parallel`: VMs at a time. */
const vmsAtATime: Parse<number | 'auto'> = (texts, flag) =>
  texts.at(-1) === 'auto' ? 'auto' : wholeNumber('a number of VMs, or auto', 1, 64)(texts, flag)

export const OPTIONS = [
  ['-a, --all', 'every experiment of the lab except those with `skip:`; a failure does not stop the others'],
  ['-p, --param <name=value>', 'this value instead of the declared ones (repeatable)', repeated],
  ['-r, --repeat <n>', 'repeats of each arm', wholeNumber('a number of repeats', 1, 99_999)],
  [
    '--quick',
    'a first look: five repeats of each arm at most (the fewest that can decide a claim), of the values in `quick:`',
  ],
  KERNEL,
  SOURCE,
  ACCEL,
  [
    '--start <how>',
    'shared: one VM for all runs; warm: each from a snapshot; cold: each boots',
    oneWordOf('way to start', STARTS),
  ],
  ['--cold', 'as --start cold: a VM of its own for every run, even if one is up'],
  [
    '--deterministic',
    'as with `deterministic: yes` of the VM: one CPU, counted time, no input; the same bytes each time',
  ],
  ['--strace', 'keep the system calls of loader and workload (strace.holder, strace.workload); slow'],
  ['--follow', 'show the messages while the workload runs; this does not affect the recording'],
  ['--only <values>', 'only arms with these values, for example kernel=v5.10,bytes=16'],
  ['--resume', 'finish the run that was interrupted, with what it was asked for; nothing is done twice'],
  ['--parallel <n>', 'VMs at a time, or auto', vmsAtATime],
  [
    '--on <where>',
    'slurm or slurm:PROFILE: as jobs of a cluster, one repeat of every arm in each; --parallel is how many at a time',
    onCluster,
  ],
  ['--wait', 'with --on: wait for the jobs, and end as if the runs had been made here'],
  ['--report', 'an HTML report of these experiments at the end (run --all makes one of the whole lab)'],
  ['--junit <file>', 'how each run ended, as JUnit XML for CI systems'],
  DRY_RUN,
] as const satisfies readonly OptionRow[]

export type Options = OptionsOf<typeof OPTIONS>

const text = z.string().exactOptional()
const isGiven = z.boolean().exactOptional()

/** Options as the note of an interrupted command has them. */
export const KeptOptions = z.strictObject({
  all: isGiven,
  param: z.array(z.string()).exactOptional(),
  repeat: z.int().exactOptional(),
  quick: isGiven,
  kernel: text,
  source: text,
  accel: z.enum(['kvm', 'tcg', 'auto']).exactOptional(),
  start: z.enum(STARTS).exactOptional(),
  cold: isGiven,
  deterministic: isGiven,
  strace: isGiven,
  follow: isGiven,
  only: text,
  parallel: z.union([z.int(), z.literal('auto')]).exactOptional(),
  on: text,
  wait: isGiven,
  report: isGiven,
}) satisfies z.ZodType<Omit<Options, 'resume' | 'dryRun' | 'junit'>>
export type KeptOptions = z.infer<typeof KeptOptions>

/** What `--resume` alone may be given: it says how the command works, and nothing of what its runs are. */
export const BESIDE_RESUME = ['parallel', 'report', 'follow', 'junit'] as const
