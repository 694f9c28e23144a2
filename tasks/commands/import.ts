/** `lab import FILE`: a run out of a trace that was made elsewhere. */
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { named } from '../config/open.ts'
import { EXIT } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import type { Imported } from '../results/manifest.ts'
import { importStep, type ImportOutcome } from '../import/import.ts'
import { judgeImported, type ImportedArm, type JudgedImport } from '../run/judge/imported.ts'
import { readEvents } from '../trace/events/read-events.ts'
import { hasTicks } from '../results/events.ts'
import { plural } from '../engine/text.ts'
import { makeScratch } from '../engine/scratch.ts'
import { defineCommand } from './command.ts'
import { openApp, type Session } from './shared/app.ts'
import { onlyWith } from './shared/exclusive.ts'
import { labPlaces } from './shared/places.ts'

/** Lines that are shown of what was not understood; the file beside the run has more. */
const SHOWN = 8

/** The capture is known already: what that was, so that nobody takes it for a second one. */
function twinLines({ experiment, run, by, provenance }: NonNullable<Imported['sameCaptureAs']>): string[] {
  const { release, bootId, started, command } = provenance
  const known = Object.entries({ Linux: release, boot: bootId.slice(0, 8), recorded: started, workload: command })
  const facts = known
    .filter(([, value]) => value !== 'unknown')
    .map(([name, value]) => `${name} ${printable(value, 80)}`)
  return [
    `IDENTICAL CAPTURE: ${by === 'raw file' ? 'this very file is' : 'each of these events is'} in ${printable(experiment, 60)} ${printable(run, 60)} already`,
    ...(facts.length > 0 ? [`  made there: ${facts.join(', ')}`] : []),
  ]
}

/** Every line of the file, as what it was. */
function account({ dir, manifest, tally }: ImportOutcome): string {
  const { imported, trace } = manifest
  const names = tally.names.slice(0, 6).map(([name, count]) => `${printable(name, 40)} ${count}`)
  const more = tally.names.length > names.length ? [`${tally.names.length - names.length} more names`] : []
  const calls = tally.calls
  const twin = imported?.sameCaptureAs
  const lines = [
    ...(twin ? twinLines(twin) : []),
    `${plural(trace.events, 'event')} from ${plural(imported?.lines ?? 0, 'line')} (${[...names, ...more].join(', ')})`,
    `trace ${trace.completeness}`,
    ...trace.reasons.map((reason) => `  ${reason}`),
    ...(calls.unclosed > 0 ? [`  ${plural(calls.unclosed, 'call')} of function_graph without a return`] : []),
    ...(calls.unopened > 0 ? [`  ${plural(calls.unopened, 'return')} of function_graph without a call`] : []),
    ...(tally.inProse > 0 ? [`${plural(tally.inProse, 'event')} came inside other text`] : []),
    ...(tally.headings > 0 ? [`${plural(tally.headings, 'heading or blank line', 'headings and blank lines')}`] : []),
  ]
  if (tally.notUnderstood > 0) {
    const rest = tally.notUnderstood - SHOWN
    lines.push(
      `not understood: ${plural(tally.notUnderstood, 'line')}`,
      ...tally.others.slice(0, SHOWN).map(({ line, text }) => `  ${line}: ${printable(text, 100)}`),
      ...(rest > 0 ? [`  ... ${rest} more: not-understood.txt beside the run`] : []),
    )
  }
  return [...lines, dir].join('\n')
}

/** Standard input as a file, which is removed with its directory. */
async function fromStdin(signal: AbortSignal): Promise<AsyncDisposable & { readonly file: string }> {
  const dir = await makeScratch('import')
  const remove = () => rm(dir, { recursive: true, force: true })
  const file = join(dir, 'stdin')
  try {
    await pipeline(process.stdin, createWriteStream(file), { signal })
  } catch (error) {
    await remove()
    throw error
  }
  return { file, [Symbol.asyncDispose]: remove }
}

const readsText = ({ whole, partial, other }: NonNullable<ImportedArm['reads']>, unit: string): string =>
  [
    plural(whole, `whole ${unit}`),
    ...Object.entries(partial).map(([why, count]) => `${count} partial (${why})`),
    ...(other > 0 ? [`${other} with other messages`] : []),
  ].join(', ')

/** What the trace says as a run of an experiment, an arm at a time. */
function judgedText(name: string, { processes, unit, arms: judged, unanswered }: JudgedImport): string[] {
  const { comm, count, all } = processes
  return [
    all
      ? `as ${name}: no process is called ${printable(comm, 16)}; all ${plural(count, 'process', 'processes')} for which a probe printed are taken`
      : `as ${name}: ${plural(count, 'process', 'processes')} called ${printable(comm, 16)}`,
    ...judged.flatMap(({ arm, reads, verdicts }) => [
      ...(judged.length > 1 ? [`  arm ${printable(arm, 100)}`] : []),
      ...(reads === undefined ? [] : [`  ${readsText(reads, unit)}`]),
      ...verdicts.flatMap(({ ok, lines }) =>
        lines.map(
          (line, index) => `  ${index === 0 ? (ok ? 'holds: ' : 'does not hold: ') : '  '}${printable(line, 300)}`,
        ),
      ),
    ]),
    ...(unanswered.length > 0
      ? [`  not evaluated, because a trace alone cannot answer it: ${unanswered.join(', ')}`]
      : []),
  ]
}

/** Messages and calls of a table, and who is who: as many as fit into memory. */
const MOST_JUDGED = 200_000
const JUDGED_EVENTS = [
  'sched_process_fork',
  'sched_process_exec',
  'sched_process_exit',
  'funcgraph_entry',
  'funcgraph_exit',
  'print',
  'bpf_trace_printk',
]

async function judge(session: Session, name: string, kernel: string | undefined, { dir, manifest }: ImportOutcome) {
  const { lab } = openApp(session)
  const experiment = named(lab.experiments, 'experiment', name)
  const ticks = hasTicks(manifest)
  const table = join(dir, 'events.parquet')
  const { events, more } = await readEvents(table, { events: JUDGED_EVENTS }, MOST_JUDGED, ticks)
  const vm = named(lab.vms, 'vm', experiment.vm)
  const on = kernel !== undefined ? named(lab.kernels, 'kernel', kernel).name : vm.kernel.use
  const judged = judgeImported(experiment, events, on)
  return {
    judged,
    lines: [...judgedText(name, judged), ...(more ? [`  only the first ${MOST_JUDGED} messages were evaluated`] : [])],
  }
}

export const command = defineCommand({
  usage: 'import <file>',
  about:
    'make a run from a trace recorded elsewhere: trace.dat, or text of trace_pipe, trace, trace-cmd or perf script; - is stdin',
  options: [
    ['--name <name>', 'the directory under results (default: imported)'],
    [
      '--as <experiment>',
      'treat it as a run of this experiment: its reads, and the expectations that a trace can answer',
    ],
    ['--kernel <name>', '--as: the kernel of the trace, where expectations are of some kernels only'],
  ],
  work: async (session, [word], options) => {
    const { as } = options
    onlyWith(options, 'as', ['kernel'])
    // A name that is wrong must not leave an import behind.
    if (as !== undefined) named(openApp(session).lab.experiments, 'experiment', as)
    await using stdin = word === '-' ? await fromStdin(session.context.signal) : undefined
    const { results } = labPlaces(session)
    const { name = 'imported' } = options
    const outcome = await importStep({ file: stdin?.file ?? word, name, results }, session.context)
    const { dir, manifest, tally } = outcome
    const judged = as !== undefined ? await judge(session, as, options.kernel, outcome) : undefined
    const holds = judged?.judged.arms.some(({ verdicts }) => verdicts.every(({ ok }) => ok)) ?? true
    return {
      text: [account(outcome), ...(judged?.lines ?? [])].join('\n'),
      data: {
        run: manifest.run,
        dir,
        trace: manifest.trace,
        imported: manifest.imported,
        events: Object.fromEntries(tally.names),
        notUnderstood: tally.others.slice(0, 100),
        ...(judged !== undefined && { as: judged.judged }),
      },
      status: holds ? EXIT.done : EXIT.experiment,
    }
  },
})
