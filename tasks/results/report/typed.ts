/** Typed events in a report: figures of their fields, and a table. */
import { plural } from '../../engine/text.ts'
import { HOLDER } from '../../trace/events/processes.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import type { Cell } from './table.ts'
import type { TypedFacts } from './typed-facts.ts'
import { typedFigures } from './typed-figures.ts'
import { mark } from './verdict.ts'

/** What a caption says of the records of the lab itself, which are left out; empty where there are none. */
export function ownRecordsText(facts: readonly TypedFacts[]): string {
  const count = facts.reduce((sum, { fields: [first] }) => sum + (first?.ofHolder ?? 0), 0)
  return count === 0
    ? ''
    : ` ${plural(count, 'record')} of ${HOLDER}, the lab's own loader, ${count === 1 ? 'is' : 'are'} left out.`
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
      caption: `${name}: fields of the typed events, over all records of an arm; of numbers the smallest, the median and the largest. Fields beyond 2^53 are addresses, and have none.${left.join('')}${ownRecordsText(facts)}${mark(facts.flatMap(({ runs }) => runs))}`,
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
