/** `lab trace <run>`: the events of a result, filtered, as lines, as Markdown, or read by read. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findLab } from '../config/find.ts'
import { patternOf } from '../config/interpolate.ts'
import { openLab } from '../config/open.ts'
import { matches } from '../data/match.ts'
import { sequencesOf, type Matches, type Sequence } from '../data/sequences.ts'
import { traceLines, traceMarkdown } from '../data/trace-table.ts'
import { userError } from '../engine/error.ts'
import { printable } from '../engine/printable.ts'
import { INPUTS_DIR } from '../evidence/inputs.ts'
import { findRun, type FoundRun } from '../experiment/result.ts'
import { MOST_EVENTS, traceStep, type TraceFound } from '../trace.ts'
import { plural } from '../ui/text.ts'
import { placesOf } from '../vm/places.ts'
import { HOST } from './app.ts'
import type { CommandModule } from './index.ts'
import { TOOL_ROOT, type Session } from './session.ts'
import { graph } from './trace-graph.ts'
import { picture } from './trace-picture.ts'

/** The messages of one read, as the experiment expects them: from the lab file that was kept with the run, or the one of now. */
function orderOf({ manifest }: FoundRun, results: string, session: Session): readonly Matches[] | undefined {
  const kept = join(results, INPUTS_DIR, manifest.inputs?.lab ?? '', 'lab.yaml')
  const file = manifest.inputs !== undefined && existsSync(kept) ? kept : session.options.file
  const { lab } = openLab({ file, cwd: process.cwd(), toolRoot: TOOL_ROOT, host: HOST })
  const expect = lab.experiments[manifest.experiment]?.expect ?? []
  const order = expect.flatMap((one) => ('order' in one && one.per === 'read' ? [one] : []))
  const fits = order.find(({ kernels }) => kernels === undefined || kernels.includes(manifest.kernel.name))
  return fits?.order.map((text) => {
    const pattern = patternOf(text, manifest.arm.params)
    return (message: string) => matches(pattern, message)
  })
}

/** "read 2 of readfile-95, 6 messages, 214 us: whole". */
function headOf({ pid, comm, events, complete, partialBecause }: Sequence, index: number): string {
  const [first, last] = [events[0], events.at(-1)]
  const took = first && last && !first.ticks ? `, ${(last.timeNs - first.timeNs) / 1000n} us` : ''
  const how = complete ? 'whole' : partialBecause === undefined ? 'NOT as expected' : `PARTIAL (${partialBecause})`
  return `read ${index + 1} of ${printable(comm, 16)}-${pid}, ${plural(events.length, 'message')}${took}: ${how}`
}

function sequences(found: TraceFound, order: readonly Matches[]): Sequence[] {
  const pids = found.pids ?? new Set(found.events.map(({ pid }) => pid))
  return sequencesOf(found.events, pids, found.processes, order).sequences
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function pidOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,10}$/.test(value)) return Number(value)
  throw userError({ fact: `--pid ${printable(value, 40)} is no pid` })
}

export const work: CommandModule['work'] = async (session, [name], options) => {
  const { results } = placesOf(dirname(findLab(process.cwd(), session.options.file)))
  const run = await findRun(results, String(name))
  const { manifest } = run
  if (options['graph'] === true) return await graph(run.dir, run.run)
  const found = await traceStep(
    run,
    {
      ...{ comm: text(options['comm']), pid: pidOf(text(options['pid'])), probe: text(options['probe']) },
      ...{ from: text(options['from']), to: text(options['to']), all: options['all'] === true },
    },
    session.context,
  )
  if (typeof options['svg'] === 'string') return await picture(options['svg'], found.events, manifest)
  const order = options['reads'] === true ? orderOf(run, results, session) : undefined
  if (options['reads'] === true && order === undefined)
    throw userError({
      place: `run ${run.run}`,
      fact: `${printable(manifest.experiment, 60)} does not say what one read is`,
      wayOut: 'an expectation with `order:` and `per: read` does',
    })
  const lines = options['md'] === true ? traceMarkdown : traceLines
  const reads = order && sequences(found, order)
  const body = reads
    ? reads.flatMap((one, index) => [headOf(one, index), ...lines(one.events), ''])
    : lines(found.events)
  const whole = reads?.filter(({ complete }) => complete).length
  const notes = [
    ...(reads ? [`${plural(reads.length, 'read')}, ${whole} whole`] : []),
    ...(found.more ? [`only the first ${MOST_EVENTS} events: --from, --to, or \`lab query\``] : []),
    ...(manifest.trace.completeness === 'complete'
      ? []
      : [`this trace is ${manifest.trace.completeness}: ${manifest.trace.reasons.join('; ')}`]),
  ]
  const plain = (events: TraceFound['events']) => events.map((event) => ({ ...event, timeNs: event.timeNs.toString() }))
  return {
    text: [...body, ...notes].join('\n'),
    data: {
      run: manifest.run,
      completeness: manifest.trace.completeness,
      more: found.more,
      ...(reads
        ? { reads: reads.map((one) => ({ ...one, startNs: one.startNs.toString(), events: plain(one.events) })) }
        : {}),
      events: plain(found.events),
    },
  }
}
