/**
 * What a lab file may leave out, in the lab file's own notation. The descriptions in `schema.ts` repeat these for
 * readers.
 */
import { COLLECT } from './schema.ts'

export const DEFAULTS = {
  compat: 'auto',
  cpus: 2,
  memory: '1G',
  accel: 'auto',
  repeat: 1,
  timeout: '60s',
  /** Comparable between CPUs and with user space, and in every kernel from 3.17 on (`trace_clock` "mono"). */
  clock: 'mono',
  buffer: '8M',
  collect: COLLECT,
} as const
