/** From a run's raw files to facts: events, losses, who else was there, and whether the expectations hold. */
import type { Arm } from '../../config/arms.ts'
import { patternOf } from '../../config/interpolate.ts'
import type { AllowedSplat, ResolvedExperiment } from '../../config/resolved.ts'
import type { FailureExpectation } from '../../config/schema/schema-expect.ts'
import { GaveUp, inTime, matches } from '../../config/text/pattern.ts'
import { isRegex } from '../../config/text/regex.ts'
import { isPerSequence } from '../../config/unit-word.ts'
import type { Failed } from '../../trace/expect/expect-failure.ts'
import { isolationOf, type Isolation } from '../../trace/events/isolation.ts'
import { lossLedger, type Ledger } from '../../trace/events/loss.ts'
import { stackLosses } from '../../trace/stacks/stack-losses.ts'
import { silentPrinters } from '../../trace/events/printk-ledger.ts'
import { Processes } from '../../trace/events/processes.ts'
import { sequenceText } from '../../trace/events/sequence-file.ts'
import { sequencesOf, withoutAddresses, type Matches, type Other } from '../../trace/events/sequences.ts'
import { mergeByTime, typedEvents } from '../../trace/events/typed-parquet.ts'
import { hashText } from '../../engine/fingerprint.ts'
import { isPrintk, parseTraceText, type TraceEvent } from '../../linux/ftrace/trace-line.ts'
import type { ProgramMessages } from '../../linux/objects/bpf-messages.ts'
import { checkAll, expectedOn, failuresExpectedOn } from './expectations.ts'
import { failuresOf } from './failed.ts'
import { of, type HolderLine } from '../guest/holder.ts'
import { absentEnds, interferenceOf } from '../guest/interference.ts'
import type { RunSplat } from '../../results/manifest.ts'
import { splatsOf, testFailures, testsOf, type PrintedTests } from './kernel-log.ts'
import type { ExpectationVerdict, ProbeReport } from '../../results/manifest.ts'
import type { MapsFile } from '../guest/maps.ts'
import { absentMetrics, metricsOf, missingMetrics } from './metrics.ts'
import { otherRemarks } from './other-probes.ts'
import { messageLosses } from './prints.ts'
import { endRemarks, endedAtPipe, endedBefore, endedDuring, remarksOf } from './remarks.ts'
import { NO_TYPED, type Typed } from '../guest/typed.ts'

export interface Analysis {
  readonly events: readonly TraceEvent[]
  /** Messages of the workload and its children. */
  readonly own: readonly TraceEvent[]
  readonly notUnderstood: readonly { readonly line: number; readonly text: string }[]
  readonly ledger: Ledger
  readonly others: readonly Other[]
  readonly isolation: Isolation
  readonly expectations: readonly ExpectationVerdict[]
  /** Numbers that were asked for and that the run does not have: each is an expectation that does not hold. */
  readonly missing: readonly ExpectationVerdict[]
  /** What a reader of the verdict should know although nothing failed. */
  readonly remarks: readonly string[]
  readonly probes: readonly ProbeReport[]
  readonly typed: Typed
  readonly failed: readonly Failed[]
  /** What the kernel reported about itself. */
  readonly splats: readonly RunSplat[]
  /** Results of tests that the workload or the kernel printed. */
  readonly tests: readonly PrintedTests[]
  /** The workload's messages without what differs from boot to boot: text of the file sequence.txt. */
  readonly sequence: string
  /** Digest of the workload's messages in their order, without addresses. */
  readonly sequenceId: string
  /** Declared numbers; null where nothing matched. */
  readonly metrics: Readonly<Record<string, number | null>>
  /** A failure of the workload that the experiment declares. */
  readonly workloadMayFail: boolean
  /** Nothing was recorded: the run ended before the workload started. */
  readonly notStarted: boolean
  /** Why the raw trace cannot be read or judged, where it cannot. */
  readonly damaged: string | undefined
}

/** Per program: how it was attached, hits and misses; zero is a result. */
function probeReports(lines: readonly HolderLine[], prints: readonly ProgramMessages[]): ProbeReport[] {
  const attached = of(lines, 'attached').map(({ program, section, how }) => ({ program, section, attached: how }))
  const failed = of(lines, 'attach-failed').map(({ program, section }) => ({ program, section, attached: null }))
  // Counts come in the order of the attachments: programs of two objects may have one name.
  const hits = of(lines, 'hits')
  return [...attached, ...failed].map((hook, index) => {
    const counted = index < attached.length ? hits[index] : undefined
    const printed = prints.find(({ program, section }) => program === hook.program && section === hook.section)
    return {
      ...hook,
      hits: counted?.hits ?? 0,
      missed: counted?.missed ?? -1,
      skipped: counted?.skipped ?? 0,
      ...(counted?.loadNs !== undefined && { loadNs: counted.loadNs }),
      ...(counted?.verified !== undefined && { verified: counted.verified }),
      ...(counted?.jitBytes !== undefined && { jitBytes: counted.jitBytes }),
      ...(counted?.runs !== undefined && { runs: counted.runs, runNs: counted.runNs ?? 0 }),
      ...(printed && { prints: { least: printed.least, most: printed.most, formats: printed.formats } }),
    }
  })
}

export interface AnalysisInput {
  readonly experiment: ResolvedExperiment
  readonly arm: Arm
  readonly kernel: string
  readonly lines: readonly HolderLine[]
  /** Text of the trace. */
  readonly report: string
  readonly stats: readonly string[]
  readonly stdout: string
  readonly stderr: string
  /** What programs beside the workload printed, by their names in the guest. */
  readonly beside?: ReadonlyMap<string, string>
  /** The kernel's log, and what it printed on the console; undefined where it is not known. */
  readonly dmesg: string | undefined
  readonly console: string | undefined
  readonly maps: MapsFile
  readonly typed?: Typed
  /** Typed events as they are in a table: where a result is looked at again. */
  readonly typedEvents?: readonly TraceEvent[]
  /** Why the raw trace cannot be read (`report` is empty then) or judged, as a sentence. */
  readonly damaged?: string | undefined
  /** What programs print, by their objects. */
  readonly prints?: readonly ProgramMessages[]
  /** What failed before the guest was asked. */
  readonly before?: readonly Failed[]
}

/** Missed at every hit, or hit and never run. */
const neverRan = ({ hits, missed, skipped = 0 }: ProbeReport): boolean =>
  (hits === 0 && missed > 0) || (skipped > 0 && hits === skipped)

/** Programs whose missed hits are the declared result: they are no loss. */
function missedOnPurpose(declared: readonly FailureExpectation[], probes: readonly ProbeReport[]): ReadonlySet<string> {
  const wanted = declared.filter(({ failure }) => failure === 'missed')
  const all = wanted.some(({ program }) => program === undefined)
  const silent = probes.filter(neverRan).map(({ program }) => program)
  return new Set(all ? silent : wanted.flatMap(({ program }) => program ?? []))
}

/** Messages that the experiment looks at: what another process printed of them would pass for the workload's. */
function expectedMessage(experiment: ResolvedExperiment, arm: Arm, kernel: string): (message: string) => boolean {
  const texts = expectedOn(experiment, kernel, arm).flatMap((expectation) => [
    ...('order' in expectation ? expectation.order : []),
    ...('messages' in expectation && (expectation.of ?? 'workload') === 'workload'
      ? Object.keys(expectation.messages)
      : []),
    ...('same' in expectation
      ? expectation.same.flatMap((source) => ('message' in source ? [source.message] : []))
      : []),
  ])
  // What only the run knows (the workload's pid) is nobody else's.
  const patterns = texts.filter((text) => !text.includes('${workload.')).map((text) => patternOf(text, arm.params))
  return (message) => patterns.some((pattern) => matches(pattern, message))
}

/** What makes a read, as the first expectation of an order says; undefined where none does. */
function orderOfRead(
  experiment: ResolvedExperiment,
  arm: Arm,
  kernel: string,
  pid: number,
): readonly Matches[] | undefined {
  const declared = expectedOn(experiment, kernel, arm).find(isPerSequence)
  if (declared === undefined) return undefined
  return declared.order.map((text): Matches => {
    const pattern = patternOf(text, { ...arm.params, 'workload.pid': pid })
    return (message) => matches(pattern, message)
  })
}

const NOT_STARTED: Ledger = {
  ...lossLedger({ stats: [], missed: [], markers: [], notUnderstood: 0 }),
  reasons: ['the workload was not started: nothing was recorded'],
}

/** A trace that nobody can read, or judge, proves nothing, whatever its counters say. */
const damagedLedger = (ledger: Ledger, damaged: string | undefined): Ledger =>
  damaged === undefined ? ledger : { ...ledger, completeness: 'incomplete', reasons: [damaged, ...ledger.reasons] }

/** Channels together, in order of time. */
const inOrder = (lists: readonly (readonly TraceEvent[])[]): readonly TraceEvent[] =>
  lists.reduce<readonly TraceEvent[]>((all, list) => mergeByTime(all, list), [])

export function analyse(input: AnalysisInput): Analysis {
  const { experiment, arm, kernel, lines, report, stats, stdout, stderr, beside, maps } = input
  const typed = input.typed ?? NO_TYPED
  const { events: traced, notUnderstood, lost } = parseTraceText(report.split('\n'))
  const events = mergeByTime(traced, input.typedEvents ?? inOrder(typed.channels.map(typedEvents)))
  const processes = new Processes(events)
  const started = of(lines, 'started')[0]
  const pids = processes.descendants(started?.pid ?? -1)
  const tests = testsOf(stdout, input)
  const failed = [...(input.before ?? []), ...failuresOf(lines, stderr), ...testFailures(tests)]
  const declared = failuresExpectedOn(experiment, kernel, arm)
  const probes = probeReports(lines, input.prints ?? [])
  const onPurpose = missedOnPurpose(declared, probes)
  const captured = of(lines, 'captured')[0]
  const { losses: interference, doubts: unwatched, notes } = interferenceOf(lines)
  const printk = traced.filter(isPrintk)
  const ledger = lossLedger({
    stats,
    missed: [...probes, ...of(lines, 'other-hits')].filter(({ program }) => !onPurpose.has(program)),
    markers: lost,
    typed: typed.losses,
    notUnderstood: notUnderstood.length,
    cpus: captured?.cpus,
    interference,
    messages: messageLosses(lines, probes, printk),
    stacks: experiment.collect.includes('maps') ? stackLosses(maps) : [],
    absent: absentEnds(traced, lines),
    unwatched,
    recorded: { events: traced.length, countersAreFinal: true },
    captureError: captured?.errno === 0 ? undefined : (captured?.text ?? 'the holder did not say'),
  })
  const printed = events.filter(isPrintk)
  const own = printed.filter((event) => pids.has(event.pid))
  // Of events that cannot be read or judged nothing can be expected, and no number of them is 0.
  const expectations =
    input.damaged === undefined
      ? checkAll(experiment, arm, kernel, started?.pid, {
          events,
          pids,
          processes,
          failed,
          stdout,
          stderr,
          maps,
          counted: probes,
        })
      : []
  const printing = new Set(of(lines, 'attached').flatMap((one) => (one.prints === 0 ? [] : [one.program])))
  const silent =
    ledger.completeness === 'complete'
      ? silentPrinters(
          probes.filter(({ program }) => printing.has(program)),
          printk.length,
        )
      : []
  const pidParam = started === undefined ? {} : { 'workload.pid': started.pid }
  const metrics = metricsOf(experiment.metrics, { ...arm.params, ...pidParam }, { stdout, beside }, own, probes)
  const workloadMayFail = declared.some(({ failure }) => failure === 'workload' || failure === 'deadline')
  // A workload that failed, or a trace that cannot be read, is the reason itself.
  const isWhole = input.damaged === undefined && of(lines, 'exited')[0]?.status === 0 && !workloadMayFail
  const isReadable = started !== undefined && input.damaged === undefined
  return {
    events,
    own,
    sequenceId: hashText(own.map(({ message }) => `${withoutAddresses(message)}\n`).join('')).slice(0, 16),
    metrics,
    missing: isWhole ? missingMetrics(experiment.metrics, metrics, kernel, arm) : [],
    remarks: [
      ...endedAtPipe(lines),
      ...endedBefore(lines),
      ...endedDuring(lines),
      ...(!isReadable ? [] : remarksOf(experiment, arm, kernel, probes, printed.length)),
      ...otherRemarks(lines),
      ...endRemarks(lines),
      ...(isWhole ? absentMetrics(experiment.metrics, metrics, kernel, arm) : []),
    ],
    notUnderstood,
    ledger:
      started === undefined
        ? NOT_STARTED
        : damagedLedger({ ...ledger, reasons: [...ledger.reasons, ...notes, ...silent] }, input.damaged),
    damaged: input.damaged,
    isolation: isolationOf(events, pids, processes, expectedMessage(experiment, arm, kernel)),
    others: sequencesOf(events, pids, processes, () => false).others,
    expectations,
    probes,
    typed,
    failed,
    splats: splatsOf(input, experiment.allow),
    tests,
    sequence: sequenceText(events, pids, processes, orderOfRead(experiment, arm, kernel, started?.pid ?? -1)),
    workloadMayFail,
    notStarted: started === undefined,
  }
}

/**
 * What the analysis of a run may take: runs of the shipped lab take less than a second. Milliseconds, and more for each
 * million characters.
 */
const DEADLINE = 60_000
const MORE = 1000

/** Of the splats that an experiment allows, those for which no regular expression has to be run. */
const allowedByName = (allow: readonly AllowedSplat[]): readonly AllowedSplat[] =>
  allow.filter(({ function: name }) => name === undefined || !isRegex(name))

/**
 * `analyse` with an end: a regular expression of the lab that backtracks for ever, or that runs out of memory, makes
 * the run incomplete, and the run says which one.
 * @throws Failure (interrupted) at Ctrl-C
 */
export function analyseInTime(input: AnalysisInput, deadline = DEADLINE): Analysis {
  const ms = Math.round(deadline + (input.report.length / 1e6) * MORE)
  try {
    return inTime(() => analyse(input), ms)
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    const { experiment } = input
    const plain = { ...experiment, metrics: {}, expect: [], allow: allowedByName(experiment.allow) }
    return analyse({ ...input, damaged: `nothing was judged: ${error.parts.fact}`, experiment: plain })
  }
}
