/**
 * The path of one read() as a picture: a row for each message, at the time after the first, with the time to the next
 * one. Plain SVG that follows the reader's light or dark theme, for READMEs, slides, papers and reports.
 */
import { printable } from '../../engine/printable.ts'

const [WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM] = [880, 30, 330, 120, 56, 34]
const FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
/** A label is one line of the picture. */
const LABEL = 38

/** What the parts of a picture are painted with. */
export interface TimelineColours {
  readonly ink: string
  readonly soft: string
  readonly line: string
  readonly step: string
}

/** The style sheet of pictures that are painted so; it concerns nothing else of a page. */
export const timelineStyle = ({ ink, soft, line, step }: TimelineColours): string => `
  .timeline text { font: 13px ${FONT}; fill: ${ink} }
  .timeline .soft { fill: ${soft}; font-size: 12px }
  .timeline .title { font: 600 15px system-ui, sans-serif }
  .timeline .line { stroke: ${line} }
  .timeline .step, .timeline .gap { fill: ${step} }
  .timeline .gap { opacity: .25 }`

const LIGHT: TimelineColours = { ink: '#1f2328', soft: '#57606a', line: '#d0d7de', step: '#0969da' }
const DARK: TimelineColours = { ink: '#e6edf3', soft: '#9198a1', line: '#3d444d', step: '#4493f8' }

/** Of a picture that stands alone. */
const STYLE = `${timelineStyle(LIGHT)}
  @media (prefers-color-scheme: dark) {${timelineStyle(DARK)}
  }`

/** One message of the path. */
export interface TimelineStep {
  /** Nanoseconds (or ticks) after the first. */
  readonly time: number
  readonly message: string
}

export interface TimelineOptions {
  /** In place of its own style sheet; none where it is empty. */
  readonly style?: string
  /** The length of the axis, so that several pictures can be compared; the last step's time when left out. */
  readonly total?: number
  /** Of a clock without seconds. */
  readonly ticks?: boolean
  /** Marks of the page's script: it redraws a part of the time in place of the whole (results/report/zoom.js). */
  readonly zoom?: boolean
}

/** Text of a guest in XML: markup is escaped, and so is what a reader would not see as it is. */
export const xml = (text: string): string =>
  printable(text)
    // Not even escaped may these appear in XML 1.0.
    .replaceAll(/[\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const short = (text: string): string => (text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text)
const microseconds = (ns: number): string => `${ns === 0 ? '0' : (ns / 1000).toFixed(ns < 10_000 ? 1 : 0)} µs`
const inTicks = (ticks: number): string => `${Math.round(ticks)} ticks`

/** Round steps of an axis that has about five. Nanoseconds. */
function ticks(total: number): number[] {
  const raw = Math.max(total, 1) / 5
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, index) => index * step)
}

/**
 * @param events of one sequence, in the order of time; at least one
 * @param title over the picture
 */
export function timelineSvg(events: readonly TimelineStep[], title: string, options: TimelineOptions = {}): string {
  const { style = STYLE } = options
  const times = events.map(({ time }) => time)
  const total = Math.max(options.total ?? times.at(-1) ?? 0, 1)
  const duration = options.ticks === true ? inTicks : microseconds
  const height = TOP + events.length * ROW + BOTTOM
  const x = (ns: number) => LEFT + (ns / total) * (WIDTH - LEFT - RIGHT)
  const at = (value: number) => value.toFixed(1)
  const marks = (data: Readonly<Record<string, number>>): string =>
    options.zoom === true
      ? Object.entries(data)
          .map(([name, value]) => ` data-${name}="${Math.round(value)}"`)
          .join('')
      : ''
  const axis = ticks(total).map(
    (ns) =>
      `<line class="line"${marks({ axis: ns })} x1="${at(x(ns))}" x2="${at(x(ns))}" y1="${TOP - 8}" y2="${height - BOTTOM}"/>` +
      `<text class="soft"${marks({ axis: ns })} x="${at(x(ns))}" y="${height - 12}" text-anchor="middle">${duration(ns)}</text>`,
  )
  const rows = events.map(({ message }, index) => {
    const [here = 0, next] = [times[index], times[index + 1]]
    const y = TOP + index * ROW + ROW / 2
    const gap =
      next === undefined
        ? ''
        : `<rect class="gap"${marks({ from: here, to: next })} x="${at(x(here))}" y="${at(y - 7)}" width="${at(Math.max(x(next) - x(here), 1))}" height="14" rx="2"/>` +
          `<text class="soft"${marks({ after: next })} x="${at(x(next) + 8)}" y="${at(y + 4)}">${duration(next - here)}</text>`
    return (
      `<g><title>${xml(message)}</title>` +
      `<text x="${LEFT - 16}" y="${at(y + 4)}" text-anchor="end">${xml(short(message))}</text>` +
      `${gap}<rect class="step"${marks({ at: here })} x="${at(x(here) - 1.5)}" y="${at(y - 9)}" width="3" height="18" rx="1"/></g>`
    )
  })
  return [
    `<svg class="timeline" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img" aria-label="${xml(title)}"${marks({ total, left: LEFT, right: WIDTH - RIGHT, ticks: options.ticks === true ? 1 : 0 })}>`,
    ...(style === '' ? [] : [`<style>${style}\n</style>`]),
    `<text class="title" x="16" y="26">${xml(title)}</text>`,
    ...axis,
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}
