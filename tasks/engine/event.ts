/**
 * Everything that a running command can say, as one union. Steps send events; only `ui/` turns them into text. The same
 * objects, one per line, are what `--json` prints (ui/json-lines.ts). Who only needs the type loads no schema.
 */
import { z } from 'zod'
import type { DeepReadonly } from './deep-readonly.ts'

const StepOutcomeSchema = z.enum([
  /** A build step's result stood where it belongs. */
  'fresh',
  /** It was taken from the store. */
  'restored',
  /** It was built now. */
  'built',
  /** A service or run step did its work. */
  'done',
  /** It was not needed, or not possible for the stated reason. */
  'skipped',
  'failed',
])
export type StepOutcome = z.infer<typeof StepOutcomeSchema>

/** Where an outside program runs. */
const where = z.enum(['host', 'guest'])

/** By their `type`. */
export const EVENTS = {
  /** A step begins. `step` is its identity ("kernel v5.4", "vm default"); `parent` the step it belongs to. */
  'step-start': z.object({
    type: z.literal('step-start'),
    step: z.string(),
    title: z.string(),
    parent: z.string().optional(),
  }),
  /**
   * Where a step is. `done`/`total` in `unit`; total may be an estimate, and so is `secondsLeft`. `soFar`: numbers of
   * the arm in `phase`, as far as there are any; `shown` is the same for people, in the unit that suits it.
   */
  'step-progress': z.object({
    type: z.literal('step-progress'),
    step: z.string(),
    phase: z.string(),
    done: z.number().exactOptional(),
    total: z.number().exactOptional(),
    unit: z.enum(['bytes', 'objects', 'runs']).exactOptional(),
    secondsLeft: z.number().exactOptional(),
    soFar: z
      .array(
        z.object({
          metric: z.string(),
          median: z.number(),
          unit: z.string().exactOptional(),
          runs: z.number(),
          shown: z.string(),
        }),
      )
      .exactOptional(),
  }),
  /** A step ends. `detail` is one line: what came out, or why ("kernel/config/tracing.config changed"). */
  'step-end': z.object({
    type: z.literal('step-end'),
    step: z.string(),
    outcome: StepOutcomeSchema,
    detail: z.string().optional(),
    seconds: z.number(),
  }),
  /** What a run that is under way has in its trace (`--follow`), line by line. */
  trace: z.object({ type: z.literal('trace'), lines: z.array(z.string()) }),
  /** An outside program begins, on this host or in the guest. `program` counts them. */
  'program-start': z.object({
    type: z.literal('program-start'),
    program: z.number(),
    where,
    argv: z.array(z.string()),
  }),
  /** It ended: `status` is its exit status, or how it ended without one. */
  'program-end': z.object({
    type: z.literal('program-end'),
    program: z.number(),
    where,
    name: z.string(),
    status: z.union([z.number(), z.string()]),
    seconds: z.number(),
  }),
  /**
   * The verdict on a claim of published results (results/published/). `needs`: runs of each arm that would decide it.
   */
  claim: z.object({
    type: z.literal('claim'),
    experiment: z.string(),
    source: z.string(),
    metric: z.string(),
    claim: z.string(),
    verdict: z.enum(['holds', 'does not hold', 'cannot tell', 'not comparable']),
    why: z.string().exactOptional(),
    needs: z.number().exactOptional(),
  }),
  /**
   * Something the person must know and that is no failure: a fallback taken, a slow accelerator. Said once; `standing`:
   * true until somebody changes the lab file or the host, so that once a day is enough for a person.
   */
  notice: z.object({
    type: z.literal('notice'),
    level: z.enum(['info', 'warning']),
    standing: z.literal(true).exactOptional(),
    place: z.string().exactOptional(),
    text: z.string(),
    wayOut: z.string().exactOptional(),
  }),
} as const

export type LabEvent = DeepReadonly<z.infer<(typeof EVENTS)[keyof typeof EVENTS]>>

export type Emit = (event: LabEvent) => void
