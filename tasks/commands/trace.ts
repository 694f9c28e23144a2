/** `lab trace <run>`: the events of a result, read again from its trace.dat. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { traceLines, traceMarkdown } from '../data/trace-table.ts'
import { Processes } from '../data/processes.ts'
import { timelineSvg } from '../data/timeline-svg.ts'
import { userError } from '../engine/error.ts'
import { diskFailure } from '../engine/store.ts'
import type { Manifest } from '../experiment/manifest.ts'
import { findRun } from '../experiment/result.ts'
import { reportText } from '../host/trace-cmd.ts'
import { isPrintk, parseTraceText, type TraceEvent } from '../linux/trace-line.ts'
import { openApp } from './app.ts'
import type { CommandModule, Outcome } from './index.ts'

/** Cuts messages wherever the first one comes again, and takes the group whose duration is the median. */
function typical(events: readonly TraceEvent[]): TraceEvent[] {
  const groups: TraceEvent[][] = []
  for (const event of events) {
    if (event.message === events[0]?.message) groups.push([])
    groups.at(-1)?.push(event)
  }
  const duration = (group: readonly TraceEvent[]) => Number((group.at(-1)?.timeNs ?? 0n) - (group[0]?.timeNs ?? 0n))
  return groups.toSorted((a, b) => duration(a) - duration(b))[Math.floor(groups.length / 2)] ?? []
}

async function picture(file: string, events: readonly TraceEvent[], manifest: Manifest): Promise<Outcome> {
  const group = typical(events)
  if (group.length === 0)
    throw userError({
      place: `run ${manifest.run}`,
      fact: 'it has no messages of the workload to draw',
      wayOut: '--all takes those of other processes too',
    })
  const { experiment, arm, kernel, guest } = manifest
  const title = [`${experiment} ${arm.name}`.trim(), `Linux ${kernel.release}`, guest.accel.accel.toUpperCase()].join(
    ', ',
  )
  await writeFile(file, timelineSvg(group, title)).catch((error: unknown) => {
    throw diskFailure(error, file)
  })
  return { text: `${file}: ${group.length} messages`, data: { file, messages: group.length } }
}

export const work: CommandModule['work'] = async (session, [name], options) => {
  const { places, context } = openApp(session)
  const { dir, manifest } = await findRun(places.results, String(name))
  const { events, notUnderstood } = parseTraceText(
    (await reportText(join(dir, 'trace.dat'), context.signal)).split('\n'),
  )
  const pids = new Processes(events).descendants(manifest.workload.pid ?? -1)
  const shown = events.filter((event) => isPrintk(event) && (options['all'] === true || pids.has(event.pid)))
  if (typeof options['svg'] === 'string') return await picture(options['svg'], shown, manifest)
  const lines = options['md'] === true ? traceMarkdown(shown) : traceLines(shown)
  const notes = [
    ...(manifest.trace.completeness === 'complete'
      ? []
      : [`this trace is ${manifest.trace.completeness}: ${manifest.trace.reasons.join('; ')}`]),
    ...(notUnderstood.length > 0 ? [`${notUnderstood.length} lines were not understood`] : []),
  ]
  return {
    text: [...lines, ...notes].join('\n'),
    data: {
      run: manifest.run,
      completeness: manifest.trace.completeness,
      events: shown.map((event) => ({ ...event, timeNs: event.timeNs.toString() })),
    },
  }
}
