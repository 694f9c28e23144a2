/** Typed events: what their fields are like, arm by arm. */
import { join } from 'node:path'
import { typedFile } from '../../trace/events/typed-name.ts'
import { typedSummary, type FieldSummary } from '../../trace/events/typed-summary.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import { readableTables, type TableOptions } from './readable.ts'
import type { ExperimentRuns, ReportRun } from './runs.ts'
import type { Cell } from './table.ts'
import { typedFigures } from './typed-figures.ts'
import { mark } from './verdict.ts'

/** One channel of one arm. */
export interface TypedFacts {
  readonly label: string
  readonly channel: string
  readonly runs: readonly ReportRun[]
  /** All runs that have it; `runs` are the newest of them. */
  readonly of: number
  readonly fields: readonly FieldSummary[]
}

export interface TypedOptions extends TableOptions {
  /** A directory for what does not fit in memory. */
  readonly temp: string
  /** Runs of each arm whose events are read; the newest. */
  readonly mostRuns: number
}

/** Every channel of every arm that has records; a table that cannot be read is named and left out. */
export async function typedFacts({ groups }: ExperimentRuns, options: TypedOptions): Promise<TypedFacts[]> {
  const { results, temp, mostRuns } = options
  const found: TypedFacts[] = []
  for (const { label, counted } of groups)
    for (const channel of new Set(counted.flatMap(({ typed }) => typed))) {
      const all = counted.filter(({ typed }) => typed.includes(channel))
      const tables = all.slice(-mostRuns).map((run) => ({
        run,
        file: join(results, run.experiment, run.run, typedFile(channel)),
      }))
      const { list, value: fields } = await readableTables(
        tables,
        options,
        async (good) =>
          await typedSummary(
            good.map(({ file }) => file),
            temp,
          ),
      )
      if (fields.some(({ records }) => records > 0))
        found.push({ label, channel, fields, runs: list.map(({ run }) => run), of: all.length })
    }
  return found
}

/** Nothing where no run has typed events. */
export async function typedHtml(name: string, facts: readonly TypedFacts[], exhibits: Exhibits): Promise<Html> {
  if (facts.length === 0) return html``
  const part = facts.filter(({ runs, of }) => runs.length < of)
  const left = part.map(
    ({ label, channel, runs, of }) => ` ${label}, ${channel}: the newest ${runs.length} of ${of} runs.`,
  )
  const figures = await typedFigures(name, facts, exhibits)
  return html`<h3>Typed events</h3>
    ${figures} ${exhibits.table([name, 'typed events'], {
      caption: `${name}: fields of the typed events, over all records of an arm; of numbers the smallest, the median and the largest. Fields beyond 2^53 are addresses, and have none.${left.join('')}${mark(facts.flatMap(({ runs }) => runs))}`,
      columns: [
        { head: 'arm', kind: 'text' },
        { head: 'event', kind: 'code' },
        { head: 'field', kind: 'code' },
        { head: 'runs', kind: 'number' },
        { head: 'records', kind: 'number' },
        { head: 'different', kind: 'number' },
        { head: 'least', kind: 'number' },
        { head: 'median', kind: 'number' },
        { head: 'most', kind: 'number' },
      ],
      rows: facts.flatMap(({ label, channel, runs, fields }) =>
        fields.map(({ field, records, different, range }): Cell[] => [
          label,
          channel,
          field,
          runs.length,
          records,
          different,
          range?.least ?? null,
          range?.median ?? null,
          range?.most ?? null,
        ]),
      ),
    })}`
}
