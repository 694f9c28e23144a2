/** Which machine made a run: the block within which its numbers are compared. */
import { NO_NODE, type Placed } from '../trace/stats/sample.ts'
import type { Manifest } from './manifest.ts'

/**
 * The node by its name in Slurm, which need not be the host's, or the host's own name; empty in results of before hosts
 * were named.
 */
export const nodeOf = ({ host }: Partial<Pick<Manifest, 'host'>>): string => host?.slurm?.node ?? host?.name ?? NO_NODE

/** A run, as far as its numbers are asked for. */
export type Measured = Pick<Manifest, 'host' | 'metrics'>

/** The values of a metric with the nodes that they were measured on; none of runs that lack it. */
export const samplesOf = (runs: readonly Measured[], metric: string): Placed[] =>
  runs.flatMap((run) => {
    const value = run.metrics?.[metric]
    return typeof value === 'number' ? [{ value, node: nodeOf(run) }] : []
  })

/** "on 2 nodes"; undefined of one. */
export const nodesText = (nodes: number | undefined): string | undefined =>
  nodes === undefined || nodes < 2 ? undefined : `on ${nodes} nodes`
