/** What is taken from a run for `run-index.ts`: only loaded where a run is new. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import { failedBy } from '../engine/error.ts'
import { typedFile } from '../trace/events/typed-name.ts'
import { INPUTS_DIR } from './kept-inputs.ts'
import { definitionOf, type Definition } from './definition.ts'
import { ManifestSchema, ProbesSchema } from './manifest.ts'
import { nodeOf } from './node.ts'
import { MANIFEST_FILE, upgradedManifest } from './manifest-format.ts'
import type { RunDetails, RunLine } from './listed-run.ts'

/** What is taken from a manifest; an edited one must not end in a stack trace. */
const Taken = ManifestSchema.pick({
  format: true,
  experiment: true,
  arm: true,
  repeat: true,
  started: true,
  seconds: true,
  lab: true,
  inputs: true,
  kernel: true,
  image: true,
  objects: true,
  guest: true,
  host: true,
  workload: true,
  trace: true,
  verdict: true,
  imported: true,
  metrics: true,
  sequence: true,
  plan: true,
  sha256: true,
})

/**
 * How a run was made where that is chosen on the command line and changes its times. @returns labels; none for the
 * usual way
 */
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

function probesIn(dir: string): RunDetails['probes'] {
  try {
    return ProbesSchema.parse(JSON.parse(readFileSync(join(dir, 'probes.json'), 'utf8'))).programs
  } catch {
    // An import has none; a run that lost them is shown without.
    return []
  }
}

/** @returns the two halves of an entry, or why this is no run */
export function readRun(dir: string):
  | {
      readonly listed: RunLine
      readonly details: RunDetails
      readonly definition: Definition | undefined
    }
  | { readonly why: string } {
  let manifest: unknown
  try {
    manifest = upgradedManifest(JSON.parse(readFileSync(join(dir, MANIFEST_FILE), 'utf8')), dir)
  } catch (error) {
    return { why: failedBy(error, 'newer-format') ? error.parts.fact : 'manifest.json cannot be read' }
  }
  const parsed = Taken.safeParse(manifest)
  if (!parsed.success) return { why: 'this version of lab cannot read manifest.json' }
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
      table: existsSync(join(dir, 'events.parquet')),
      typed: (trace.typed ?? []).flatMap(({ name }) => (existsSync(join(dir, typedFile(name))) ? name : [])),
    },
    details: {
      repeat,
      seconds,
      release: kernel.release,
      vm: guest.vm,
      node: nodeOf(parsed.data),
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
      armProbes: arm.probes ?? null,
      metrics,
      sequence,
      plan,
      conditions: conditionsOf(parsed.data),
      params: arm.params,
      losses: trace.losses,
      probes: probesIn(dir),
    },
  }
}
