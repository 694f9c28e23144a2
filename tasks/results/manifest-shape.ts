/** Whether a manifest is one of ours, in all that views of it rely on: one of another version, or an edited one, must not end in a stack trace. */
import { z } from 'zod'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { FoundRun } from './manifest.ts'

const text = z.string()
const count = z.number().nullable()
/** The kernel's own limit is 2^22 (PID_MAX_LIMIT, linux/threads.h); a table of events has room for 32 bits. */
const pid = z.int().min(0).max(0xffff_ffff).nullable()
const natural = z.int().min(0)
const provenance = z.object({ raw: text, release: text, bootId: text, started: text, command: text })

const texts = z.array(text)

/** Splats and tests of a run, in all that is shown of them. */
export const Reports = {
  splats: z
    .array(
      z.object({
        kind: text,
        function: text.nullable(),
        module: text.nullable(),
        what: text,
        file: text,
        line: count,
        at: text.nullable(),
        when: text,
        allowed: z.boolean(),
        lines: texts,
      }),
    )
    .optional(),
  tests: z
    .array(
      z.object({
        form: text,
        file: text,
        failures: texts,
        problems: texts,
        passed: z.number(),
        failed: z.number(),
        skipped: z.number(),
        todo: z.number(),
      }),
    )
    .optional(),
}

const Whole = z.object({
  ...Reports,
  format: z.literal(1),
  experiment: text,
  arm: z.object({
    name: text,
    params: z.record(text, z.union([text, z.number()])),
    kernel: text.optional(),
    probes: z.array(text).optional(),
  }),
  plan: z
    .object({
      id: text,
      index: z.number(),
      warmup: z.boolean(),
      attempt: z.number(),
      order: text,
      start: text,
      parallel: z.number(),
    })
    .optional(),
  started: text,
  kernel: z.object({
    name: text,
    wanted: text,
    fallback: z.boolean(),
    release: text,
    source: text,
    fingerprint: text,
    compat: z.array(text),
  }),
  inputs: z.object({ lab: text, kernel: text, image: text }).optional(),
  image: z.object({ name: text, fingerprint: text }),
  objects: z.record(text, text),
  guest: z.object({ bootId: text, clocksource: text, accel: z.object({ accel: text }), qemu: z.array(text) }),
  host: z.object({ kernel: text, cpu: text, cpus: z.number(), node: text }),
  workload: z.object({ argv: z.array(text), pid, status: count, signal: count, ms: count }),
  trace: z.object({
    clock: text,
    bufferBytes: natural,
    overwrite: z.boolean().optional(),
    events: natural,
    completeness: text,
    losses: z.record(text, count),
    reasons: z.array(text),
  }),
  tracedEvents: z.array(text),
  remarks: z.array(text).optional(),
  sequence: text.optional(),
  metrics: z.record(text, count).optional(),
  verdict: text,
  imported: z
    .object({
      file: text,
      kept: text,
      sameCaptureAs: z
        .object({ run: text, experiment: text, by: z.enum(['raw file', 'events']), provenance })
        .optional(),
    })
    .optional(),
  sha256: z.record(text, text),
})

/** Names of files that a manifest may point at: of the run's own directory, and of kept inputs. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** The run, if its manifest is whole. @throws a user's Failure that says which part is not */
export function checkedRun(run: FoundRun): FoundRun {
  const parsed = Whole.safeParse(run.manifest)
  const [issue] = parsed.success ? [] : parsed.error.issues
  const { imported, inputs } = run.manifest
  const names = [imported?.kept, inputs?.lab, inputs?.kernel, inputs?.image].filter((name) => name !== undefined)
  const odd = parsed.success ? names.find((name) => !PLAIN.test(name)) : undefined
  if (parsed.success && odd === undefined) return run
  throw userError({
    place: `run ${printable(run.run, 60)}`,
    fact: `its manifest.json is none that this version can read: ${printable(issue === undefined ? `"${odd ?? ''}" is no name of a file` : `${issue.path.join('.') || 'all of it'}: ${issue.message}`, 200)}`,
    wayOut: '`lab verify RUN` says what else is not as it was recorded',
  })
}
