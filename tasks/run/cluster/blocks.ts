/**
 * A plan as a cluster carries it out: blocks, each of which is one repeat of every arm on one node, so that arms are
 * compared within nodes. Every block begins with the warm-ups, since each may come to another node.
 */
import { schedule, type PlannedRun, type ScheduleRequest } from '../plan/schedule.ts'

/** How many runs a block has. */
export const blockSize = ({ arms, warmup }: Pick<ScheduleRequest, 'arms' | 'warmup'>): number => arms * (1 + warmup)

/**
 * All runs, block by block: block `b` has the positions from `b * blockSize` on. Within a block, arms come as the order
 * of the plan says; arm by arm (`sequential`) they come in the order in which they are declared.
 */
export function blockedSchedule(request: ScheduleRequest): PlannedRun[] {
  const { warmup } = request
  const counted = Map.groupBy(schedule({ ...request, warmup: 0 }), ({ repeat }) => repeat)
  const warmups = schedule({ ...request, order: 'interleaved', repeats: 0 })
  const repeats = [...counted.keys()].toSorted((a, b) => a - b)
  return repeats
    .flatMap((repeat, block) => [
      ...warmups.map((run) => ({ ...run, repeat: block * warmup + run.repeat })),
      ...(counted.get(repeat) ?? []),
    ])
    .map((run, index) => ({ ...run, index }))
}

/** Positions that the names of runs have room for, and attempts at each. */
const ROOM = { index: 2 ** 20, attempt: 2 ** 12 }

/**
 * The name of the result of an attempt at a run: computed, so that a task that is queued again finds what it has done,
 * and that a run cannot be put in place twice. It looks like any other run's name: the time is that at which the plan
 * was made, and the digits are the position and the attempt, mixed with the plan's id.
 * @param attempt from 1
 */
export function runName(
  plan: { readonly id: string; readonly started: string },
  index: number,
  attempt: number,
): string {
  if (index >= ROOM.index || attempt >= ROOM.attempt)
    throw new Error(`no name for run ${index}, attempt ${attempt}: a plan has at most ${ROOM.index} runs`)
  const digits = plan.started.replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const mixed = (Number.parseInt(plan.id.slice(0, 8), 16) ^ (attempt * ROOM.index + index)) >>> 0
  return `${digits}-${mixed.toString(16).padStart(8, '0')}`
}
