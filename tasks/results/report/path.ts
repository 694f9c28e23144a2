/** The path of one read: each step at its time, how long each takes over all reads, and how that is spread. */
import type { Path } from '../../trace/stats/read-paths.ts'
import { plural, pluralOf } from '../../engine/text.ts'
import { timelineSvg } from '../../trace/export/timeline-svg.ts'
import type { Exhibits } from './exhibits.ts'
import { spreadFigure, type StepGaps } from './figures.ts'
import { spreadOf } from './histogram.ts'
import { html, type Html } from './html.ts'
import type { ReportRun } from './runs.ts'
import type { Cell, Column } from './table.ts'
import { mark } from './verdict.ts'

/** A group that has a path. */
export interface GroupPath {
  readonly label: string
  readonly path: Path
  /** The run that the drawn read is of. */
  readonly run: string
  readonly ticks: boolean
  readonly runs: readonly ReportRun[]
}

/** Pictures of single reads; the table has all groups. */
const MOST_PICTURES = 6

const COLUMNS = (counted: string, unit: string): Column[] => [
  { head: 'arm', kind: 'text' },
  { head: 'step', kind: 'code' },
  { head: counted, kind: 'number' },
  { head: 'median', unit, kind: 'number' },
  ...['q1', 'q3', 'p95', 'p99', 'max'].map((head) => ({ head, unit, kind: 'number' as const })),
]

const stepNames = ({ path }: GroupPath): string[] =>
  path.kind.gaps.map((_, index) => `${path.steps[index] ?? ''} → ${path.steps[index + 1] ?? ''}`)

function rowsOf(group: GroupPath, word: string): Cell[][] {
  const { path, label, ticks } = group
  const factor = ticks ? 1 : 1000
  const row = (step: string, values: Float32Array): Cell[] => {
    const { count, median, q1, q3, p95, p99, max } = spreadOf(values)
    return [label, step, count, ...[median, q1, q3, p95, p99, max].map((value) => value / factor)]
  }
  return [
    ...stepNames(group).map((step, index) => row(step, path.kind.gaps[index]?.values ?? new Float32Array())),
    row(`the whole ${word}`, path.kind.durations.values),
  ]
}

/** What a read is taken to be, and what is not in the figures. */
function note({ path }: GroupPath, word: string): string {
  const { kind, others, declared } = path
  const what = declared
    ? `${plural(kind.count, `whole ${word}`)}, as the experiment declares them`
    : `${kind.count === 1 ? 'once' : `${kind.count} times`} the same messages (nothing declares what one ${word} is: it begins wherever the first message of a process comes again)`
  return others === 0
    ? what
    : `${what}; ${others} other groups of messages (made by exec, cut off, or in another order) are not in it`
}

function pictures(name: string, word: string, paths: readonly GroupPath[], exhibits: Exhibits): Html[] {
  const total = Math.max(...paths.map(({ path }) => path.typical.at(-1)?.time ?? 0))
  return paths
    .slice(0, MOST_PICTURES)
    .map(({ path, label, run, ticks, runs }) =>
      exhibits.picture(
        [name, 'path', label],
        `${name}, ${label}: the ${word} of the median duration (run ${run}), each message with the time to the next one.${mark(runs)}`,
        timelineSvg(path.typical, `${name}, ${label}`, { style: '', total, ticks, zoom: true }),
      ),
    )
}

/** Nothing where no group has a path. @param word what one sequence is called, in the singular */
export async function pathHtml(
  name: string,
  word: string,
  paths: readonly GroupPath[],
  exhibits: Exhibits,
): Promise<Html> {
  const many = pluralOf(word)
  if (paths.length === 0) return html``
  const parts: Html[] = [
    html`<h3>The path of one ${word}</h3>
      <ul class="soft">
        ${[...Map.groupBy(paths, (path) => note(path, word))].map(([said, list]) => html`<li>${list.map(({ label }) => label).join('; ')}: ${list.length > 1 ? 'each ' : ''}${said}.</li>`)}
      </ul> `,
    ...pictures(name, word, paths, exhibits),
    paths.length > MOST_PICTURES
      ? html`<p class="soft">
          ${plural(paths.length - MOST_PICTURES, 'more arm')} without a picture, but in the table:
          <code>lab trace RUN --svg FILE</code> draws the ${word} of one run.
        </p>`
      : html``,
  ]
  // Ticks and nanoseconds have no axis in common.
  for (const [ticks, list] of Map.groupBy(paths, (path) => path.ticks)) {
    const unit = ticks ? 'ticks' : 'µs'
    const gaps = list.flatMap((path): StepGaps[] =>
      stepNames(path).map((step, index) => ({
        step,
        series: path.label,
        gaps: path.path.kind.gaps[index]?.values ?? new Float32Array(),
      })),
    )
    const marked = mark(list.flatMap(({ runs }) => runs))
    const figure = spreadFigure(
      gaps,
      list.map(({ label }) => label),
      { title: `time to the next step (${unit})`, divisor: ticks ? 1 : 1000 },
    )
    if (figure)
      parts.push(
        await exhibits.figure(
          [name, 'steps', ...(ticks ? ['ticks'] : [])],
          `${name}: how long each step takes, over all ${many}; the axis is logarithmic, the dashed line is the median, each row is scaled to its own height.${figure.left}${marked}`,
          figure.spec,
        ),
      )
    parts.push(
      exhibits.table([name, 'steps', 'table', ...(ticks ? ['ticks'] : [])], {
        caption: `${name}: time between the steps of one ${word}: median, quartiles, 95th and 99th percentile, longest.${marked}`,
        columns: COLUMNS(many, unit),
        rows: list.flatMap((path) => rowsOf(path, word)),
      }),
    )
  }
  return html`${parts}`
}
