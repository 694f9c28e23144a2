/**
 * What a manifest and its small files say of a run that follows from its raw files: written by `record`, computed again
 * by `lab verify`.
 */
import type { ResolvedExperiment } from '../../config/resolved.ts'
import { unitOf } from '../../config/unit-word.ts'
import { eventDigest } from '../../trace/events/event-digest.ts'
import { HOLDER } from '../../trace/events/processes.ts'
import { SEQUENCE_FILE } from '../../trace/events/sequence-file.ts'
import type { Analysis } from './analyse.ts'
import { without } from '../../engine/without.ts'
import { testsFailed } from '../../linux/ktap/ktap.ts'
import { keptSplats } from './kernel-log.ts'
import { otherPrograms, otherProbes } from './other-probes.ts'
import { isKprobeEvent, of, recordedEvents, type HolderLine } from '../guest/holder.ts'
import type { Manifest } from '../../results/manifest.ts'

export type Verdict = Exclude<Manifest['verdict'], 'imported'>

/** What a run is worth, from its analysis and how its workload ended. */
export function verdictOf(
  analysis: Pick<
    Analysis,
    'expectations' | 'missing' | 'notStarted' | 'workloadMayFail' | 'ledger' | 'damaged' | 'splats' | 'tests'
  >,
  exited: { readonly status?: number | null | undefined } | undefined,
  onLoss: 'fail' | 'warn' | 'retry',
): Verdict {
  // A kernel that reports a bug says more than a trace that it may have damaged.
  if (analysis.splats.some(({ allowed }) => !allowed)) return 'failed'
  if (analysis.damaged !== undefined) return 'incomplete'
  if ([...analysis.expectations, ...analysis.missing].some(({ ok }) => !ok)) return 'failed'
  // Only a declared failure keeps a workload from starting and leaves all expectations met.
  if (analysis.notStarted) return 'passed'
  if ((exited?.status !== 0 || analysis.tests.some(testsFailed)) && !analysis.workloadMayFail) return 'failed'
  return onLoss === 'warn' || analysis.ledger.completeness === 'complete' ? 'passed' : 'incomplete'
}

/** The part of the isolation report that a verdict hangs on; who else was there is in `others`. */
function isolationSummary({ actors, collisions }: Analysis['isolation']): NonNullable<Manifest['isolation']> {
  const collector = actors.filter(({ own, comm }) => !own && comm === HOLDER)
  return {
    collisions: collisions.map(({ pid, comm, satisfying }) => ({ pid, comm, satisfying })),
    collector: collector.reduce((sum, { total }) => sum + total, 0),
  }
}

/** How the workload ended, in the holder's words. */
export function workloadFacts(lines: readonly HolderLine[]): Omit<Manifest['workload'], 'argv'> {
  const exited = of(lines, 'exited')[0]
  return {
    pid: exited?.pid ?? of(lines, 'started')[0]?.pid ?? null,
    status: exited?.status ?? null,
    signal: exited?.signal ?? null,
    ms: exited?.ms ?? null,
    ns: exited?.ns ?? null,
  }
}

/** What is asked of the recorder, in the manifest's words. */
export const traceRequest = ({ trace }: ResolvedExperiment) => ({
  clock: trace.clock,
  overwrite: trace.overwrite,
  onLoss: trace.onLoss,
})

/** Events that are recorded beside the probes' messages. @param guest false: the run ended before a guest was asked */
export const tracedEvents = ({ trace }: ResolvedExperiment, guest = true): string[] => [
  ...(guest ? recordedEvents(trace.events) : []),
  ...trace.events.filter(isKprobeEvent),
]

/** Keys of `trace` that follow from the trace. */
export const traceFacts = ({ events, notUnderstood, ledger }: Analysis) => ({
  events: events.length,
  notUnderstood: notUnderstood.length,
  digest: eventDigest(events),
  ...ledger,
})

/** What sequences are called, where the lab file or its expectations tell. */
const unitFact = (experiment: ResolvedExperiment): Pick<Manifest, 'unit'> => {
  const unit = unitOf(experiment)
  return unit === undefined ? {} : { unit }
}

/** Whole keys of the manifest. */
export const derivedFacts = (experiment: ResolvedExperiment, analysis: Analysis, lines: readonly HolderLine[]) => ({
  ...unitFact(experiment),
  failures: analysis.failed.map(({ stage, program, fact }) => ({ stage, program: program ?? null, fact })),
  sequence: analysis.sequenceId,
  metrics: analysis.metrics,
  ...(analysis.splats.length > 0 && { splats: keptSplats(analysis.splats) }),
  ...(analysis.tests.length > 0 && { tests: analysis.tests.map((test) => without(test, 'tests')) }),
  isolation: isolationSummary(analysis.isolation),
  others: analysis.others,
  expectations: [...analysis.expectations, ...analysis.missing],
  remarks: analysis.remarks,
  verdict: verdictOf(analysis, of(lines, 'exited')[0], experiment.trace.onLoss),
})

/** Each failure with everything that was said about it: the verifier's log, libbpf's words, the kernel's lines. */
const failuresText = (failed: Analysis['failed']): string =>
  failed.map(({ stage, fact, said }) => [`${stage}: ${fact}`, ...said, '', ''].join('\n')).join('')

/** Each test that was printed, by its name. */
export const TESTS_FILE = 'tests.json'

/** One test a line, so that two runs can be compared by lines. */
const testsText = (printed: Analysis['tests']): string => {
  const rows = printed.flatMap(({ file, tests }) => tests.map((one) => JSON.stringify({ file, ...one })))
  return rows.length === 0 ? '[]\n' : `[\n${rows.join(',\n')}\n]\n`
}

/** Files of a result, by name. */
export function derivedFiles(experiment: ResolvedExperiment, analysis: Analysis, lines: readonly HolderLine[]) {
  const files = new Map<string, string>()
  const samples = of(lines, 'companion').map(({ name, state, programs }) => ({ name, state, programs }))
  const others = otherProbes(lines)
  const otherBpf = otherPrograms(lines)
  // Of loaders that are not the lab's; results of earlier versions have none.
  const probes = {
    programs: analysis.probes,
    samples,
    ...(others.length > 0 && { others }),
    ...(otherBpf.length > 0 && { otherPrograms: otherBpf }),
  }
  files.set('probes.json', `${JSON.stringify(probes, null, 1)}\n`)
  files.set('isolation.json', `${JSON.stringify(analysis.isolation, null, 1)}\n`)
  if (experiment.collect.includes('trace') && !analysis.notStarted) files.set(SEQUENCE_FILE, analysis.sequence)
  if (analysis.tests.length > 0) files.set(TESTS_FILE, testsText(analysis.tests))
  if (analysis.failed.length > 0) files.set('failures.txt', failuresText(analysis.failed))
  if (analysis.notUnderstood.length > 0)
    files.set('not-understood.txt', analysis.notUnderstood.map(({ line, text }) => `${line}: ${text}\n`).join(''))
  return files
}

/** The command of an arm, with the program's directory in the guest left out. */
export const sameCommand = (asked: readonly string[], ran: readonly string[]): boolean =>
  asked.length === ran.length &&
  asked.every((word, index) => word === ran[index] || (index === 0 && ran[0]?.split('/').at(-1) === word))
