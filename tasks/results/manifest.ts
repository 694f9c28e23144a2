/** manifest.json: everything that somebody needs to know about a run, or to do it again. */
import type { Choice } from '../host/accel.ts'
import type { ProgramMessages } from '../linux/objects/bpf-messages.ts'
import type { RunSplat, RunTests } from './kernel-reports.ts'

export interface ExpectationVerdict {
  readonly ok: boolean
  /** What was expected, and what was found where it was not. */
  readonly lines: readonly string[]
}

export interface ProbeReport {
  readonly program: string
  readonly section: string
  /** How it was attached, or why it was not. */
  readonly attached: string | null
  readonly hits: number
  readonly missed: number
  /** Runs and their nanoseconds by the kernel's own count, where the arm asked for it and the kernel can (5.1). */
  readonly runs?: number
  readonly runNs?: number
  /** Hits for which the kernel did not run the program (another one was running on that CPU), as far as it tells; older results have none. */
  readonly skipped?: number
  /** What one run of it prints, as its bytecode proves; undefined where that tells nothing, and in older results. */
  readonly prints?: Pick<ProgramMessages, 'least' | 'most' | 'formats'>
}

/** Where an imported trace came from, and every line of it accounted for. */
export interface Imported {
  /** The name of the file, and the name under which it is kept. */
  readonly file: string
  readonly kept: string
  readonly bytes: number
  readonly form: string
  /** Of the text, or of what trace-cmd made of it. */
  readonly lines: number
  readonly headings: number
  /** Records that stood inside a line of something else. */
  readonly inProse: number
  /** How often the time of an event lies before that of the one above it. */
  readonly backwards: number
  /** Of function_graph: calls that do not return in the trace, and returns whose call is not in it. */
  readonly unclosedCalls: number
  readonly unopenedReturns: number
  /** The oldest other run that holds the very same capture, and what is known of where that was made. */
  readonly sameCaptureAs?: {
    readonly run: string
    readonly experiment: string
    readonly by: Sameness
    readonly provenance: Provenance
  }
}

export interface Manifest {
  readonly format: 1
  readonly experiment: string
  readonly run: string
  readonly arm: {
    readonly name: string
    readonly params: Readonly<Record<string, string | number>>
    /** The kernel and the probes that the arm is about, where arms differ in them. */
    readonly kernel?: string
    readonly probes?: readonly string[]
    /** `observer: yes`: what this arm has of the probes. */
    readonly observer?: 'none' | 'empty' | 'full' | 'counted'
  }
  readonly repeat: number
  /** The `lab run` that this belongs to, and the place in its plan. */
  readonly plan?: {
    readonly id: string
    /** From 0. */
    readonly index: number
    /** A run that does not count. */
    readonly warmup: boolean
    /** From 1; only the last attempt counts. */
    readonly attempt: number
    readonly order: string
    readonly seed: number
    readonly start: string
    readonly parallel: number
  }
  readonly started: string
  readonly seconds: number
  /** The lab file as it was used, whole. */
  readonly lab: { readonly name: string; readonly file: string; readonly text: string }
  readonly kernel: {
    readonly name: string
    readonly wanted: string
    readonly fallback: boolean
    readonly release: string
    readonly version: string
    readonly source: string
    readonly fingerprint: string
    /** Rows of the compat table that the tree needed (linux/compat.ts); their reasons are in the stored kernel's compat.json. */
    readonly compat: readonly string[]
  }
  /** Directories in results/.inputs/ that hold what this run was made of; their names are digests of their contents. */
  readonly inputs?: KeptInputs
  readonly image: { readonly name: string; readonly fingerprint: string }
  readonly objects: Readonly<Record<string, string>>
  readonly guest: {
    readonly bootId: string
    readonly clocksource: string
    readonly accel: Omit<Choice, 'accel'> & { readonly accel: Choice['accel'] | 'unknown' }
    readonly qemu: readonly string[]
    /** A sealed boot of its own, with time counted in instructions: the same inputs give the same bytes. */
    readonly deterministic?: boolean
    /** none: the run ended before a VM was needed. */
    readonly vm: 'started' | 'restored' | 'up' | 'none'
    /**
     * The snapshot that the guest was restored from. Its wall clock was set and its random numbers seeded anew, its disks are overlays of this
     * run alone; what is in memory (page cache, kernel addresses, uptime) is as it was when the snapshot was taken.
     */
    readonly snapshot?: { readonly id: string; readonly taken: string; readonly qemu: string }
  }
  readonly host: {
    readonly kernel: string
    readonly cpu: string
    readonly cpus: number
    readonly node: string
    /** First line of what each tool says of its version (host/tools-used.ts). */
    readonly tools?: Readonly<Record<string, string>>
  }
  readonly workload: {
    readonly argv: readonly string[]
    readonly pid: number | null
    readonly status: number | null
    readonly signal: number | null
    readonly ms: number | null
    /** The same, finer; not there in runs of earlier versions. */
    readonly ns?: number | null
  }
  readonly trace: {
    readonly clock: string
    readonly bufferBytes: number
    /** A full buffer drops the oldest events (true) or the newest. */
    readonly overwrite?: boolean
    readonly onLoss?: 'fail' | 'warn' | 'retry'
    /** Somebody watched: pages were taken ten times a second although they were not full, and sent. */
    readonly follow?: true
    readonly events: number
    readonly notUnderstood: number
    /** SHA-256 of all events as text, times, CPUs and pids included (data/event-digest.ts). */
    readonly digest?: string
    readonly completeness: 'complete' | 'incomplete' | 'unknown'
    readonly losses: Readonly<Record<string, number | null>>
    readonly reasons: readonly string[]
    /** Channels of typed events: their structs, what they carried and what they lost; a table events.NAME.parquet for each. */
    readonly typed?: readonly {
      readonly name: string
      readonly type: string
      readonly kind: string
      readonly events: number
      readonly sent: number
      readonly lost: number
      readonly lostPerCpu: readonly number[]
      readonly columns: Readonly<Record<string, string>>
    }[]
  }
  /** `system:event`, recorded beside the probes' messages. */
  readonly tracedEvents: readonly string[]
  /** Who else was in the probed path, and who of them printed what the experiment looks at. */
  readonly isolation?: {
    /** Processes that are not the workload's and printed a message that an expectation speaks of. */
    readonly collisions: readonly { readonly pid: number; readonly comm: string; readonly satisfying: number }[]
    /** Messages of the loader, which also takes the trace: it must not be in what it measures. */
    readonly collector: number
  }
  readonly others: readonly { readonly pid: number; readonly comm: string; readonly events: number }[]
  /** What failed, declared or not; a declared failure is an expectation that holds. */
  readonly failures: readonly { readonly stage: string; readonly program: string | null; readonly fact: string }[]
  /** What the kernel reported about itself; a run with one that is not allowed has failed. */
  readonly splats?: readonly RunSplat[]
  /** Results of tests that the workload or the kernel printed. */
  readonly tests?: readonly RunTests[]
  readonly expectations: readonly ExpectationVerdict[]
  /**
   * What a reader of the verdict should know although nothing failed: programs that never fired, expectations that could not have failed. Runs of
   * 0.1.0 have none; they also passed if a metric matched nothing.
   */
  readonly remarks?: readonly string[]
  /** Digest of the workload's messages in their order, without addresses: equal where the order was. */
  readonly sequence?: string
  /** Declared numbers of the run; null where nothing matched. */
  readonly metrics?: Readonly<Record<string, number | null>>
  /** `passed`, or why not. `imported`: made elsewhere, and nothing was expected of it. */
  readonly verdict: 'passed' | 'failed' | 'incomplete' | 'imported'
  /** Of a trace that was made elsewhere; what is not known of such a run is `unknown`, null or empty above. */
  readonly imported?: Imported
  readonly sha256: Readonly<Record<string, string>>
}

/** Where and when a capture was made. `unknown` where nobody said. */
export interface Provenance {
  /** SHA-256 of the raw file. */
  readonly raw: string
  readonly release: string
  readonly bootId: string
  /** When the lab recorded it; an import's own time says nothing about its capture. */
  readonly started: string
  readonly command: string
}

/** How two captures were found to be one: by the bytes of the raw file, or by every event in it. */
export type Sameness = 'raw file' | 'events'

/** Names of the kept directories of a run. */
export interface KeptInputs {
  readonly lab: string
  readonly kernel: string
  readonly image: string
}

export interface FoundRun {
  readonly dir: string
  readonly run: string
  readonly manifest: Manifest
}
