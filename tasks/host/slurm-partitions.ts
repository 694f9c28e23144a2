/** Partitions of a cluster of Slurm and their limits, as `scontrol show partition --oneliner` prints them. */
import { answered } from './slurm.ts'

/** A partition, as far as a plan depends on it. */
export interface Partition {
  readonly name: string
  /** The one of jobs that name none. */
  readonly isDefault: boolean
  /** UP, DOWN, DRAIN, INACTIVE. */
  readonly state: string
  readonly nodes: number
  /** Minutes; Infinity without a limit. */
  readonly longest: number
  /** Minutes that a job gets which asks for none; undefined where that is the longest. */
  readonly usual?: number
}

/** Minutes of a time limit (`1-12:00:00`, `2:30:00`, `45:00`), Infinity of UNLIMITED, undefined of NONE. */
export function limitOf(text: string): number | undefined {
  if (/^(UNLIMITED|infinite)$/i.test(text)) return Number.POSITIVE_INFINITY
  const [, days = '0', hours = '0', minutes, seconds] = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text) ?? []
  if (minutes === undefined) return undefined
  return Number(days) * 1440 + Number(hours) * 60 + Number(minutes) + Number(seconds) / 60
}

function partitionOf(line: string): Partition[] {
  const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S+)`).exec(line)?.[1] ?? ''
  const name = field('PartitionName')
  if (name === '') return []
  const usual = limitOf(field('DefaultTime'))
  return [
    {
      name,
      isDefault: field('Default') === 'YES',
      state: field('State'),
      nodes: Number(field('TotalNodes')),
      longest: limitOf(field('MaxTime')) ?? Number.POSITIVE_INFINITY,
      ...(usual !== undefined && { usual }),
    },
  ]
}

/** @param text one partition a line */
export const partitionsIn = (text: string): Partition[] => text.split('\n').flatMap(partitionOf)

/** Every partition that this user may see. @throws a lab's Failure where Slurm does not answer */
export async function partitions(signal: AbortSignal): Promise<Partition[]> {
  const { stdout } = await answered(['scontrol', 'show', 'partition', '--oneliner'], signal)
  return partitionsIn(stdout)
}

/** Minutes that a job of a partition may take which asks for `asked`. */
export const timeIn = ({ longest, usual }: Partition, asked: number | undefined): number =>
  asked ?? Math.min(usual ?? longest, longest)

/** "90 min at most". */
export const limitText = (minutes: number): string =>
  minutes === Number.POSITIVE_INFINITY ? 'no time limit' : `${minutes} min at most`

/**
 * The partition that jobs go to which ask for `name`; undefined where there is none, or where the name is a list, of
 * which Slurm takes the one that starts first.
 */
export const partitionNamed = (all: readonly Partition[], name: string | undefined): Partition | undefined =>
  all.find((partition) => (name === undefined ? partition.isDefault : partition.name === name))
