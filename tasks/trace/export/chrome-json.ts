/**
 * A timeline as Chrome's trace event format (JSON object form), for chrome://tracing, Perfetto, Speedscope and their
 * kin.
 */
import { safeJson } from '../../engine/printable.ts'
import type { Item, Track } from './timeline.ts'

/** Viewers sort by pid and tid: what is no process gets ids that no process has. */
const [CPU_PID, NOTES_PID] = [-1, -2]

const place = ({ kind, pid, cpu, id }: Track): { pid: number; tid: number } =>
  kind === 'cpu' || kind === 'group'
    ? { pid: CPU_PID, tid: cpu ?? 0 }
    : pid === undefined
      ? { pid: NOTES_PID, tid: id }
      : { pid, tid: pid }

const PHASES = { begin: 'B', end: 'E', instant: 'i', counter: 'C' } as const

/** Microseconds with all digits: a double has room for them in a number of this size only as text. */
const microseconds = (ns: bigint): string => `${ns / 1000n}.${String(ns % 1000n).padStart(3, '0')}`

function meta(track: Track): string[] {
  const at = place(track)
  const name = (what: 'process_name' | 'thread_name', text: string) =>
    safeJson({ ph: 'M', name: what, ...at, args: { name: text } })
  if (track.kind === 'counter') return []
  if (track.kind === 'group' || track.kind === 'process') return [name('process_name', track.name)]
  return [name('thread_name', track.name)]
}

/** The events of an item as JSON texts; the caller puts commas between them. */
export function chromeEvents(item: Item): string[] {
  if (item.type === 'track') return meta(item.track)
  const { type, track, timeNs } = item
  const rest = {
    ph: PHASES[type],
    ...place(track),
    ...('name' in item ? { name: item.name } : {}),
    ...(type === 'instant' ? { s: 't' } : {}),
    ...(type === 'counter' ? { name: track.name, args: { ns: item.value } } : {}),
    ...('args' in item && item.args ? { args: item.args } : {}),
  }
  return [`{"ts":${microseconds(timeNs)},${safeJson(rest).slice(1)}`]
}

/** What comes before the first event and after the last one. */
export const chromeFrame = (about: Readonly<Record<string, unknown>>): { head: string; tail: string } => ({
  head: '{"traceEvents":[\n',
  tail: `\n],"displayTimeUnit":"ns","otherData":${safeJson(about)}}\n`,
})
