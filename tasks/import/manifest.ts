/** The manifest of a trace that was made elsewhere: what is known of it, and "unknown" for the rest. */
import { cpus, release } from 'node:os'
import { lossLedger } from '../trace/events/loss.ts'
import { secondsSince, type Moment } from '../engine/moment.ts'
import { ownVersion } from '../engine/own-version.ts'
import { MANIFEST_FORMAT } from '../results/manifest-format.ts'
import type { Manifest } from '../results/manifest.ts'
import type { DatOptions } from './dat.ts'
import type { TextRead } from './text.ts'

const UNKNOWN = 'unknown'

export interface ImportedRun {
  readonly experiment: string
  readonly run: string
  readonly started: Moment
  /** The file as the user called it, without its directory. */
  readonly file: string
  readonly kept: string
  readonly form: string
  readonly bytes: number
  readonly read: TextRead
  /** Only a trace.dat has them. */
  readonly options: DatOptions | undefined
  readonly sha256: Readonly<Record<string, string>>
}

/** Why there are no counters to go by. @param options of a trace.dat; undefined: it is a text */
const noCounters = (options: DatOptions | undefined): string =>
  options === undefined
    ? 'a text has no loss counters'
    : 'this trace.dat has no loss counters (option CPUSTAT): trace-cmd writes them when it ends a recording itself'

function traceOf({ read, options }: ImportedRun): Manifest['trace'] {
  const { tally } = read
  const { marks, lost } = tally.marks
  const stats = options?.stats ?? []
  const ledger = lossLedger({
    stats,
    missed: [],
    markers: lost,
    notUnderstood: tally.notUnderstood,
    recorded: stats.length === 0 ? undefined : { events: tally.events, countersAreFinal: false },
  })
  const { backwards, firstBackwards } = tally
  const { timesAreDurations, cpuForProcess } = read.graph
  const reasons = [
    ...(marks > lost.length ? [`${marks} marks in the text say that events were lost`] : []),
    ...ledger.reasons.map((reason) =>
      stats.length === 0 && reason.startsWith('the loss counters') ? noCounters(options) : reason,
    ),
    ...(timesAreDurations
      ? [
          'the function_graph text has no times (option funcgraph-abstime): those of the events are sums of durations, and calls of different CPUs cannot be compared',
        ]
      : []),
    ...(cpuForProcess
      ? ['the function_graph text names no processes (option funcgraph-proc): "cpu N" and N stand for comm and pid']
      : []),
    ...(backwards > 0
      ? [
          `${backwards} event${backwards === 1 ? ' is' : 's are'} earlier than the one above (line ${firstBackwards} is the first): the order of the file is kept`,
        ]
      : []),
  ]
  const { completeness, losses } = ledger
  return {
    clock: options?.clock ?? (tally.ticks ? 'counter' : UNKNOWN),
    bufferBytes: 0,
    events: tally.events,
    notUnderstood: tally.notUnderstood,
    completeness,
    losses,
    reasons,
  }
}

/** What a run of the lab itself would have, and an import does not. */
export function importedManifest(imported: ImportedRun): Manifest {
  const { experiment, run, started, file, kept, form, bytes, read, options, sha256 } = imported
  const { tally, lines } = read
  const kernel = options?.release ?? UNKNOWN
  return {
    format: MANIFEST_FORMAT,
    writtenBy: `lab ${ownVersion()}`,
    experiment,
    run,
    repeat: 1,
    started: started.date.toISOString(),
    arm: { name: '', params: {} },
    seconds: secondsSince(started),
    lab: { name: UNKNOWN, file: '', text: '' },
    kernel: {
      name: kernel,
      wanted: kernel,
      fallback: false,
      release: kernel,
      version: UNKNOWN,
      source: UNKNOWN,
      fingerprint: UNKNOWN,
      compat: [],
    },
    image: { name: UNKNOWN, fingerprint: UNKNOWN },
    objects: {},
    guest: {
      bootId: UNKNOWN,
      clocksource: UNKNOWN,
      accel: { accel: UNKNOWN, asked: 'auto', reason: UNKNOWN },
      qemu: [],
      vm: 'none',
    },
    host: { kernel: release(), cpu: cpus()[0]?.model ?? '', cpus: cpus().length, node: process.version },
    workload: { argv: [], pid: null, status: null, signal: null, ms: null },
    trace: traceOf(imported),
    tracedEvents: [],
    others: [],
    failures: [],
    expectations: [],
    verdict: 'imported',
    imported: {
      file,
      kept,
      bytes,
      form,
      lines,
      headings: tally.headings,
      inProse: tally.inProse,
      backwards: tally.backwards,
      unclosedCalls: tally.calls.unclosed,
      unopenedReturns: tally.calls.unopened,
    },
    sha256,
  }
}
