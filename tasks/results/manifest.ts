/**
 * manifest.json: everything that somebody needs to know about a run, or to do it again. This schema is the only
 * description of it: the type is inferred, and readers that need less pick from it. A field that every reader must know
 * of takes a new format number and a step in manifest-format.ts.
 */
import { z } from 'zod'
import type { DeepReadonly } from '../engine/deep-readonly.ts'
import { MANIFEST_FORMAT } from './manifest-format.ts'
import { guest } from './manifest-guest.ts'

const text = z.string()
const texts = z.array(text)
const natural = z.int().min(0)
/** null: not known. */
const count = z.number().nullable()
/** The kernel's own limit is 2^22 (PID_MAX_LIMIT, linux/threads.h); a table of events has room for 32 bits. */
const pid = natural.max(0xffff_ffff)
/** A channel of typed events is called like the C variable that declares it, and so is its table. */
const channelName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)

/** Where and when a capture was made. `unknown` where nobody said. */
const provenance = z.object({
  /** SHA-256 of the raw file. */
  raw: text,
  release: text,
  bootId: text,
  /** When the lab recorded it; an import's own time says nothing about its capture. */
  started: text,
  command: text,
})

/** Where an imported trace came from, and every line of it accounted for. */
const imported = z.object({
  /** The name of the file, and the name under which it is kept. */
  file: text,
  kept: text,
  bytes: z.number(),
  form: text,
  /** Of the text, or of what trace-cmd made of it. */
  lines: z.number(),
  headings: z.number(),
  /** Records that stood inside a line of something else. */
  inProse: z.number(),
  /** How often the time of an event lies before that of the one above it. */
  backwards: z.number(),
  /** Of function_graph: calls that do not return in the trace, and returns whose call is not in it. */
  unclosedCalls: z.number(),
  unopenedReturns: z.number(),
  /** The oldest other run that holds the very same capture, and what is known of where that was made. */
  sameCaptureAs: z
    .object({
      run: text,
      experiment: text,
      /** How they were found to be one: by the bytes of the raw file, or by every event in it. */
      by: z.enum(['raw file', 'events']),
      provenance,
    })
    .exactOptional(),
})

/** The `lab run` that a run belongs to, and its place in the plan of it. */
const plan = z.object({
  id: text,
  /** From 0. */
  index: z.number(),
  /** A run that does not count. */
  warmup: z.boolean(),
  /** From 1; only the last attempt counts. */
  attempt: z.number(),
  order: text,
  seed: z.number(),
  start: text,
  parallel: z.number(),
  /** When the plan was made, of runs on a cluster: their names begin with it, not with the time of their start. */
  made: text.optional(),
})

const kernel = z.object({
  name: text,
  wanted: text,
  fallback: z.boolean(),
  release: text,
  version: text,
  source: text,
  fingerprint: text,
  /**
   * Rows of the compat table that the tree needed (linux/kbuild/compat.ts); their reasons are in the stored kernel's
   * compat.json.
   */
  compat: texts,
  /** Helpers that tracing programs may call in this kernel although it has them for other types (`helpers:`). */
  helpers: texts.exactOptional(),
  /** Functions that bpf_override_return() may end in this kernel because the lab file says so (`expose:`). */
  errorInjectable: texts.exactOptional(),
})

const workload = z.object({
  argv: texts,
  pid: pid.nullable(),
  status: count,
  signal: count,
  ms: count,
  /** The same, finer; the first runs of 0.1.0 have none. */
  ns: count.exactOptional(),
})

/** A channel of typed events: its struct, what it carried and what it lost. Its table is events.NAME.parquet. */
const channel = z.object({
  name: channelName,
  type: text,
  kind: text,
  events: z.number(),
  sent: z.number(),
  lost: z.number(),
  lostPerCpu: z.array(z.number()),
  columns: z.record(text, text),
})

/** Of one CPU's ring buffer; the first runs of 0.1.0 have no `read`. */
const cpuCounters = z.object({
  entries: z.number(),
  overrun: z.number(),
  commitOverrun: z.number(),
  dropped: z.number(),
  read: z.number().exactOptional(),
})

const trace = z.object({
  clock: text,
  bufferBytes: natural,
  /** A full buffer drops the oldest events (true) or the newest. */
  overwrite: z.boolean().exactOptional(),
  onLoss: z.enum(['fail', 'warn', 'retry']).exactOptional(),
  /** Somebody watched: pages were taken ten times a second although they were not full, and sent. */
  follow: z.literal(true).exactOptional(),
  events: natural,
  notUnderstood: natural,
  /** SHA-256 of all events as text, times, CPUs and pids included (trace/events/event-digest.ts). */
  digest: text.exactOptional(),
  completeness: z.enum(['complete', 'incomplete', 'unknown']),
  losses: z.record(text, count),
  /** Counters of each CPU's ring buffer; null where its text could not be read. */
  perCpu: z.array(cpuCounters.nullable()).exactOptional(),
  reasons: texts,
  typed: z.array(channel).exactOptional(),
})

/** What the kernel reported about itself; a run with one that is not allowed has failed. */
const splat = z.object({
  /** Of SPLAT_KINDS (linux/splats/kinds.ts), or one that a later version knows. */
  kind: text,
  /** null where the report names none. */
  function: text.nullable(),
  module: text.nullable(),
  /** Its first line. */
  what: text,
  file: z.enum(['dmesg', 'console.log', 'kernel.tainted']),
  /** From 1; null of a taint flag. */
  line: count,
  /** Seconds since boot, as the kernel printed them. */
  at: text.nullable(),
  /** `before`: it was there when the run began. */
  when: z.enum(['before', 'run']),
  /** Whether `allow:` has it. */
  allowed: z.boolean(),
  /** First lines of the report. */
  lines: texts,
})

/** Results of tests that the workload or the kernel printed. */
const tests = z.object({
  form: z.enum(['TAP', 'kselftest', 'BPF selftest']),
  file: z.enum(['stdout', 'dmesg']),
  failures: texts,
  problems: texts,
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  todo: z.number(),
  /** How many of them tests.json lists by name; results of 0.2.0 and older have no such file. */
  listed: z.number().exactOptional(),
  /** What was printed about the first one that failed; tests.json has that of all. */
  said: texts.exactOptional(),
})

/** The verdict of an expectation. Those of an order of messages say more (trace/expect/expectation.ts). */
const expectation = z.object({
  ok: z.boolean(),
  lines: texts,
  /** What was expected, in a sentence. */
  expected: text.exactOptional(),
  /** The program's own sequences, those that are as expected, and those of execve(), which are not counted. */
  found: z.number().exactOptional(),
  matching: z.number().exactOptional(),
  ofExec: z.number().exactOptional(),
  /** The first place where trace and expectation part. */
  divergence: z
    .object({
      sequence: z.number(),
      pid: z.number(),
      comm: text,
      position: z.number(),
      wanted: text.nullable(),
      got: text.nullable(),
      because: text.exactOptional(),
    })
    .exactOptional(),
})

export const ManifestSchema = z.object({
  format: z.literal(MANIFEST_FORMAT),
  /** `lab 0.2.0` */
  writtenBy: text,
  experiment: text,
  run: text,
  arm: z.object({
    name: text,
    params: z.record(text, z.union([text, z.number()])),
    /** The kernel and the probes that the arm is about, where arms differ in them. */
    kernel: text.exactOptional(),
    probes: texts.exactOptional(),
    /** How its runs come by a VM, where the experiment compares that (`control: cold`). */
    start: z.enum(['warm', 'cold']).exactOptional(),
    /** `observer: yes`: what this arm has of the probes. */
    observer: z.enum(['none', 'empty', 'full', 'counted']).exactOptional(),
  }),
  repeat: z.number(),
  /** What one sequence of messages is called: `call`. Results of 0.1.0 have none: they say `read`. */
  unit: text.exactOptional(),
  plan: plan.exactOptional(),
  /** ISO 8601, UTC. */
  started: text,
  seconds: z.number(),
  /** The lab file as it was used, whole. */
  lab: z.object({ name: text, file: text, text }),
  kernel,
  /** Directories in results/.inputs/ that hold what this run was made of; their names are digests of their contents. */
  inputs: z.object({ lab: text, kernel: text, image: text }).exactOptional(),
  image: z.object({ name: text, fingerprint: text }),
  objects: z.record(text, text),
  /** The sha256 of each file of the data disks, by disk and by its name there; older results do not have it. */
  disks: z.record(text, z.record(text, text)).exactOptional(),
  /** Kernel modules of the experiment in the order of loading, with their parameters in this arm. */
  modules: z
    .array(
      z.object({
        name: text,
        sha256: text,
        vermagic: text,
        srcversion: text.exactOptional(),
        parameters: texts,
      }),
    )
    .exactOptional(),
  guest,
  host: z.object({
    kernel: text,
    cpu: text,
    cpus: z.number(),
    node: text,
    /** First line of what each tool says of its version (host/tools-used.ts). */
    tools: z.record(text, text).exactOptional(),
    /** The host's own name, and its boot; results of before clusters have neither these nor what follows. */
    name: text.exactOptional(),
    bootId: text.exactOptional(),
    /** null: the host does not say. */
    microcode: text.nullable().exactOptional(),
    governor: text.nullable().exactOptional(),
    smt: text.nullable().exactOptional(),
    /** What the process might use, which a container or a job limits. Memory in bytes. */
    limits: z.object({ cpus: natural, memory: natural }).exactOptional(),
    /** The job of Slurm that made the run. */
    slurm: z
      .object({
        job: text,
        array: text.exactOptional(),
        task: text.exactOptional(),
        restart: natural,
        node: text,
        partition: text.exactOptional(),
      })
      .exactOptional(),
  }),
  workload,
  trace,
  /** `system:event`, recorded beside the probes' messages. */
  tracedEvents: texts,
  /** Who else was in the probed path, and who of them printed what the experiment looks at. */
  isolation: z
    .object({
      /** Processes that are not the workload's and printed a message that an expectation speaks of. */
      collisions: z.array(z.object({ pid: z.number(), comm: text, satisfying: z.number() })),
      /** Messages of the loader, which also takes the trace: it must not be in what it measures. */
      collector: z.number(),
    })
    .exactOptional(),
  others: z.array(z.object({ pid: z.number(), comm: text, events: z.number() })),
  /** What failed, declared or not; a declared failure is an expectation that holds. */
  failures: z.array(z.object({ stage: text, program: text.nullable(), fact: text })),
  splats: z.array(splat).exactOptional(),
  tests: z.array(tests).exactOptional(),
  /** What was expected, and what was found where it was not. */
  expectations: z.array(expectation),
  /**
   * What a reader of the verdict should know although nothing failed: programs that never fired, expectations that
   * could not have failed.
   */
  remarks: texts.exactOptional(),
  /** Digest of the workload's messages in their order, without addresses: equal where the order was. */
  sequence: text.exactOptional(),
  /** Declared numbers of the run; null where nothing matched. */
  metrics: z.record(text, count).exactOptional(),
  /** `passed`, or why not. `imported`: made elsewhere, and nothing was expected of it. */
  verdict: z.enum(['passed', 'failed', 'incomplete', 'imported']),
  /** Of a trace that was made elsewhere; what is not known of such a run is `unknown`, null or empty above. */
  imported: imported.exactOptional(),
  sha256: z.record(text, text),
})

export type Manifest = DeepReadonly<z.infer<typeof ManifestSchema>>
export type ExpectationVerdict = Manifest['expectations'][number]
export type Imported = DeepReadonly<z.infer<typeof imported>>
export type Provenance = Readonly<z.infer<typeof provenance>>
export type Sameness = NonNullable<Imported['sameCaptureAs']>['by']
/** A splat of a run. */
export type RunSplat = NonNullable<Manifest['splats']>[number]
/** Results of tests, and where they were printed. */
export type RunTests = NonNullable<Manifest['tests']>[number]
/** Names of the kept directories of a run. */
export type KeptInputs = NonNullable<Manifest['inputs']>

export interface StoredRun {
  readonly dir: string
  readonly run: string
  readonly manifest: Manifest
  /** The format in which it is stored, where that is older than the current one. */
  readonly olderFormat?: number | undefined
}

/** How often something happens in one run of a program, over all paths. */
const range = { least: natural, most: natural }

/**
 * A format of its messages. `lab verify` writes them again as they were read, so the order of the keys is that of
 * linux/objects/bpf-messages.ts.
 */
const printedFormat = z.object({ text, open: z.boolean(), ...range })

/** A program of a run. */
export const ProgramSchema = z.object({
  program: text,
  section: text,
  /** How it was attached, or why it was not. */
  attached: text.nullable(),
  hits: z.number(),
  missed: z.number(),
  /** Runs and their nanoseconds by the kernel's own count, where the arm asked for it and the kernel can (5.1). */
  runs: z.number().exactOptional(),
  runNs: z.number().exactOptional(),
  /**
   * Nanoseconds of BPF_PROG_LOAD (verifier and JIT), as the holder timed it; older results have none of these three.
   */
  loadNs: z.number().exactOptional(),
  /** Instructions that the verifier looked at ("processed N insns"), from 5.2 on. */
  verified: z.number().exactOptional(),
  /** Machine code that the JIT made of it; 0 where it is interpreted. */
  jitBytes: z.number().exactOptional(),
  /**
   * Hits for which the kernel did not run the program (another one was running on that CPU), as far as it tells; older
   * results have none.
   */
  skipped: z.number().exactOptional(),
  /** What one run of it prints, as its bytecode proves; left out where that tells nothing, and in older results. */
  prints: z.object({ ...range, formats: z.array(printedFormat) }).exactOptional(),
})

/** probes.json: every program of a run, also those that never fired. */
export const ProbesSchema = z.object({
  programs: z.array(ProgramSchema),
  /** Programs with a loader of their own that ran beside the workload, and how they ended. */
  samples: z.array(z.object({ name: text, state: text, programs: z.number().exactOptional() })).exactOptional(),
  /** Probes and programs of loaders that are not the lab's (run/judge/other-probes.ts). */
  others: z.array(z.looseObject({})).exactOptional(),
  otherPrograms: z.array(z.looseObject({})).exactOptional(),
})
export type ProbeReport = DeepReadonly<z.infer<typeof ProbesSchema>>['programs'][number]
