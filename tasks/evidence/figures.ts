/**
 * What a pack shows beside the raw results: the path of a typical read of each experiment as a picture, the order of
 * its events, and what looking cost.
 */
import { join } from 'node:path'
import { Processes } from '../trace/events/processes.ts'
import { readEvents } from '../trace/events/read-events.ts'
import { timelineSvg } from '../trace/export/timeline-svg.ts'
import { typicalRead } from '../trace/events/typical-read.ts'
import type { StoredRun } from '../results/manifest.ts'
import { isPrintk } from '../linux/ftrace/trace-line.ts'
import { observerReports, observerText } from '../results/observer.ts'
import { Failure } from '../engine/error.ts'
import type { PublishedReport } from '../results/published/evaluate.ts'
import { publishedIn } from '../results/published/kept.ts'
import { publishedReportsOf } from '../results/published/runs.ts'
import { publishedLines } from '../results/published/text.ts'
import { orderReport, orderText } from '../results/order.ts'
import { definitionOfResult } from '../results/definition.ts'
import { leftOutText, ofOneDefinition } from '../results/one-definition.ts'

/** Events of a run that are read for a picture of one of its reads. */
const MOST = 100_000
/** Names of files in the pack. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** The read of the median duration; undefined where the run has no messages, or no table of events. */
async function picture({ dir, manifest }: StoredRun): Promise<string | undefined> {
  const ticks = manifest.trace.clock === 'counter' || manifest.trace.clock === 'x86-tsc'
  const { events } = await readEvents(join(dir, 'events.parquet'), {}, MOST, ticks)
  const pids = new Processes(events).descendants(manifest.workload.pid ?? -1)
  const group = typicalRead(events.filter((event) => isPrintk(event) && pids.has(event.pid)))
  const first = group[0]?.timeNs
  if (first === undefined) return undefined
  const { experiment, arm, kernel, guest } = manifest
  const title = [`${experiment} ${arm.name}`.trim(), `Linux ${kernel.release}`, guest.accel.accel.toUpperCase()].join(
    ', ',
  )
  return timelineSvg(
    group.map(({ timeNs, message }) => ({ time: Number(timeNs - first), message })),
    title,
    { ticks },
  )
}

/** A kept CSV file that is gone or was changed: the digest of the kept directory says so. */
function publishedBeside(newest: StoredRun, runs: readonly StoredRun[]): PublishedReport[] {
  const asked = publishedIn(newest)
  try {
    return asked === undefined ? [] : publishedReportsOf(asked, runs)
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}

/** Name in the pack -> text. The same results give the same texts. */
export async function figuresOf(runs: readonly StoredRun[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const [experiment, own] of Map.groupBy(runs, ({ manifest }) => manifest.experiment)) {
    if (!PLAIN.test(experiment)) continue
    const chosen = ofOneDefinition(experiment, own, (found) => ({
      run: found.run,
      started: found.manifest.started,
      definition: definitionOfResult(found),
    }))
    const counted = (chosen?.runs ?? own).filter(({ manifest }) => manifest.plan?.warmup !== true)
    const leftOut = (chosen?.leftOut ?? []).map((left) => `${leftOutText(left)}\n`).join('')
    for (const run of counted.toReversed()) {
      // A run without a trace, or with a damaged one, has no picture; what is wrong with it `lab verify` says.
      const svg = await picture(run).catch(() => undefined)
      if (svg === undefined) continue
      files.set(`figures/${experiment}.svg`, Buffer.from(svg))
      break
    }
    const order = await orderReport(experiment, counted, 'sequence')
    if (order.units > 0) files.set(`figures/${experiment}-order.txt`, Buffer.from(`${orderText(order)}\n${leftOut}`))
    const [newest] = counted.toReversed()
    const published = newest === undefined ? [] : publishedBeside(newest, counted)
    if (published.length > 0)
      files.set(
        `figures/${experiment}-published.txt`,
        Buffer.from(`${published.flatMap(publishedLines).join('\n')}\n${leftOut}`),
      )
    const observed = await observerReports(counted)
    if (observed.length > 0)
      files.set(
        `figures/${experiment}-observer.txt`,
        Buffer.from(`${observed.flatMap(observerText).join('\n')}\n${leftOut}`),
      )
  }
  return files
}
