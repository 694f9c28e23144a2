/**
 * A run's manifest and its small files against what its raw files say: the loader's words, the raw trace, and the lab
 * as it was kept. No input and no output but the kept lab; it runs in a thread of its own, because a lab's regular
 * expressions are somebody else's programs.
 */
import { basename, dirname } from 'node:path'
import type { ResolvedExperiment, ResolvedLab } from '../config/resolved.ts'
import { argvOf } from '../config/text/words.ts'
import { typedFile } from '../trace/events/typed-name.ts'
import { analyse, type Analysis } from '../run/judge/analyse.ts'
import {
  derivedFacts,
  derivedFiles,
  TESTS_FILE,
  sameCommand,
  traceFacts,
  tracedEvents,
  traceRequest,
  workloadFacts,
} from '../run/judge/derived.ts'
import { failuresExpectedOn } from '../run/judge/expectations.ts'
import { keptPrints } from '../run/judge/prints.ts'
import { of, parseHolderLine, type HolderLine } from '../run/guest/holder.ts'
import { outputFile, outputsBeside } from '../run/guest/companion-output.ts'
import type { Manifest } from '../results/manifest.ts'
import { mapsOf, type MapsFile } from '../run/guest/maps.ts'
import { lossOf } from '../run/guest/typed.ts'
import type { DatOptions } from '../import/dat.ts'
import { printable } from '../engine/printable.ts'
import { without } from '../engine/without.ts'
import { TYPED, type TraceEvent } from '../linux/ftrace/trace-line.ts'
import { CONSOLE_LOG } from '../vm/console.ts'
import { compared, LACKING, lossesAsCounted, open, right, wrong, type Finding } from './finding.ts'
import { namedCode } from './named-code.ts'
import { experimentOf, readKeptLab } from '../results/kept-lab.ts'

/** What is read before: a thread that is ended must leave no program behind. */
export interface Raw {
  readonly dir: string
  readonly manifest: Manifest
  /** The format in which it is stored, where that is older than the current one. */
  readonly olderFormat: number | undefined
  /** The lab file as it was used. */
  readonly labFile: string
  readonly toolRoot: string
  /** Text files of the result by name, those that are there. */
  readonly texts: Readonly<Record<string, string>>
  /** Of the kept kernel: its release, and what names the source that it was built from (kernel/source.ts). */
  readonly built: { readonly release: string; readonly source: unknown }
  /** The raw trace as text, and what it says of its recording; undefined if there is none. */
  readonly trace: { readonly report: string; readonly options: DatOptions } | undefined
  /** What is in no raw trace: typed events, from the table. */
  readonly typedEvents: readonly TraceEvent[]
  /** Digest of the events in the table. */
  readonly tableDigest: string | undefined
  /** Channels of typed events whose two tables do not tell of the same events. */
  readonly typedDiffer: readonly string[]
}

export interface Replayed {
  readonly findings: readonly Finding[]
  /** Messages of the workload. */
  readonly messages: readonly string[]
}

const typedCount = (events: readonly TraceEvent[], name: string): number =>
  events.filter(({ event }) => event === TYPED + name).length

function analysisOf(raw: Raw, experiment: ResolvedExperiment, lines: readonly HolderLine[]): Analysis {
  const { manifest, texts, trace, typedEvents } = raw
  const known = (manifest.trace.typed ?? []).map(({ name }) => name)
  const losses = of(lines, 'events').map((line) =>
    lossOf(line, typedCount(typedEvents, line.map), !known.includes(line.map)),
  )
  return analyse({
    experiment,
    arm: manifest.arm,
    kernel: manifest.kernel.name,
    lines,
    typedEvents,
    report: trace?.report ?? '',
    stats: trace?.options.stats ?? [],
    typed: { channels: [], losses },
    prints: keptPrints(texts['probes.json'] ?? ''),
    stdout: texts['stdout'] ?? '',
    stderr: texts['stderr'] ?? '',
    beside: outputsBeside(lines, (name) => texts[name] ?? ''),
    dmesg: texts['dmesg'],
    console: texts[CONSOLE_LOG],
    maps: JSON.parse(texts['maps.json'] ?? '{"slots":[],"maps":[]}') as MapsFile,
  })
}

/** Files that a run has, by what its lab collects and what happened in it. */
function* filesOf(
  { collect, trace }: ResolvedExperiment,
  { guest, tests, trace: { typed } }: Manifest,
  lines: readonly HolderLine[],
): Generator<string> {
  const has = new Set<string>(collect)
  const started = of(lines, 'started').length > 0
  yield* ['holder.ndjson', 'probes.json', 'isolation.json']
  if (tests?.some(({ listed }) => listed !== undefined)) yield TESTS_FILE
  if (has.has('stdout')) yield* ['stdout', 'stderr']
  if (has.has('dmesg')) yield 'dmesg'
  if (has.has('maps')) yield 'maps.json'
  if (has.has('kallsyms')) yield 'kallsyms'
  if (guest.vm !== 'none') yield CONSOLE_LOG
  for (const { name } of of(lines, 'companion')) yield outputFile(name)
  if (started && trace.functionGraph) yield 'graph.txt'
  if (started && has.has('trace'))
    yield* ['trace.dat', 'events.parquet', ...(typed ?? []).map(({ name }) => typedFile(name))]
}

/** Whether the kernel is the one that the lab calls so: expectations may be for one kernel alone. */
function kernelOf({ kernel: { name, source: title } }: Manifest, { kernels }: ResolvedLab, id: unknown): Finding {
  const what = `kernel ${printable(name, 60)}`
  const source = Object.hasOwn(kernels, name) ? kernels[name]?.source : undefined
  if (source === undefined) return wrong(what, 'the lab has none of that name')
  if ('sha256' in source && source.sha256 === id) return right(what, 'is that of the lab')
  if ('git' in source && title === `${source.ref} (${String(id).slice(0, 12)})`)
    return right(what, 'is that of the lab')
  if (/^(?:\/|~|\$|\.{3}\/)/.test(title))
    return open(what, `was built from a tree, ${printable(title, 100)}: nobody can tell which`)
  return wrong(what, 'is built from another source than that of the lab')
}

/** Whose run it was, and of what: the kept lab against the manifest's own words. */
function identity({ dir, manifest, built, trace }: Raw, lab: ResolvedLab, experiment: ResolvedExperiment): Finding[] {
  const { arm, kernel, workload, started, run } = manifest
  const asked = argvOf(experiment.workload.run, arm.params)
  const request = traceRequest(experiment)
  const times = manifest.trace.bufferBytes / experiment.trace.buffer
  const version = trace?.options.uname
  // Runs of a cluster are named by their plan.
  const digits = (manifest.plan?.made ?? started).replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return [
    compared('place', [basename(dirname(dir)), basename(dir)], [manifest.experiment, run]),
    run.startsWith(`${digits}-`) ? right('start', started) : wrong('start', `${run} did not start at ${started}`),
    compared('lab file', manifest.lab.text, lab.text),
    kernelOf(manifest, lab, built.source),
    compared('kernel release', kernel.release, built.release),
    compared('fallback kernel', kernel.fallback, kernel.wanted !== kernel.name),
    ...(version === undefined ? [] : [compared('kernel version', kernel.version, version)]),
    sameCommand(asked, workload.argv)
      ? right('command', 'is that of the lab')
      : wrong('command', 'is not that of the lab'),
    compared('clock and buffers', { ...request, ...pick(manifest.trace, request) }, request),
    Number.isInteger(times) && times >= 1
      ? right('buffer', 'is of the size that the lab asks for')
      : wrong('buffer', 'is not of the size that the lab asks for'),
    ...(trace === undefined ? [] : [compared('clock of the trace', manifest.trace.clock, trace.options.clock)]),
    compared('recorded events', manifest.tracedEvents, tracedEvents(experiment, manifest.guest.vm !== 'none')),
  ]
}

/** Of `from` the keys that `like` has; what is missing is null, and so no value that anything has. */
const pick = (from: object, like: object): Record<string, unknown> =>
  Object.fromEntries(Object.keys(like).map((key) => [key, (Reflect.get(from, key) as unknown) ?? null]))

/** What the loader loaded, with its parameters; one that was there already is in the manifest only. */
function modules({ modules: recorded = [] }: Manifest, lines: readonly HolderLine[]): Finding[] {
  const loaded = of(lines, 'module').map(({ module, parameters }) => `${module} ${parameters}`)
  const known = recorded.map(({ name, parameters }) => `${name} ${parameters.join(' ')}`)
  return loaded.length === 0
    ? []
    : [
        compared(
          'modules',
          known.filter((probe) => loaded.includes(probe)),
          loaded,
        ),
      ]
}

/** Channels of typed events: the loader's counts, the table of all events, and the table of the channel. */
function typed({ manifest, typedEvents, typedDiffer }: Raw, lines: readonly HolderLine[]): Finding[] {
  const said = of(lines, 'events')
  return (manifest.trace.typed ?? []).map((channel) => {
    const what = `typed events ${channel.name}`
    const line = said.find(({ map }) => map === channel.name)
    if (line === undefined) return wrong(what, 'the loader knows of none')
    if (typedDiffer.includes(channel.name)) return wrong(what, 'their table and that of all events differ')
    const lostPerCpu = line.lostPerCpu === '' ? [] : line.lostPerCpu.split(',').map(Number)
    const facts = {
      kind: line.kind,
      events: typedCount(typedEvents, channel.name),
      sent: line.sent,
      lost: line.lost,
      lostPerCpu,
    }
    return compared(what, pick(channel, facts), facts)
  })
}

/**
 * The dumped maps: sizes and bytes as the loader sent them. What the bytes mean only the object knows, which is not
 * kept.
 */
function maps({ texts }: Raw, lines: readonly HolderLine[]): Finding[] {
  const text = texts['maps.json']
  if (text === undefined) return []
  const bare = ({ slots, maps: all }: MapsFile) => ({
    slots: slots.map(({ map }) => map),
    maps: all.map(({ name, type, keySize, valueSize, maxEntries, cpus, cut, entries }) => ({
      name,
      type,
      keySize,
      valueSize,
      maxEntries,
      cpus,
      cut,
      entries: entries.map(({ raw }) => raw),
    })),
  })
  return [compared('maps.json', bare(JSON.parse(text) as MapsFile), bare(mapsOf(lines, [])))]
}

const asItIs = (finding: Finding): Finding => finding

/** Whether an expectation is about what maps hold: nothing else that is judged is. */
const looksAtMaps = ({ expect }: ResolvedExperiment): boolean =>
  expect.some((expectation) => 'same' in expectation && expectation.same.some((source) => 'map' in source))

/** What follows from the trace, the loader's words and the outputs; `blind` says what of them the lab does not keep. */
function judged(raw: Raw, experiment: ResolvedExperiment, now: Analysis, lines: readonly HolderLine[]): Finding[] {
  const { manifest, olderFormat, texts, tableDigest } = raw
  // 0.1.0 made no remarks, and let a run pass if a metric matched nothing.
  const isOld = olderFormat !== undefined && manifest.remarks === undefined
  const again = isOld ? { ...now, missing: [] } : now
  const stricter = isOld
    ? now.missing.map(({ lines: [first = ''] }) => open('verdict', `${first}: lab 0.1.0 let that pass`))
    : []
  const lacks = (['trace', 'stdout', 'dmesg', 'maps'] as const).filter(
    (kind) =>
      !experiment.collect.includes(kind) &&
      (kind !== 'dmesg' || texts['dmesg'] === undefined) &&
      (kind !== 'maps' || looksAtMaps(experiment)),
  )
  const blind =
    lacks.length === 0 ? undefined : `the lab keeps no ${lacks.join(' and no ')}: this cannot be computed again`
  // Where the lab keeps less, a difference is no proof of anything; to be the same still is one.
  const fair = (finding: Finding): Finding => (finding.ok || blind === undefined ? finding : open(finding.what, blind))
  // The order of messages follows from the trace alone.
  const fairFile = (name: string) => (name === 'sequence.txt' && experiment.collect.includes('trace') ? asItIs : fair)
  const { expectations, verdict, remarks, unit, ...facts } = derivedFacts(experiment, again, lines)
  const testsListed = manifest.tests?.some(({ listed }) => listed !== undefined) ?? true
  if (facts.tests && !testsListed) facts.tests = facts.tests.map((test) => without(test, 'listed', 'said'))
  const judgement = [
    ...stricter,
    ...(isOld ? [] : summed('remarks', 'as recorded', [fair(compared('remarks', manifest.remarks, remarks))])),
    fair(compared('expectations', manifest.expectations, expectations)),
    manifest.verdict === verdict ? right('verdict', verdict) : fair(compared('verdict', manifest.verdict, verdict)),
  ]
  const rest = [
    // What a manifest has only where there is some: one that has it for nothing is wrong too.
    ...(['splats', 'tests'] as const)
      .filter((key) => manifest[key] !== undefined && facts[key] === undefined)
      .map((key) => fair(compared(key, manifest[key], []))),
    ...(manifest.unit === undefined ? [] : [compared('unit', manifest.unit, unit)]),
    ...Object.entries(facts).map(([key, value]) => fair(compared(key, Reflect.get(manifest, key), value))),
    ...[...derivedFiles(experiment, again, lines)].flatMap(([name, text]) =>
      name === TESTS_FILE && !testsListed
        ? []
        : texts[name] === undefined
          ? wrong(name, 'is missing', LACKING)
          : fairFile(name)(compared(name, texts[name], text)),
    ),
  ]
  if (!experiment.collect.includes('trace'))
    return [open('trace', 'the lab keeps none'), ...summed(REST, 'as recorded', rest), ...judgement]
  const { trace } = manifest
  const { events, digest, notUnderstood, ...losses } = lossesAsCounted(traceFacts(again), trace.losses, olderFormat)
  return [
    trace.events === events
      ? right('trace', `${events} events, as recorded`)
      : wrong('trace', `${events} events, and the manifest says ${trace.events}`),
    compared('losses', pick(trace, losses), losses),
    ...summed(REST, 'as recorded', [
      compared('digest of the events', trace.digest, digest),
      compared('lines not understood', trace.notUnderstood, notUnderstood),
      ...(again.notStarted ? [] : [compared('events.parquet', tableDigest, digest)]),
      ...rest,
    ]),
    ...judgement,
  ]
}

/** What follows from the raw files and needs no line of its own where all is well. */
const REST = 'tables, order, numbers, probes'

/** Findings of one kind as one line, where all is well. */
function summed(what: string, fact: string, findings: readonly Finding[]): Finding[] {
  const others = findings.filter((other) => !other.ok || other.open)
  return others.length > 0 ? others : [right(what, fact)]
}

/** Results from before sequences had a word of their own call each of them a read. */
const asRecorded = (experiment: ResolvedExperiment, { unit }: Manifest): ResolvedExperiment =>
  unit === undefined ? { ...experiment, unit: 'read' } : experiment

/** @throws a Failure, or an Error of what cannot be read */
export function replay(raw: Raw): Replayed {
  const { manifest, texts } = raw
  const lab = readKeptLab(raw.labFile, raw.toolRoot)
  const experiment = asRecorded(experimentOf(lab, manifest.experiment), manifest)
  const lines = (texts['holder.ndjson'] ?? '').split('\n').filter(Boolean).map(parseHolderLine)
  const missing = [...filesOf(experiment, manifest, lines)].filter((name) => !Object.hasOwn(manifest.sha256, name))
  const first = [
    ...missing.map((name) => wrong(name, 'is missing, although the lab collects it', LACKING)),
    ...summed('what was run', 'is what the lab asks for', identity(raw, lab, experiment)),
  ]
  if (missing.length > 0) return { findings: first, messages: [] }
  if (manifest.guest.vm === 'none')
    return { findings: [...first, withoutGuest(manifest, experiment, lines)], messages: [] }
  const again = analysisOf(raw, experiment, lines)
  return {
    findings: [
      ...first,
      ...summed('what the loader said', 'is in manifest and probes', [
        compared('workload', pick(manifest.workload, workloadFacts(lines)), workloadFacts(lines)),
        ...modules(manifest, lines),
        ...maps(raw, lines),
        ...namedCode(texts),
        ...typed(raw, lines),
      ]),
      ...judged(raw, experiment, again, lines),
    ],
    messages: again.own.map(({ message }) => message),
  }
}

/** A run that failed before a guest was asked: nobody said anything that could be looked at again. */
function withoutGuest(manifest: Manifest, experiment: ResolvedExperiment, lines: readonly HolderLine[]): Finding {
  const declared = failuresExpectedOn(experiment, manifest.kernel.name, manifest.arm).map(({ failure }) => failure)
  const fits =
    lines.length === 0 &&
    manifest.failures.length > 0 &&
    manifest.failures.every(({ stage }) => declared.some((other) => other === stage))
  return fits
    ? open('verdict', 'the run ended before a guest was asked, so there is nothing that it could be computed from')
    : wrong('verdict', 'the run has no guest, and its lab declares no failure that would explain it')
}
