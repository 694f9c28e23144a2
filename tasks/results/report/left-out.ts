/** Runs of other definitions: how many, and what differs. They are in no number of the report. */
import { printable } from '../../engine/printable.ts'
import type { LeftOut } from '../one-definition.ts'
import { plural } from '../../engine/text.ts'
import type { Exhibits } from './exhibits.ts'
import { html, type Html } from './html.ts'
import type { ExperimentRuns } from './runs.ts'
import type { Cell } from './table.ts'

const sum = (leftOut: readonly LeftOut[]): number => leftOut.reduce((count, { runs }) => count + runs.length, 0)

/** For captions, so that it also reaches a paper. Empty if nothing was left out. */
export function leftOutNote({ leftOut, runs }: ExperimentRuns): string {
  if (leftOut.length === 0) return ''
  const definition = runs.findLast((run) => run.definition !== null)?.definition ?? 'unknown'
  return ` Only runs of definition ${definition}: ${plural(sum(leftOut), 'run')} of other definitions ${sum(leftOut) === 1 ? 'is' : 'are'} left out.`
}

/** Nothing if no run was left out. */
export function leftOutHtml(experiments: readonly ExperimentRuns[], exhibits: Exhibits): Html {
  const all = experiments.flatMap(({ leftOut }) => leftOut)
  if (all.length === 0) return html``
  const table = exhibits.table(['left out'], {
    caption: 'Runs that are in no number, because their definition is not that of the runs that are shown.',
    columns: [
      { head: 'experiment', kind: 'text' },
      { head: 'definition', kind: 'code' },
      { head: 'runs', kind: 'number' },
      { head: 'first (UTC)', kind: 'text' },
      { head: 'last (UTC)', kind: 'text' },
      { head: 'what differs', kind: 'text' },
    ],
    rows: all.map(({ experiment, definition, runs, first, last, differs }): Cell[] => [
      experiment,
      definition,
      runs.length,
      ...[first, last].map((time) => time.slice(0, 19).replace('T', ' ')),
      differs.map((difference) => printable(difference, 200)).join('; '),
    ]),
  })
  return html`<section id="left-out">
    <h2>Left out</h2>
    <p class="notice warn">
      <strong>${plural(sum(all), 'run')} of other definitions</strong> ${sum(all) === 1 ? 'is' : 'are'} in no number of
      this report: the workload, a probe, the kernel, a disk or something else that they were made of is not the same.
      <code>lab report --definition NAME</code> shows one of these definitions, <code>lab diff RUN RUN</code> shows each
      difference.
    </p>
    ${table}
  </section> `
}
