/** `lab trace <run>`: the events of a result, filtered, as lines, as Markdown, or read by read. */
import { unitWord } from '../config/unit-word.ts'
import { inTime } from '../config/text/pattern.ts'
import { TYPED, type TraceEvent } from '../linux/ftrace/trace-line.ts'
import { sequencesOf, type Matches, type Sequence } from '../trace/events/sequences.ts'
import { traceLines, traceMarkdown } from '../trace/events/trace-table.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { checkedRun } from '../results/checked-run.ts'
import { findRun } from '../results/result.ts'
import type { StoredRun } from '../results/manifest.ts'
import { MOST_EVENTS, traceStep, type TraceView, type TraceRequest } from '../results/events.ts'
import { keptCode, namesBy, namesOfRun, withNames } from '../results/symbols.ts'
import { warnUnreadable } from '../results/unreadable.ts'
import { RunCode } from '../trace/stacks/run-code.ts'
import { withStacks } from '../trace/stacks/stack-text.ts'
import { SYMBOLS_FILE } from '../trace/stacks/symbols-file.ts'
import { plural } from '../engine/text.ts'
import { exportStep, FORMATS, type Format } from '../results/export.ts'
import { oneOf, without } from './shared/exclusive.ts'
import { defineCommand, type OptionRow, type OptionsOf, type Outcome } from './command.ts'
import { outputFile } from './output-file.ts'
import { labPlaces } from './shared/places.ts'
import type { Session } from './shared/session.ts'
import { graph } from './shared/trace-graph.ts'
import { openTrace } from './shared/trace-open.ts'
import { orderOf } from './shared/trace-order.ts'
import { picture } from './shared/trace-picture.ts'
import { stacks, stacksFile } from './shared/trace-stacks.ts'
import { wholeNumber } from './shared/values.ts'

const OPTIONS = [
  ['--md', 'Markdown, for slides'],
  ['--all', 'include other processes; of a run without messages, show every event'],
  ['--svg <file>', 'the path of one read (or whatever `unit:` says) as a picture: that of the median duration'],
  ['--reads', 'one read (or whatever `unit:` says) after the other, partial ones marked'],
  ['--comm <name>', 'only events of processes with this name'],
  ['--pid <pid>', 'only events of this process', wholeNumber('a pid', 0, 2 ** 32)],
  ['--probe <program>', 'only what this BPF program printed, events of this name, or what this map counted'],
  ['--from <time>', 'from this time on, as the trace shows it'],
  ['--to <time>', 'up to this time'],
  ['--perfetto <file>', 'every event as a timeline for ui.perfetto.dev (.pftrace); filters take a part'],
  ['--chrome <file>', "the same as Chrome's trace event JSON"],
  ['--csv <file>', 'every event as a row; filters take a part'],
  ['--jsonl <file>', 'every event as a line of JSON'],
  ['--dat <file>', 'the raw recording, for trace-cmd and KernelShark'],
  ['--open', 'in KernelShark, or in a browser with Perfetto, where there is one; filters take a part for Perfetto'],
  ['--symbols', "names of the kernel's functions behind addresses in messages"],
  ['--stacks', 'the stacks that a probe counted, as a tree (STACKS of lab.bpf.h); --probe takes one map'],
  ['--folded <file>', 'the same as folded text, a line for each stack, for tools that draw flame graphs'],
  ['--flame <file>', 'a flame graph of them as an HTML page that can be zoomed'],
  ['--graph', 'the call tree with durations (trace: { function_graph: ... })'],
] as const satisfies readonly OptionRow[]

/** "read 2 of readfile-95, 6 messages, 214 us: whole". */
function headOf({ pid, comm, events, complete, partialBecause }: Sequence, index: number, unit: string): string {
  const [first, last] = [events[0], events.at(-1)]
  const took = first && last && !first.ticks ? `, ${(last.timeNs - first.timeNs) / 1000n} us` : ''
  const how = complete ? 'whole' : partialBecause === undefined ? 'NOT as expected' : `PARTIAL (${partialBecause})`
  return `${unit} ${index + 1} of ${printable(comm, 16)}-${pid}, ${plural(events.length, 'message')}${took}: ${how}`
}

function sequences(found: TraceView, order: readonly Matches[]): Sequence[] {
  const pids = found.pids ?? new Set(found.events.map(({ pid }) => pid))
  return inTime(() => sequencesOf(found.events, pids, found.processes, order).sequences)
}

interface FileAsked {
  readonly run: StoredRun
  readonly request: TraceRequest
  readonly results: string
  readonly session: Session
  readonly output: string
}

/** Nothing to show is an answer only when it is said why. */
function nothing({ manifest }: StoredRun, { comm, pid, probe, from, to, all }: TraceRequest): string {
  const filtered = [comm, pid, probe, from, to].some((option) => option !== undefined)
  const what = filtered ? 'no events pass these filters' : 'no messages of the workload'
  return `${what}; the run has ${plural(manifest.trace.events, 'event')}${all ? '' : ', --all shows also those of other processes and of the kernel'}`
}

/** The whole recording for another program; filters take parts of it. */
async function toFile(format: Format, { run, request, results, session, output }: FileAsked): Promise<Outcome> {
  const order = run.manifest.imported === undefined && format !== 'dat' ? orderOf(run, results, session) : undefined
  const { file, onStderr } = await outputFile(output, session)
  const done = await exportStep({ run, format, file, request, order }, session.context)
  const { completeness } = run.manifest.trace
  const what = done.events === null ? 'the raw recording' : plural(done.events, 'event')
  const note = completeness === 'complete' ? '' : `; this trace is ${completeness}`
  return { text: `${printable(done.file)}: ${what}${note}`, data: { ...done, run: run.run, completeness }, onStderr }
}

const FILTERS = ['comm', 'pid', 'probe', 'from', 'to'] as const
const FILES = ['svg', 'folded', 'flame', ...FORMATS] as const

/** One answer for one call: what would be left out of it, or would change nothing, is reported. */
export function refuseIgnored(options: OptionsOf<typeof OPTIONS>): void {
  oneOf(options, FILES, 'one file at a time: call it once for each')
  const others = [...FILES, 'stacks', 'md', 'reads', 'all', 'symbols', ...FILTERS] as const
  without(options, 'graph', others, 'the call tree is shown whole, as it was kept with the run')
  without(options, 'dat', FILTERS, 'the raw recording is copied whole')
  without(
    options,
    'open',
    [...FILES, 'stacks', 'md', 'reads', 'all', 'symbols', 'graph'],
    'the other program decides what it shows',
  )
  oneOf(options, ['stacks', ...FILES], 'one answer at a time: call it once for each')
  for (const form of ['stacks', 'folded', 'flame'] as const)
    without(options, form, ['md', 'reads', 'all', 'symbols', 'from', 'to'], 'stacks were added up during the run')
  for (const file of FILES)
    without(options, file, ['md', 'reads', 'symbols'], 'they filter what is printed, not what is written to a file')
}

type Named = (events: TraceView['events']) => readonly TraceEvent[]
const asTheyAre: Named = (events) => events

/**
 * Puts the name behind each address of the kernel in messages, and in place of those in the stacks of typed events: of
 * functions that the run kept the names of, and with --symbols of everything in its kernel. What a read is, is decided
 * without them.
 */
async function namesIn(run: StoredRun, { context }: Session, all: boolean): Promise<Named> {
  const kept = await keptCode(run).catch((error: unknown) => {
    const so = 'addresses in messages have no names'
    warnUnreadable(run.manifest, { what: SYMBOLS_FILE, error, so }, context.emit)
    return undefined
  })
  const others = all ? await namesOfRun(run, context.store) : undefined
  const code = kept ?? new RunCode([])
  const keptName = namesBy(code)
  const nameOf = (address: bigint) => keptName(address) ?? others?.(address)
  const stacked = ({ event, pid, comm, message }: TraceEvent) =>
    event.startsWith(TYPED) ? withStacks(message, code, { pid, comm }) : message
  return (events) => events.map((event) => ({ ...event, message: withNames(stacked(event), nameOf) }))
}

export const command = defineCommand({
  usage: 'trace <run>',
  about: 'the events of a run',
  options: OPTIONS,
  examples: [
    ['lab trace last', 'the events'],
    ['lab trace last --reads', 'read by read'],
    ['lab trace last --md', 'for a slide'],
  ],
  work: async (session, [name], options) => {
    refuseIgnored(options)
    const { results } = labPlaces(session)
    const run = checkedRun(await findRun(results, name))
    const { manifest } = run
    if (options.graph === true) return await graph(run.dir, run.run)
    const counted = { comm: options.comm, pid: options.pid, map: options.probe }
    if (options.stacks === true) return await stacks(run, counted)
    for (const form of ['flame', 'folded'] as const) {
      const output = options[form]
      if (output !== undefined) return await stacksFile(run, counted, form, output, session)
    }
    const request: TraceRequest = {
      comm: options.comm,
      pid: options.pid,
      probe: options.probe,
      from: options.from,
      to: options.to,
      all: options.all === true,
    }
    if (options.open === true) {
      const order = manifest.imported === undefined ? orderOf(run, results, session) : undefined
      return await openTrace({ run, request, order }, session)
    }
    const format = FORMATS.find((name) => options[name] !== undefined)
    if (format !== undefined)
      return await toFile(format, { run, request, results, session, output: options[format] ?? '' })
    const found = await traceStep(run, request, session.context)
    const named = await namesIn(run, session, options.symbols === true)
    if (options.svg !== undefined) return await picture(options.svg, found.events, manifest, session)
    const order = options.reads === true ? orderOf(run, results, session) : undefined
    const unit = unitWord(manifest.unit, found.events[0]?.message)
    if (options.reads === true && order === undefined)
      throw userError({
        place: `run ${run.run}`,
        fact: `${printable(manifest.experiment, 60)} does not say what one sequence of its messages is`,
        wayOut: 'an expectation with `order:` and `per: sequence` does',
      })
    const lines = options.md === true ? traceMarkdown : traceLines
    const reads = order && sequences(found, order)
    const body = reads
      ? reads.flatMap((read, index) => [headOf(read, index, unit), ...lines(named(read.events)), ''])
      : lines(named(found.events))
    const whole = reads?.filter(({ complete }) => complete).length
    const notes = [
      ...(found.events.length === 0 ? [nothing(run, request)] : []),
      ...(reads ? [`${plural(reads.length, unit)}, ${whole} whole`] : []),
      ...(found.more ? [`only the first ${MOST_EVENTS} events: --from, --to, or \`lab query\``] : []),
      ...(manifest.trace.completeness === 'complete'
        ? []
        : [`this trace is ${manifest.trace.completeness}: ${manifest.trace.reasons.join('; ')}`]),
    ]
    const plain = (events: TraceView['events']) =>
      (options.symbols === true ? named : asTheyAre)(events).map((event) => ({
        ...event,
        timeNs: event.timeNs.toString(),
      }))
    return {
      text: [...body, ...notes].join('\n'),
      verbatim: true,
      data: {
        run: manifest.run,
        completeness: manifest.trace.completeness,
        more: found.more,
        ...(reads
          ? { reads: reads.map((read) => ({ ...read, startNs: read.startNs.toString(), events: plain(read.events) })) }
          : {}),
        events: plain(found.events),
      },
    }
  },
})
