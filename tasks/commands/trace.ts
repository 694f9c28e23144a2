/** `lab trace <run>`: the events of a result, read again from its trace.dat. */
import { join } from 'node:path'
import { traceLines, traceMarkdown } from '../data/trace-table.ts'
import { Processes } from '../data/processes.ts'
import { findRun } from '../experiment/result.ts'
import { reportText } from '../host/trace-cmd.ts'
import { isPrintk, parseTraceText } from '../linux/trace-line.ts'
import { openApp } from './app.ts'
import type { CommandModule } from './index.ts'

export const work: CommandModule['work'] = async (session, [name], options) => {
  const { places, context } = openApp(session)
  const { dir, manifest } = await findRun(places.results, String(name))
  const { events, notUnderstood } = parseTraceText(
    (await reportText(join(dir, 'trace.dat'), context.signal)).split('\n'),
  )
  const pids = new Processes(events).descendants(manifest.workload.pid ?? -1)
  const shown = events.filter((event) => isPrintk(event) && (options['all'] === true || pids.has(event.pid)))
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
