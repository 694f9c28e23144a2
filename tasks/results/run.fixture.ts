/** Results for tests, as `lab run` leaves them, without a VM. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeEvents } from '../trace/events/events-parquet.ts'
import { hashText } from '../engine/fingerprint.ts'
import type { TraceEvent } from '../linux/ftrace/trace-line.ts'
import { MANIFEST_FORMAT } from './manifest-format.ts'
import type { StoredRun, Manifest } from './manifest.ts'

/** A run that passed: readiter on 5.10, three reads of process 7. */
export const MANIFEST: Manifest = {
  format: MANIFEST_FORMAT,
  writtenBy: 'lab 0.2.0',
  experiment: 'readiter',
  run: '20261123-213000-1a2b',
  arm: { name: 'bytes=16,count=3', params: { bytes: 16, count: 3 } },
  repeat: 1,
  started: '2026-11-23T21:30:00.123Z',
  seconds: 4.2,
  lab: { name: 'copyout', file: 'lab.yaml', text: '' },
  kernel: {
    name: 'v5.10',
    wanted: 'v5.10',
    fallback: false,
    release: '5.10.223',
    version: '#1',
    source: 'linux-source-5.10 5.10.223-1',
    fingerprint: 'f'.repeat(64),
    compat: [],
  },
  image: { name: 'minimal', fingerprint: 'a'.repeat(64) },
  objects: { readiter: 'b'.repeat(64) },
  guest: {
    bootId: '0d3a77f1-0000-4000-8000-000000000001',
    clocksource: 'tsc',
    accel: { accel: 'tcg', asked: 'auto', reason: '/dev/kvm does not exist' },
    qemu: ['qemu-system-x86_64', '-smp', '2', '-m', '1024M'],
    vm: 'started',
  },
  host: { kernel: 'k', cpu: 'c', cpus: 2, node: 'v24' },
  workload: { argv: ['/run/lab/readfile', '/data/f'], pid: 7, status: 0, signal: null, ms: 12 },
  trace: {
    clock: 'mono',
    bufferBytes: 1 << 23,
    events: 0,
    notUnderstood: 0,
    completeness: 'complete',
    losses: { overrun: 0 },
    reasons: [],
  },
  failures: [],
  tracedEvents: [],
  others: [],
  expectations: [],
  verdict: 'passed',
  sha256: {},
}

/** What of a manifest is another, and the files beside it. */
export interface RunFiles {
  readonly run: string
  readonly manifest?: Partial<Manifest>
  readonly events?: readonly TraceEvent[]
  /** Name -> contents. */
  readonly files?: Readonly<Record<string, string>>
}

/** Writes a run below `results`, with a table of its events. */
export async function putRun(
  results: string,
  { run, manifest, events = [], files = {} }: RunFiles,
): Promise<StoredRun> {
  const whole: Manifest = { ...MANIFEST, run, ...manifest }
  const dir = join(results, whole.experiment, run)
  mkdirSync(dir, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  if (events.length > 0) await writeEvents(join(dir, 'events.parquet'), events)
  const sha256 = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, hashText(text)]))
  const complete: Manifest = {
    ...whole,
    sha256: { ...sha256, ...whole.sha256 },
    trace: { ...whole.trace, events: events.length },
  }
  writeFileSync(join(dir, 'manifest.json'), `${JSON.stringify(complete, null, 1)}\n`)
  return { dir, run, manifest: complete }
}
