/**
 * What a lab file may leave out, in the lab file's own notation. The descriptions in `schema.ts` repeat these for
 * readers.
 */
import { COLLECT } from './schema/schema.ts'

export const DEFAULTS = {
  compat: 'auto',
  debug: 'none',
  cpus: 2,
  memory: '1G',
  accel: 'auto',
  repeat: 1,
  /** A drift of the host, or of a guest that grows warm, then meets every arm alike. */
  order: 'interleaved',
  warmup: 0,
  retries: 0,
  start: 'shared',
  /** Two VMs at a time disturb each other's times. */
  parallel: 1,
  timeout: '60s',
  /** Comparable between CPUs and with user space, and in every kernel from 3.17 on (`trace_clock` "mono"). */
  clock: 'mono',
  buffer: '8M',
  overwrite: 'yes',
  onLoss: 'fail',
  collect: COLLECT,
} as const
