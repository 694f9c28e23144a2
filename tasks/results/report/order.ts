/** Whether the events of a read came in the same order each time; what is said of it is that of `lab results order`. */
import { orderSummary, orderText, type OrderReport } from '../order.ts'
import { plural } from '../../engine/text.ts'
import { html, type Html } from './html.ts'
import type { ReportRun } from './runs.ts'
import { mark } from './verdict.ts'

/** What was found of some runs' order. */
export interface RunsOrder {
  readonly report: OrderReport
  readonly runs: readonly ReportRun[]
}

/** Nothing where no run kept its sequence. */
export function orderHtml(found: RunsOrder | undefined): Html {
  if (found === undefined || found.report.units < 2) return html``
  const { report: order, runs } = found
  const incomplete = mark(runs).trim()
  const lines = orderSummary(order)
  return html`<h3>Order of events</h3>
${lines.map(
  (line) =>
    html`<p>${line
      .trim()
      .replace(/: `lab results order .*$/, '')
      .replace(/^order: /, 'The order of events: ')}.</p>`,
)}${incomplete === '' ? '' : html`<p class="notice warn">${incomplete}</p>`}
<details><summary>Sequences <span class="soft">${plural(order.units, order.unit)} of ${plural(order.runs, 'run')}, as <code>lab results order</code> says it</span></summary><pre tabindex="0">${orderText(order)}</pre></details>
`
}
