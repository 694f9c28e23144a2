/** The host's side of the holder: its command line, and its JSON lines as typed facts. */
import { z } from 'zod'
import { experimentError } from '../../engine/error.ts'
import { printable } from '../../engine/printable.ts'
import { slotArgument, type MapFill } from './slots.ts'

const said = <T extends string, S extends z.ZodRawShape>(event: T, shape: S) =>
  z.object({ event: z.literal(event), ...shape })
const program = { program: z.string(), section: z.string() }

/** The name of a file, which becomes part of the name of one here: no path that leads out of a result. */
// oxlint-disable-next-line no-control-regex -- no name of a file can hold NUL
const fileName = z.string().regex(/^[^/\x00]+$/)

/** As many as the holder records. */
const MOST_CPUS = 64

/** Everything that the holder says; anything else in its output is an error of ours. */
const Line = z.discriminatedUnion('event', [
  said('load-failed', {
    object: z.string(),
    errno: z.int(),
    text: z.string(),
    program: z.string().optional(),
    section: z.string().optional(),
    log: z.string().optional(),
    libbpf: z.string(),
  }),
  said('attached', { ...program, how: z.string(), prints: z.int() }),
  said('attach-failed', {
    ...program,
    optional: z.int(),
    errno: z.int(),
    text: z.string(),
    /** Its words; holders of earlier versions do not keep them. */
    libbpf: z.string().optional(),
  }),
  said('kernel-said', { text: z.string() }),
  /** A module of the experiment that was loaded, with its parameters as the kernel was given them. */
  said('module', { module: z.string(), parameters: z.string() }),
  said('module-failed', { module: z.string(), errno: z.int(), text: z.string() }),
  /** A module that the kernel keeps after the run. */
  said('module-left', { module: z.string(), errno: z.int(), text: z.string() }),
  said('slot', { object: z.int(), map: z.string(), key: z.string(), value: z.string() }),
  said('started', { pid: z.int() }),
  said('exited', {
    pid: z.int(),
    status: z.int().optional(),
    signal: z.int().optional(),
    ms: z.int(),
    ns: z.int().optional(),
    /** Ended by the holder where it only waited for more of this file. */
    endedAt: z.literal('trace_pipe').optional(),
  }),
  /** `runs` and `runNs`: the kernel's own count, where it was asked to count. */
  said('hits', {
    ...program,
    hits: z.int(),
    missed: z.int(),
    skipped: z.int().default(0),
    /**
     * Runs that had somewhere to print to, and at most so many (-1: nobody counted); holders of earlier versions do not
     * say.
     */
    firedLeast: z.int().optional(),
    firedMost: z.int().optional(),
    /** Of loading it; holders of earlier versions do not say. */
    loadNs: z.int().optional(),
    verified: z.int().optional(),
    jitBytes: z.int().optional(),
    runs: z.int().optional(),
    runNs: z.int().optional(),
  }),
  /** A kprobe event of another loader, a sample's or the workload's own. */
  said('other-hits', { ...program, hits: z.int(), missed: z.int() }),
  /**
   * A BPF program of another loader; `section` is empty where nobody knows where it hangs, `runs` -1 where nobody
   * counts.
   */
  said('other-program', {
    ...program,
    type: z.int(),
    before: z.int(),
    runs: z.int(),
    pid: z.int().optional(),
    comm: z.string().optional(),
  }),
  /** BPF programs that were loaded during the run and never seen. */
  said('other-programs-unseen', { count: z.int() }),
  /** A kprobe that is neither a kprobe event nor a BPF program's. */
  said('other-kprobe', { section: z.string() }),
  /** A process that was still there when the workload had ended; it was killed then. */
  said('survivor', { pid: z.int(), comm: z.string() }),
  /** stdout or stderr was longer than what is kept of it. Bytes. */
  said('output-cut', { file: z.string(), kept: z.int(), dropped: z.int() }),
  // With --follow: what was recorded since the last look, in hexadecimal.
  said('pages', {
    cpu: z
      .int()
      .min(0)
      .max(MOST_CPUS - 1),
    data: z.string(),
  }),
  said('records', { object: z.int(), map: z.string(), data: z.string() }),
  said('comms', { text: z.string() }),
  said('look', { skipped: z.int() }),
  said('map', {
    object: z.int(),
    name: z.string(),
    type: z.int(),
    keySize: z.int(),
    valueSize: z.int(),
    maxEntries: z.int(),
    /** Far more than any machine has; a list of that length is made of it. */
    cpus: z.int().min(0).max(8192),
  }),
  said('map-entry', { object: z.int(), map: z.string(), key: z.string(), value: z.string() }),
  said('map-cut', { object: z.int(), map: z.string(), entries: z.int() }),
  said('companion', {
    name: fileName,
    state: z.enum(['attached', 'ended', 'late']),
    // Nothing is known of one that has ended.
    programs: z.int().optional(),
    status: z.int().optional(),
    signal: z.int().optional(),
    said: z.string().optional(),
  }),
  /** One that ran beside the workload; `early`: it was not asked to end. */
  said('companion-ended', {
    name: fileName,
    early: z.int(),
    status: z.int().optional(),
    signal: z.int().optional(),
    said: z.string().optional(),
  }),
  said('events', {
    object: z.int(),
    map: z.string(),
    kind: z.string(),
    records: z.int(),
    sent: z.int(),
    lost: z.int(),
    lostPerCpu: z.string(),
    marked: z.int(),
    errno: z.int(),
  }),
  /** A setting that kept events out, and whether it could be reset before the run. */
  said('reset', { setting: z.string(), was: z.string(), worked: z.int() }),
  /** What somebody else did to the recording; pid and comm where they still had the file open. */
  said('touched', {
    file: z.string(),
    how: z.enum(['open', 'opened', 'written', 'changed', 'too often']),
    was: z.string().optional(),
    now: z.string().optional(),
    by: z.string().optional(),
    pid: z.int().optional(),
    comm: z.string().optional(),
  }),
  said('unwatched', {}),
  /** A file of the run in whose place somebody put another; what was sent is the holder's own. */
  said('replaced', { file: z.string() }),
  said('captured', { cpus: z.int(), errno: z.int(), text: z.string().optional() }),
  // The kernel's log: the line of the file dmesg with which the run begins, whether records of the run are missing, and
  // /proc/sys/kernel/tainted before and after (-1: unknown).
  said('log', { line: z.int().min(1), lost: z.int(), taintBefore: z.int(), taint: z.int() }),
  /** Where programs have their code: records in the file `mappings`, what was lost, why there are none. */
  said('mappings', { records: z.int(), lost: z.int(), errno: z.int() }),
  said('graph-function', { function: z.string() }),
  said('event-id', { name: z.string(), id: z.int() }),
  said('error', { doing: z.string(), value: z.string(), errno: z.int().optional(), text: z.string() }),
  said('done', {
    outcome: z.enum([
      'done',
      'busy',
      'cannot fork',
      'setting failed',
      'module failed',
      'load failed',
      'map slot failed',
      'capture failed',
      'companion failed',
      'attach failed',
      'deadline',
      'stopped',
    ]),
    errno: z.int(),
    /** Lines that the holder has said, this one included; holders of earlier versions do not count. */
    lines: z.int().optional(),
  }),
])
export type HolderLine = z.infer<typeof Line>

/** What a run asks of the holder. */
export interface HolderRequest {
  readonly holder: string
  readonly clock: string
  readonly bufferBytes: number
  readonly deadlineMs: number
  readonly events: readonly string[]
  /** kprobe events in the kernel's own language: `p:NAME FUNCTION ARGS`. */
  readonly kprobes: readonly string[]
  /** Send what is recorded while it is recorded. */
  readonly follow: boolean
  readonly objects: readonly string[]
  /** Types of the kernel, where it does not carry them itself. */
  readonly btf: string | undefined
  readonly optional: readonly string[]
  /** Of each object; lo where it is undefined. */
  readonly interfaces: readonly (string | undefined)[]
  readonly slots: readonly MapFill[]
  readonly overwrite: boolean
  readonly graph: { readonly functions: readonly string[]; readonly depth: number } | undefined
  /** Flags of what is done before anything else, in its order (`before:`). */
  readonly before: readonly string[]
  /** Let the kernel count runs and time of the programs (kernel.bpf_stats_enabled, since 5.1). */
  readonly countRuns: boolean
  /** Programs with a loader of their own, which run beside the workload. */
  readonly companions: readonly string[]
  /**
   * Kernel modules in the order of loading: `FILE`, `FILE PARAMETER=VALUE ...`, or `?FILE` for one that may be there.
   */
  readonly modules: readonly string[]
  readonly workload: readonly string[]
  /** Where it starts; / when undefined. */
  readonly cwd: string | undefined
  /** `NAME=value`. */
  readonly env: readonly string[]
  /** Its reads of trace_pipe wait, take nothing, and end it when nothing else of it runs. */
  readonly hidesTracePipe: boolean
  /** Keep where the code of programs is in their processes, for stacks of user space. */
  readonly mappings: boolean
}

/** The same with its directory in the guest. */
export interface HolderRun extends HolderRequest {
  readonly dir: string
}

/** Process events are always recorded: they give every pid its name and tell an exec's reads from the program's. */
export const PROCESS_EVENTS = [
  'sched:sched_process_fork',
  'sched:sched_process_exec',
  'sched:sched_process_exit',
] as const

/** `p:NAME FUNCTION ARGS`; anything else in `trace.events` is `system:event`. */
export const isKprobeEvent = (event: string): boolean => /^[pr]:\S+ /.test(event)

/** Events of the kernel that are recorded, `system:event`: those that are asked for, and those of processes. */
export const recordedEvents = (wanted: readonly string[]): string[] => [
  ...new Set([...PROCESS_EVENTS, ...wanted.filter((event) => !isKprobeEvent(event))]),
]

export const holderArgv = (run: HolderRun): string[] => [
  run.holder,
  '--dir',
  run.dir,
  '--clock',
  run.clock,
  '--buffer-kb',
  String(Math.ceil(run.bufferBytes / 1024)),
  '--deadline-ms',
  String(run.deadlineMs),
  ...run.events.flatMap((event) => ['--event', event]),
  ...run.kprobes.flatMap((event) => ['--kprobe', event]),
  ...(run.follow ? ['--follow'] : []),
  ...run.objects.flatMap((object) => ['--object', object]),
  ...(run.btf === undefined ? [] : ['--btf', run.btf]),
  ...run.optional.flatMap((name) => ['--optional', name]),
  ...run.interfaces.flatMap((name, object) => (name === undefined ? [] : ['--interface', `${object}:${name}`])),
  ...run.before,
  '--overwrite',
  run.overwrite ? '1' : '0',
  ...(run.countRuns ? ['--count-runs'] : []),
  ...(run.graph?.functions ?? []).flatMap((name) => ['--graph', name]),
  ...(run.graph && run.graph.depth > 0 ? ['--graph-depth', String(run.graph.depth)] : []),
  ...run.slots.flatMap((slot) => ['--slot', slotArgument(slot)]),
  ...run.companions.flatMap((program) => ['--companion', program]),
  ...run.modules.flatMap((module) => ['--module', module]),
  ...(run.cwd === undefined ? [] : ['--cwd', run.cwd]),
  ...run.env.flatMap((variable) => ['--env', variable]),
  ...(run.hidesTracePipe ? ['--hide-trace-pipe'] : []),
  ...(run.mappings ? ['--mappings'] : []),
  '--',
  ...run.workload,
]

/** One line of the holder's stdout. Throws for anything that is not one of its facts. */
export function parseHolderLine(line: string): HolderLine {
  const result = Line.safeParse(JSON.parse(line))
  if (!result.success) throw new Error(`the holder printed an unknown line: ${printable(line, 200)}`)
  return result.data
}

/** Lines that are kept of one run: the holder sends at most 4096 of each map, so that no run has a tenth of it. */
const MOST_LINES = 500_000

/**
 * The lines of one run, as many as a run can have: whoever can write to the holder's output could fill our memory with
 * them.
 */
export class HolderLines {
  readonly lines: HolderLine[] = []
  readonly #place: string
  readonly #most: number

  constructor(place: string, most = MOST_LINES) {
    this.#place = place
    this.#most = most
  }

  /** @throws Failure (experiment) for more than there can be */
  keep(line: HolderLine): void {
    if (this.lines.length >= this.#most)
      throw experimentError({
        place: this.#place,
        fact: `the guest sent more than ${this.#most} lines in the name of the holder`,
        lines: [printable(JSON.stringify(line), 200)],
        wayOut: 'does the workload write to the output of lab-holder?',
      })
    this.lines.push(line)
  }
}

/** The holder's facts by kind. */
export const of = <E extends HolderLine['event']>(
  lines: readonly HolderLine[],
  event: E,
): Extract<HolderLine, { event: E }>[] =>
  lines.filter((line): line is Extract<HolderLine, { event: E }> => line.event === event)
