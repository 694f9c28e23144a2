/** Who else took the probed path during a run, and whose hits pass for the workload's. */
import { isPrintk, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import { printable } from '../../engine/printable.ts'
import type { Processes } from './processes.ts'
import { plural } from '../../engine/text.ts'

export interface MessageCount {
  /**
   * The message with its numbers and addresses left out, so that "fd on params 3" and "fd on params 11" are one: "fd on
   * params #".
   */
  readonly shape: string
  readonly count: number
  /** How many of them satisfy the filter; 0 without one. */
  readonly satisfying: number
}

/** One process in the probed path. */
export interface Actor {
  readonly comm: string
  readonly pid: number
  /** It is the workload or was started by it. */
  readonly own: boolean
  readonly total: number
  readonly satisfying: number
  /** In order of first appearance. */
  readonly messages: readonly MessageCount[]
}

export interface Isolation {
  /** The workload's own first, then by count. */
  readonly actors: readonly Actor[]
  /**
   * Processes that are not the workload and satisfy the filter all the same: their hits cannot be told from the
   * workload's.
   */
  readonly collisions: readonly Actor[]
  /** For people; nothing where the workload was alone. */
  readonly lines: readonly string[]
}

/** A message without what differs from hit to hit: addresses (0x..., and the 16 digits of a hashed %p) and numbers. */
export const shapeOf = (message: string): string =>
  message.replace(/\b0x[0-9a-f]+\b|\b[0-9a-f]{16}\b|(?<![\w.])-?\d+\b/g, '#')

function actorOf(pid: number, events: readonly TraceEvent[], own: boolean, comm: string, filter: Filter): Actor {
  const messages = [...Map.groupBy(events, ({ message }) => shapeOf(message))].map(([shape, group]) => ({
    shape,
    count: group.length,
    satisfying: group.filter(({ message }) => filter(message)).length,
  }))
  const satisfying = messages.reduce((sum, message) => sum + message.satisfying, 0)
  return { comm, pid, own, total: events.length, satisfying, messages }
}

type Filter = (message: string) => boolean

/**
 * @param pids the workload and what it started
 * @param filter which messages satisfy the probe's own filter ("fd on params 3"); none when left out
 */
export function isolationOf(
  events: readonly TraceEvent[],
  pids: ReadonlySet<number>,
  processes: Processes,
  filter: Filter = () => false,
): Isolation {
  const actors = [...Map.groupBy(events.filter(isPrintk), ({ pid }) => pid)]
    .map(([pid, group]) => actorOf(pid, group, pids.has(pid), processes.comm(pid), filter))
    .toSorted((a, b) => Number(b.own) - Number(a.own) || b.total - a.total || a.pid - b.pid)
  const others = actors.filter(({ own }) => !own)
  const collisions = others.filter(({ satisfying }) => satisfying > 0)
  const name = ({ comm, pid }: Actor) => `${printable(comm, 16)}-${pid}`
  return {
    actors,
    collisions,
    lines: [
      ...others.map((actor) => `also in the probed path: ${name(actor)}, ${plural(actor.total, 'message')}`),
      ...collisions.map(
        (collision) =>
          `filter collision: ${name(collision)} satisfies the filter too, ${plural(collision.satisfying, 'time')}: filter by pid`,
      ),
    ],
  }
}
