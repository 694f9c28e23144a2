/** What is taken from a run for `run-index.ts`: only loaded where a run is new. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { typedFile } from '../trace/events/typed-name.ts'
import { INPUTS_DIR } from './kept-inputs.ts'
import { definitionOf, type Definition } from './definition.ts'
import type { ListedRun, RunDetails } from './listed-run.ts'

const count = z.number().nullable()
const text = z.string()
const natural = z.int().min(0)
/** As a table of events has it: 32 bits. */
const pid = natural.max(0xffff_ffff).nullable()

/** What is taken from a manifest; other versions and edited ones must not end in a stack trace. */
const Taken = z.object({
  format: z.literal(1),
  experiment: text,
  arm: z.object({
    name: text,
    params: z.record(text, z.union([text, z.number()])),
    probes: z.array(text).optional(),
  }),
  repeat: z.number(),
  started: text,
  seconds: z.number(),
  lab: z.object({ text }).default({ text: '' }),
  inputs: z.object({ lab: text }).optional(),
  kernel: z.object({ name: text, wanted: text, fallback: z.boolean(), release: text, fingerprint: text.default('') }),
  image: z.object({ name: text, fingerprint: text.default('') }),
  objects: z.record(text, text).default({}),
  guest: z.object({ accel: z.object({ accel: text }), vm: text, deterministic: z.boolean().optional() }),
  workload: z.object({ argv: z.array(text), pid: pid.default(null), status: count, signal: count, ms: count }),
  trace: z.object({
    clock: text,
    events: natural,
    notUnderstood: natural,
    completeness: text,
    losses: z.record(text, count),
    follow: z.literal(true).optional(),
    typed: z.array(z.object({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/) })).default([]),
  }),
  verdict: text,
  imported: z.object({ file: text }).optional(),
  metrics: z.record(text, count).optional(),
  sequence: text.optional(),
  plan: z
    .object({
      id: text,
      index: z.number(),
      warmup: z.boolean(),
      attempt: z.number(),
      start: text.optional(),
      parallel: z.number().optional(),
    })
    .optional(),
  sha256: z.record(text, text).default({}),
})

/** How a run was made where that is chosen on the command line and changes its times. @returns labels; none for the usual way */
export function conditionsOf({
  trace,
  plan,
  sha256,
}: Pick<z.infer<typeof Taken>, 'trace' | 'plan' | 'sha256'>): string[] {
  return [
    ...(Object.hasOwn(sha256, 'strace.workload') ? ['under strace'] : []),
    ...(trace.follow === true ? ['followed'] : []),
    ...((plan?.parallel ?? 1) > 1 ? [`${plan?.parallel ?? 1} VMs at a time`] : []),
  ]
}

const Probes = z.object({
  programs: z.array(
    z.object({ program: text, section: text, attached: text.nullable(), hits: z.number(), missed: z.number() }),
  ),
})

function probesIn(dir: string): RunDetails['probes'] {
  try {
    return Probes.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).programs
  } catch {
    // An import has none; a run that lost them is shown without.
    return []
  }
}

/** @returns the two halves of an entry, or why this is no run */
export function readRun(dir: string):
  | {
      readonly listed: Omit<ListedRun, 'run' | 'experiment'>
      readonly details: RunDetails
      readonly definition: Definition | undefined
    }
  | { readonly why: string } {
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))
  } catch {
    return { why: 'manifest.json cannot be read' }
  }
  const parsed = Taken.safeParse(manifest)
  if (!parsed.success) return { why: 'manifest.json is none that this version can read' }
  const { arm, kernel, guest, workload, trace, imported, image, repeat, started, seconds, verdict } = parsed.data
  const { metrics = {}, sequence = null, plan = null } = parsed.data
  const definition = definitionOf(parsed.data, join(dir, '..', '..', INPUTS_DIR))
  return {
    definition,
    listed: {
      arm: arm.name,
      started,
      verdict,
      completeness: trace.completeness,
      accel: guest.accel.accel,
      kernel: kernel.name,
      wanted: kernel.wanted,
      fallback: kernel.fallback,
      definition: definition?.id ?? null,
    },
    details: {
      repeat,
      seconds,
      release: kernel.release,
      vm: guest.vm,
      image: image.name,
      workload: workload.argv.join(' '),
      pid: workload.pid,
      status: workload.status,
      signal: workload.signal,
      ms: workload.ms,
      clock: trace.clock,
      events: trace.events,
      notUnderstood: trace.notUnderstood,
      imported: imported?.file ?? null,
      table: existsSync(join(dir, 'events.parquet')),
      armProbes: arm.probes ?? null,
      metrics,
      sequence,
      plan,
      conditions: conditionsOf(parsed.data),
      typed: trace.typed.flatMap(({ name }) => (existsSync(join(dir, typedFile(name))) ? name : [])),
      params: arm.params,
      losses: trace.losses,
      probes: probesIn(dir),
    },
  }
}
