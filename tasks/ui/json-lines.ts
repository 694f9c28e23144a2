/**
 * The lines of `--json`: NDJSON on stdout, one object a line, in the order in which it happened; nothing on stderr.
 * docs/json.md has the table. A reader skips kinds and fields that it does not know: only a change of what is there
 * takes a new format number.
 */
import { z } from 'zod'
import type { DeepReadonly } from '../engine/deep-readonly.ts'
import { REASONS, type FailureReason } from '../engine/error.ts'
import { EVENTS } from '../engine/event.ts'

const text = z.string()

/** A failure, in the words of the text that people see (engine/error.ts). */
const failure = z.object({
  type: z.literal('error'),
  kind: z.enum(['experiment', 'user', 'lab', 'interrupted', 'bug']),
  reason: z.enum(Object.keys(REASONS) as [FailureReason, ...FailureReason[]]).optional(),
  place: text.optional(),
  fact: text,
  wayOut: text.optional(),
  lines: z.array(text).optional(),
  /** The full log of what failed, where there is one; of a bug its stack. */
  log: text.optional(),
  /** The log of the whole command. */
  commandLog: text.optional(),
  exitCode: z.int(),
})

/** By their `type`. */
export const LINES = {
  /** The first line. */
  start: z.object({
    type: z.literal('start'),
    format: z.literal(1),
    /** The version of lab. */
    lab: text,
  }),
  ...EVENTS,
  error: failure,
  /** The last line of a command that got to its answer; what is in `data` depends on the command. */
  answer: z.object({ type: z.literal('answer'), data: z.unknown().optional() }),
} as const

/** A line as it is printed: with the time at which it was written, ISO 8601 in UTC. */
export const JsonLineSchema = z.intersection(
  z.object({ at: z.iso.datetime() }),
  z.discriminatedUnion('type', [LINES.start, LINES.error, LINES.answer, ...Object.values(EVENTS)]),
)
export type JsonLine = DeepReadonly<z.infer<(typeof LINES)[keyof typeof LINES]>>
