/** From a run's raw files to facts: events, losses, who else was there, and whether the expectations hold. */
import { timesOf, type Arm } from '../config/arms.ts'
import { patternOf } from '../config/interpolate.ts'
import type { ResolvedExperiment } from '../config/resolve.ts'
import { checkExpectation } from '../data/expectation.ts'
import { lossLedger, silentPrintk, type Ledger } from '../data/loss.ts'
import { Processes } from '../data/processes.ts'
import { sequencesOf, type Other } from '../data/sequences.ts'
import { isPrintk, parseTraceText, type TraceEvent } from '../linux/trace-line.ts'
import { of, type HolderLine } from './holder.ts'
import type { ExpectationVerdict, ProbeReport } from './manifest.ts'

export interface Analysis {
  readonly events: readonly TraceEvent[]
  /** Messages of the workload and its children. */
  readonly own: readonly TraceEvent[]
  readonly notUnderstood: readonly { readonly line: number; readonly text: string }[]
  readonly ledger: Ledger
  readonly others: readonly Other[]
  readonly expectations: readonly ExpectationVerdict[]
  readonly probes: readonly ProbeReport[]
}

/** Per program: how it was attached, hits and misses; zero is a result. */
function probeReports(lines: readonly HolderLine[]): ProbeReport[] {
  const attached = of(lines, 'attached').map(({ program, section, how }) => ({ program, section, attached: how }))
  const failed = of(lines, 'attach-failed').map(({ program, section }) => ({ program, section, attached: null }))
  return [...attached, ...failed].map((one) => {
    const counted = of(lines, 'hits').find(({ program }) => program === one.program)
    return { ...one, hits: counted?.hits ?? 0, missed: counted?.missed ?? -1 }
  })
}

export interface AnalysisInput {
  readonly experiment: ResolvedExperiment
  readonly arm: Arm
  readonly kernel: string
  readonly pid: number
  readonly lines: readonly HolderLine[]
  /** Text of the trace. */
  readonly report: string
  readonly stats: readonly string[]
}

/** Whether an expectation is about an arm's probes: an arm without any has nothing to show. */
const appliesTo = ({ probes }: Arm, wanted: readonly string[] | undefined): boolean =>
  probes === undefined || (probes.length > 0 && (wanted === undefined || wanted.some((name) => probes.includes(name))))

export function analyse({ experiment, arm, kernel, pid, lines, report, stats }: AnalysisInput): Analysis {
  const { events, notUnderstood, lost } = parseTraceText(report.split('\n'))
  const processes = new Processes(events)
  const pids = processes.descendants(pid)
  const probes = probeReports(lines)
  const captured = of(lines, 'captured')[0]
  const ledger = lossLedger({
    stats,
    missed: probes,
    markers: lost,
    notUnderstood: notUnderstood.length,
    captureError: captured?.errno === 0 ? undefined : (captured?.text ?? 'the holder did not say'),
  })
  const printed = events.filter(isPrintk)
  const expectations = experiment.expect
    .filter(({ kernels }) => kernels === undefined || kernels.includes(kernel))
    .filter((one) => appliesTo(arm, one.probes))
    .map((one) =>
      checkExpectation(
        {
          order: one.order.map((text) => patternOf(text, arm.params)),
          texts: one.order,
          per: one.per,
          times: timesOf(one, arm),
        },
        events,
        pids,
        processes,
      ),
    )
  const printing = new Set(of(lines, 'attached').flatMap((one) => (one.prints === 0 ? [] : [one.program])))
  const silent = silentPrintk(
    probes.filter(({ program }) => printing.has(program)),
    printed.length,
  )
  return {
    events,
    own: printed.filter((event) => pids.has(event.pid)),
    notUnderstood,
    ledger: { ...ledger, reasons: [...ledger.reasons, ...silent] },
    others: sequencesOf(events, pids, processes, () => false).others,
    expectations,
    probes,
  }
}
